import type { Command } from 'commander';

import { previewBytes, previewFile, type Preview } from '../../shared/operator/file-preview.ts';
import { personAtKeyboard } from '../../shared/operator/operator.ts';
import { table } from '../output.ts';
import { examples, sessionOf, wholeNumber } from '../session.ts';

export function previewCommand(file: Command): void {
  file
    .command('preview <file>')
    .description('the beginning of a plain file, of a sealed one its envelope; kept in the audit')
    .addHelpText('after', examples('enrol file preview 31'))
    .action(async (text: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const looker = { who: personAtKeyboard(), now: new Date() };
      const preview = await session.withStore((db, loaded) =>
        previewFile(loaded, db, looker, wholeNumber(text)),
      );
      const { file, name, content, reason } = preview;
      session.print(preview, [
        `File ${file} (${name})`,
        '',
        ...linesOf(content),
        ...(reason === null ? [] : ['', 'The reason file beside it:', reason]),
      ]);
    });
}

function linesOf(content: Preview['content']): string[] {
  switch (content.kind) {
    case 'text':
      return [
        content.text,
        ...(content.damaged > 0 ? ['', `${content.damaged} byte(s) are not UTF-8, shown as \\xFF`] : []),
        ...(content.cut ? ['', `The first ${previewBytes} of ${content.size} bytes`] : []),
      ];
    case 'sealed':
      return [
        `sealed, ${content.size} bytes, protected by: ${content.protection}`,
        '',
        ...table(
          ['encrypted to', 'whose'],
          content.recipients.map(({ keyId, ours }) => [
            keyId ?? 'hidden by the sender',
            ours ? 'ours' : keyId === null ? '' : 'not ours',
          ]),
        ),
      ];
    case 'nothing':
      return [content.why];
  }
}
