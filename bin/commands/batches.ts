import type { Command } from 'commander';

import { chooseInError, reprocess, reprocessEach } from '../../shared/operator/batch-actions.ts';
import {
  batchHistory,
  batchItems,
  listBatches,
  requireBatch,
  type Batch,
} from '../../shared/store/batches.ts';
import { deliveriesOfBatches } from '../../shared/store/delivery-lists.ts';
import { printMany, requireOneOrAll } from '../many.ts';
import { shortTime, table } from '../output.ts';
import { examples, sessionOf, wholeNumber } from '../session.ts';

const standing = (batch: Batch): string => `${batch.stage} · ${batch.status}`;

export function batchCommands(enrol: Command): void {
  const batch = enrol.command('batch').description('batches');

  batch
    .command('list')
    .description('batches, newest first')
    .addHelpText('after', examples('enrol batch list', 'enrol batch list --errors --json'))
    .option('--errors', 'only those that stand at Error')
    .option('--limit <n>', 'at most so many', wholeNumber, 50)
    .action(async ({ errors, limit }: { errors?: boolean; limit: number }, command: Command) => {
      const session = sessionOf(command);
      const batches = await session.withStore((db) =>
        listBatches(db, { status: errors ? 'Error' : undefined, limit, order: 'newest' }),
      );
      const rows = batches.map((each) => [
        each.id,
        each.direction,
        each.type,
        each.provider_id,
        each.record_count,
        standing(each),
        shortTime(each.updated_at),
      ]);
      session.print(
        batches,
        table(['batch', 'direction', 'interface', 'provider', 'records', 'stands at', 'since'], rows),
      );
    });

  batch
    .command('show <batch>')
    .description('a batch with its items, the history of its stages, and its files')
    .addHelpText('after', examples('enrol batch show 12'))
    .action(async (text: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const id = wholeNumber(text);
      const shown = await session.withStore(async (db) => ({
        batch: await requireBatch(db, id),
        items: await batchItems(db, id),
        history: await batchHistory(db, id),
        files: (await deliveriesOfBatches(db, [id])).map(({ content, ...file }) => file),
      }));
      session.print(shown, [
        `Batch ${id}: ${shown.batch.type} (${shown.batch.direction}), ${standing(shown.batch)}`,
        '',
        ...table(
          ['item', 'reference', 'description', 'status', 'error'],
          shown.items.map((item) => [
            item.sequence,
            item.customer_reference,
            item.description,
            item.status,
            item.error,
          ]),
        ),
        '',
        ...table(
          ['time (UTC)', 'stage', 'status', 'by', 'note'],
          shown.history.map((row) => [shortTime(row.at), row.stage, row.status, row.actor, row.note]),
        ),
        '',
        ...table(
          ['file', 'name', 'folder', 'state'],
          shown.files.map((file) => [file.id, file.name, file.folder, file.state]),
        ),
      ]);
    });

  addReprocess(batch);
}

interface ReprocessOptions {
  readonly reason: string;
  readonly all?: boolean;
  readonly type?: string;
}

function addReprocess(batch: Command): void {
  batch
    .command('reprocess [batch]')
    .description('set an Error batch back to its last valid stage, which triggers it again')
    .addHelpText(
      'after',
      examples(
        'enrol batch reprocess 12 --reason "serial number corrected"',
        'enrol batch reprocess --all --type "Sales Order Dispatch" --reason "orders imported"',
      ),
    )
    .option('--all', 'in place of a number: all batches in error that match, the newest 1000 at a time')
    .option('--type <interface>', 'with --all: only batches of this interface')
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .action(async (text: string | undefined, options: ReprocessOptions, command: Command) => {
      requireOneOrAll(text, { ...options }, ['type']);
      const session = sessionOf(command);
      const { reason, type } = options;
      if (text === undefined) {
        const result = await session.withStore(async (db) => {
          const operator = session.operator(reason);
          const { batches, more } = await chooseInError(db, type);
          const ids = batches.map(({ id }) => id);
          return { ...(await reprocessEach(db, operator, ids)), more };
        });
        printMany(session, 'batch', result);
        return;
      }
      const changed = await session.withStore((db) =>
        reprocess(db, session.operator(reason), wholeNumber(text)),
      );
      session.print(changed, `Batch ${changed.id} stands at ${standing(changed)}`);
    });
}
