import { parseIntoClientConfig } from 'pg-connection-string';
import type { Command } from 'commander';

import { copyStore, type CopiedStore, type CopyProgress } from '../../shared/operator/copy-store.ts';
import type { LoadedConfig } from '../../shared/runtime/config.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { connectStore } from '../../shared/store/open-store.ts';
import { storeOptions } from '../../shared/store/store-options.ts';
import type { Db } from '../../shared/store/tables.ts';
import { table } from '../output.ts';
import { examples, sessionOf, type Session } from '../session.ts';

export function storeCommands(enrol: Command): void {
  enrol
    .command('store')
    .description('where everything is kept')
    .command('copy')
    .description(
      'copy the store into an empty one on PostgreSQL, and compare every row; stop the daemons first. The store that is copied stays as it is',
    )
    .requiredOption(
      '--to <url>',
      'postgres://USER@HOST:PORT/DATABASE; its password is in store.passwordFile, or the credential store-password',
    )
    .addHelpText('after', examples('enrol store copy --to postgres://enrol@db.example.com/enrol'))
    .action(async ({ to }: { to: string }, command: Command) => {
      const session = sessionOf(command);
      checkTarget(to);
      const result = await session.withStore((db, loaded) =>
        withTarget(loaded, to, (target) => copyStore(db, target, progressOf(session))),
      );
      session.print(result, linesOf(result, to));
      if (!result.copied) process.exitCode = exitCodes.refused.code;
    });
}

/** The list of processes, and the shell's history, show arguments. @throws Fault BAD_INPUT, without the URL */
function checkTarget(url: string): void {
  if (!/^postgres(ql)?:\/\//.test(url))
    throw new Fault('BAD_INPUT', '--to postgres://USER@HOST:PORT/DATABASE');
  if (!hasPassword(url)) return;
  throw new Fault(
    'BAD_INPUT',
    'no password in an argument, others can see it: put it into store.passwordFile, and give the URL without it',
  );
}

function hasPassword(url: string): boolean {
  try {
    const { password } = parseIntoClientConfig(url);
    return password !== undefined && password !== '';
  } catch {
    throw new Fault('BAD_INPUT', '--to is not a URL of PostgreSQL');
  }
}

/** Opens the target with the password and the patience of the configured store. */
async function withTarget<T>(
  loaded: LoadedConfig,
  url: string,
  work: (target: Db) => Promise<T>,
): Promise<T> {
  const config = { ...loaded.config, store: { ...loaded.config.store, url } };
  const target = await connectStore(await storeOptions({ ...loaded, config }), false);
  try {
    return await work(target);
  } finally {
    await target.destroy();
  }
}

/** One line on a terminal, which is written anew. */
function progressOf({ json }: Session): CopyProgress {
  if (json || !process.stderr.isTTY) return () => undefined;
  return (step, name, rows) => process.stderr.write(`\r\u001b[K${step}: ${rows} row(s) of ${name}\r`);
}

function linesOf({ copied, tables, counts }: CopiedStore, to: string): string[] {
  const compared = [...tables, ...counts];
  const found = compared.flatMap(({ first }) => first.map((each) => [each.table, each.row, each.what]));
  const rows = tables.reduce((sum, each) => sum + each.rows, 0);
  const differences = compared.reduce((sum, each) => sum + each.differences, 0);
  const list = table(
    ['table', 'rows', 'differences'],
    compared
      .filter(({ rows, differences }) => rows + differences > 0)
      .map((each) => [each.table, each.rows, each.differences]),
  );
  if (!copied) {
    return [
      ...list,
      '',
      ...table(['table', 'row', 'what'], found),
      '',
      `${differences} difference(s): nothing was left in the target. Look for triggers and rules of its own there.`,
    ];
  }
  return [
    ...list,
    '',
    `${rows} row(s) copied, and compared: all are the same.`,
    `Next: set store.url to ${to} in the configuration, run enrol config check, and start the daemons.`,
    'The store that was copied is as it was. Start nothing with it any more; remove it when all is well.',
  ];
}
