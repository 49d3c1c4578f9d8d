import type { Command } from 'commander';

import { isFaultCode, faultRow } from '../../shared/runtime/fault-codes.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { companionOf, findDelivery, type Delivery } from '../../shared/store/deliveries.ts';
import { listDeliveries } from '../../shared/store/delivery-lists.ts';
import { deliveryStates } from '../../shared/store/states/delivery.ts';
import { Option } from 'commander';
import { shortTime, table } from '../output.ts';
import { examples, sessionOf, wholeNumber } from '../session.ts';
import { fileActionCommands, withoutContent } from './file-actions.ts';
import { previewCommand } from './file-preview.ts';

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

  fileActionCommands(file);
  previewCommand(file);
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
    ['removed', file.removed_at && `${shortTime(file.removed_at)}, by retention run ${file.removed_by ?? 0}`],
    ['code', file.fault_code],
    ['what', code?.what ?? null],
    ['detail', file.detail],
    ['what to do', code?.action ?? null],
  ];
  return rows
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name.padEnd(11)} ${value ?? ''}`);
}
