import { Option, type Command } from 'commander';

import {
  discardFile,
  holdFile,
  releaseFile,
  reloadFile,
  retryFile,
} from '../../shared/operator/file-actions.ts';
import { actOnFiles, chooseFiles, type ManyFilesAction } from '../../shared/operator/many-files.ts';
import { faultNames, type FaultCode } from '../../shared/runtime/fault-codes.ts';
import { spoolFolder } from '../../shared/runtime/paths.ts';
import type { Delivery } from '../../shared/store/deliveries.ts';
import { printMany, requireOneOrAll } from '../many.ts';
import { examples, sessionOf, wholeNumber } from '../session.ts';

/** What is done by hand to files: one, or all that match. */

const actions = {
  retry: { description: 'try a rejected or deferred file again now', act: retryFile },
  hold: { description: 'put a rejected or deferred file aside, into hold/', act: holdFile },
  release: { description: 'try a held file again now', act: releaseFile },
  discard: {
    description: 'want no more of a rejected, held or deferred file; it is kept, and needs nobody any more',
    act: discardFile,
  },
} as const satisfies Record<ManyFilesAction, { description: string; act: typeof retryFile }>;

/** A published document may hold personal data: its content is not for lists. */
export const withoutContent = ({ content, ...file }: Delivery) => file;

interface Options {
  readonly reason: string;
  readonly all?: boolean;
  readonly code?: FaultCode;
  readonly inbox?: string;
}

export function fileActionCommands(file: Command): void {
  for (const name of Object.keys(actions) as ManyFilesAction[]) addAction(file, name);
  file
    .command('reload <file>')
    .description('load a file that was rejected as a duplicate, all the same')
    .addHelpText('after', examples('enrol file reload 31 --reason "the store was restored"'))
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .action((text: string, { reason }: Options, command: Command) =>
      actOnOne(command, reloadFile, wholeNumber(text), reason),
    );
}

function addAction(file: Command, name: ManyFilesAction): void {
  const { description, act } = actions[name];
  file
    .command(`${name} [file]`)
    .description(description)
    .addHelpText(
      'after',
      examples(
        `enrol file ${name} 31 --reason "the cause is mended"`,
        `enrol file ${name} --all --code PGP_NO_KEY --reason "the key is imported"`,
      ),
    )
    .option('--all', 'in place of a number: all files that match, the newest 1000 at a time')
    .addOption(new Option('--code <code>', 'with --all: only files with this code').choices(faultNames))
    .option('--inbox <name>', 'with --all: only files of this inbox')
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .action(async (text: string | undefined, options: Options, command: Command) => {
      requireOneOrAll(text, { ...options }, ['code', 'inbox']);
      if (text !== undefined) return actOnOne(command, act, wholeNumber(text), options.reason);
      return actOnAll(command, name, options);
    });
}

async function actOnOne(command: Command, act: typeof retryFile, id: number, reason: string): Promise<void> {
  const session = sessionOf(command);
  const changed = await session.withStore((db, loaded) =>
    act(db, spoolFolder(loaded), session.operator(reason), id),
  );
  session.print(withoutContent(changed), `File ${changed.id} (${changed.name}): ${changed.state}`);
}

async function actOnAll(
  command: Command,
  name: ManyFilesAction,
  { reason, code, inbox }: Options,
): Promise<void> {
  const session = sessionOf(command);
  const result = await session.withStore(async (db, loaded) => {
    const operator = session.operator(reason);
    const { files, more } = await chooseFiles(db, name, { folder: inbox, code });
    const ids = files.map(({ id }) => id);
    return { ...(await actOnFiles(db, spoolFolder(loaded), operator, name, ids)), more };
  });
  printMany(session, 'file', result);
}
