import type { Command } from 'commander';

import { holdFile, releaseFile, reloadFile, retryFile } from '../../shared/operator/file-actions.ts';
import { isFaultCode, faultRow } from '../../shared/runtime/fault-codes.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { spoolFolder } from '../../shared/runtime/paths.ts';
import { companionOf, findDelivery, listDeliveries, type Delivery } from '../../shared/store/deliveries.ts';
import { deliveryStates } from '../../shared/store/states/delivery.ts';
import { Option } from 'commander';
import { shortTime, table } from '../output.ts';
import { examples, sessionOf, wholeNumber } from '../session.ts';

const actions = {
  retry: { description: 'try a rejected or deferred file again now', act: retryFile },
  hold: { description: 'put a rejected or deferred file aside, into hold/', act: holdFile },
  release: { description: 'try a held file again now', act: releaseFile },
  reload: { description: 'load a file that was rejected as a duplicate, all the same', act: reloadFile },
} as const;

/** A published document may hold personal data: its content is not for lists. */
const withoutContent = ({ content, ...file }: Delivery) => file;

export function fileCommands(enrol: Command): void {
  const file = enrol.command('file').description('files received and produced');

  file
    .command('list')
    .description('files, newest first')
    .addOption(new Option('--state <state...>', 'only in these states').choices(deliveryStates))
    .option('--folder <name>', 'only of this inbox, or published into this folder')
    .option('--limit <n>', 'at most so many', wholeNumber, 50)
    .addHelpText('after', examples('enrol file list --state rejected held deferred'))
    .action(async (options: ListOptions, command: Command) => {
      const session = sessionOf(command);
      const files = await session.withStore((db) =>
        listDeliveries(db, { states: options.state, folder: options.folder, limit: options.limit }),
      );
      session.print(files.map(withoutContent), fileTable(files));
    });

  file
    .command('show <file>')
    .description('a file by its number: state, digest, place, and what is wrong with it')
    .addHelpText('after', examples('enrol file show 31'))
    .action(async (text: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const id = wholeNumber(text);
      const found = await session.withStore((db) => findDelivery(db, id));
      if (!found) throw new Fault('NOT_FOUND', `there is no file ${id}`);
      session.print(withoutContent(found), describe(found));
    });

  for (const [name, { description, act }] of Object.entries(actions)) {
    file
      .command(`${name} <file>`)
      .description(description)
      .addHelpText('after', examples(`enrol file ${name} 31 --reason "the cause is mended"`))
      .requiredOption('--reason <text>', 'why; kept in the audit')
      .action(async (text: string, { reason }: { reason: string }, command: Command) => {
        const session = sessionOf(command);
        const changed = await session.withStore((db, loaded) =>
          act(db, spoolFolder(loaded), session.operator(reason), wholeNumber(text)),
        );
        session.print(withoutContent(changed), `File ${changed.id} (${changed.name}): ${changed.state}`);
      });
  }
}

/** The marker or manifest that came with the file. */
function companionName(file: Delivery): string | null {
  const companion = companionOf(file);
  return companion === undefined ? null : file.name + companion.suffix;
}

interface ListOptions {
  readonly state?: Delivery['state'][];
  readonly folder?: string;
  readonly limit: number;
}

export const fileTable = (files: readonly Delivery[]): string[] =>
  table(
    ['file', 'folder', 'name', 'state', 'since', 'code', 'detail'],
    files.map((each) => [
      each.id,
      each.folder,
      each.name,
      each.state,
      shortTime(each.settled_at ?? each.seen_at),
      each.fault_code,
      each.detail?.split('\n')[0],
    ]),
  );

function describe(file: Delivery): string[] {
  const code =
    file.fault_code !== null && isFaultCode(file.fault_code) ? faultRow(file.fault_code) : undefined;
  const rows: [string, string | number | null][] = [
    ['file', `${file.id} (${file.direction === 'in' ? 'received' : 'produced'})`],
    ['name', file.name],
    ['with', companionName(file)],
    ['folder', file.folder],
    ['state', file.state],
    ['place', file.place],
    ['size', file.size],
    ['sha-256', file.digest],
    ['batch', file.batch_id],
    ['attempts', file.attempts],
    ['next try', shortTime(file.next_try_at)],
    ['seen', shortTime(file.seen_at)],
    ['settled', shortTime(file.settled_at)],
    ['code', file.fault_code],
    ['what', code?.what ?? null],
    ['detail', file.detail],
    ['what to do', code?.action ?? null],
  ];
  return rows
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name.padEnd(11)} ${value ?? ''}`);
}
