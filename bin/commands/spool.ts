import type { Command } from 'commander';

import { adoptForgotten, checkSpool, type Difference } from '../../shared/operator/spool-check.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { table } from '../output.ts';
import { examples, sessionOf } from '../session.ts';

const says: Readonly<Record<Difference['kind'], string>> = {
  unknown: 'the store does not know it',
  changed: 'not the bytes that the store knows',
  missing: 'the file is not there',
};

export function spoolCommands(enrol: Command): void {
  const spool = enrol
    .command('spool')
    .description('the files in done/, rejected/ and hold/ against the store');

  spool
    .command('check')
    .description('compare every file, by its SHA-256, with what the store knows; reads only')
    .addHelpText('after', examples('enrol spool check'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      const report = await session.withStore((db, loaded) => checkSpool(loaded, db));
      const { differences, files, rows } = report;
      const found = table(
        ['file', 'place', 'what'],
        differences.map((each) => [each.file, each.place, says[each.kind]]),
      );
      const count = `${files} file(s) and ${rows} row(s) compared, ${differences.length} difference(s)`;
      session.print(report, differences.length > 0 ? [...found, '', count] : count);
      if (differences.length > 0) process.exitCode = exitCodes.refused.code;
    });

  spool
    .command('adopt')
    .description('enter files of done/ that the store does not know as processed, without loading them')
    .addHelpText('after', examples('enrol spool adopt --reason "store restored from the backup of Monday"'))
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .action(async ({ reason }: { reason: string }, command: Command) => {
      const session = sessionOf(command);
      const adopted = await session.withStore((db, loaded) =>
        adoptForgotten(loaded, db, session.operator(reason)),
      );
      const rows = adopted.map(({ id, folder, name, place, digest }) => ({
        id,
        folder,
        name,
        place,
        digest,
      }));
      session.print(rows, [
        ...table(
          ['file', 'folder', 'place'],
          rows.map((row) => [row.id, row.folder, row.place]),
        ),
        '',
        `${rows.length} file(s) adopted`,
      ]);
    });
}
