import type { Command } from 'commander';

import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import type { Explanation } from '../explain/explanation.ts';
import { table } from '../output.ts';
import { examples, sessionOf } from '../session.ts';

export function explainCommands(enrol: Command): void {
  enrol
    .command('explain <file>')
    .description(
      `what the product would do with a file, and why, without doing it; exit code ${exitCodes.refused.code} if it would not be processed`,
    )
    .option('--inbox <name>', 'for which inbox, where neither its folder nor its name tells')
    .addHelpText(
      'after',
      examples(
        'enrol explain spool/inboundSalesOrderDispatch/rejected/dispatch.json.pgp',
        'enrol explain answer.json --inbox provider/apple/inbound',
      ),
    )
    .action(async (file: string, { inbox }: { inbox?: string }, command: Command) => {
      const session = sessionOf(command);
      const found = await session.withStore(async (db, loaded) => {
        // Loaded only now: it brings the code of the daemons and of the jobs.
        const { explainFile } = await import('../explain/explain-file.ts');
        return explainFile(loaded, db, file, inbox);
      });
      session.print(found, linesOf(found));
      if (found.fate !== 'processed') process.exitCode = exitCodes.refused.code;
    });
}

const fates: Readonly<Record<Explanation['fate'], string>> = {
  processed: 'It would be processed, and archived in done/.',
  rejected: 'It would be rejected.',
  deferred: 'It would be deferred, and tried again later.',
  waits: 'It would wait.',
  'left alone': 'It would be left alone.',
};

function linesOf({ file, inbox, steps, fate, fault, consequences }: Explanation): string[] {
  return [
    `${file}, for ${inbox}`,
    '',
    ...table(
      ['step', 'result', 'what it says'],
      steps.map(({ step, result, says }) => [step, result, says.split('\n').join(' | ')]),
    ),
    '',
    fates[fate],
    ...(fault === null ? [] : [`What to do: ${fault.action}`]),
    ...(consequences.length === 0
      ? []
      : ['', 'What would be different then:', ...consequences.map((line) => `  ${line}`)]),
  ];
}
