import { auditSection } from '../audit-section.ts';
import { actionForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { pathTo } from '../links.ts';
import { operatorOf, type Action, type Context, type Page, type PageRequest } from '../page.ts';
import { fetched, keyPage, nextKey, pager, shownRows } from '../paging.ts';
import { facts, table, time } from '../parts.ts';
import { batchStatus, fileLink, fileStatus, itemStatus, lines, may } from '../shown.ts';
import { reprocess } from '../../shared/operator/batch-actions.ts';
import {
  itemsAfter,
  requireBatch,
  stagePage,
  type Batch,
  type BatchItem,
} from '../../shared/store/batches.ts';
import type { Delivery } from '../../shared/store/deliveries.ts';
import { filesOfBatch } from '../../shared/store/delivery-lists.ts';
import type { Row } from '../../shared/store/tables.ts';

/** One batch: its stages, its items, its files. */
export const batchPage: Page = {
  path: '/interfaces/:batch',
  title: 'Batch',
  heading: ({ params }) => `Batch ${params.text('batch')}`,
  role: 'viewer',
  render: renderBatch,
};

/** The Reprocess button. */
export const reprocessAction: Action = {
  path: '/interfaces/:batch/reprocess',
  title: 'Reprocess',
  role: 'operator',
  run: async (context, request) => {
    const id = request.params.number('batch');
    const { stage, status } = await reprocess(context.db, operatorOf(context, request), id);
    const notice = `Batch ${id} was set back to ${stage} · ${status}: it is processed again.`;
    return { to: pathTo('/interfaces/:batch', { batch: id }), notice };
  },
};

async function renderBatch(context: Context, request: PageRequest): Promise<Html> {
  const { db } = context;
  const batch = await requireBatch(db, request.params.number('batch'));
  const items = await itemsAfter(db, batch.id, request.query.optionalNumber('after') ?? 0, fetched);
  const stages = await stagePage(db, batch.id, keyPage(request, 'stage'));
  const files = await filesOfBatch(db, batch.id, keyPage(request, 'file'));
  return html`
    ${batchFacts(batch)} ${batch.status === 'Error' && reprocessing(context, batch)}
    ${stageTable(shownRows(stages))}
    ${pager(request, { name: 'stage', of: 'stages', next: nextKey(stages, (stage) => stage.id) })}
    ${itemTable(shownRows(items))}
    ${pager(request, {
      name: 'after',
      of: 'items',
      next: nextKey(items, (item) => item.sequence),
      words: { first: 'First', next: 'Next' },
    })}
    ${fileList(shownRows(files))}
    ${pager(request, { name: 'file', of: 'files', next: nextKey(files, (file) => file.id) })}
    ${await auditSection(context, request, `batch ${batch.id}`)}
  `;
}

const batchFacts = (batch: Batch): Html =>
  facts([
    ['Interface', `${batch.type} ${batch.version}`],
    ['Category', batch.category],
    ['Direction', batch.direction],
    ['Provider', batch.provider_id],
    ['Stands at', batchStatus(batch)],
    ['Records', batch.record_count],
    ['File', batch.external_file_name],
    ['Made (UTC)', time(batch.created_at)],
    ['Last change (UTC)', time(batch.updated_at)],
  ]);

const reprocessing = (context: Context, batch: Batch): Html => html`
  <p class="fault">
    The batch stopped in error; the items below and the notes of its stages say why. Mend the cause, then
    reprocess it: it goes back to its last valid stage, and items that are complete are not done twice.
  </p>
  ${
    may(context, 'operator') &&
    html`<div class="actions">
      ${actionForm(context, {
        action: pathTo('/interfaces/:batch/reprocess', { batch: batch.id }),
        label: 'Reprocess',
        reason: true,
      })}
    </div>`
  }
`;

const stageTable = (history: readonly Row<'batch_stage'>[]): Html => html`
  <h2>Stages</h2>
  ${table(
    'Stages, newest first',
    ['Time (UTC)', 'Stage', 'By', 'Note'],
    history.map((row) => [time(row.at), batchStatus(row), row.actor, lines(row.note)]),
  )}
`;

const itemTable = (items: readonly BatchItem[]): Html => html`
  <h2>Items</h2>
  ${table(
    'Items, by sequence',
    [{ title: 'Sequence', number: true }, 'Customer reference', 'Description', 'Status', 'Errors'],
    items.map((item) => [
      item.sequence,
      item.customer_reference,
      item.description,
      itemStatus(item.status),
      lines(item.error),
    ]),
  )}
`;

const fileList = (files: readonly Delivery[]): Html | false =>
  files.length > 0 &&
  html`
    <h2>Files</h2>
    ${table(
      'Files of the batch, newest first',
      [{ title: 'File', number: true }, 'Name', 'Folder', 'State', 'Since (UTC)'],
      files.map((file) => [
        fileLink(file.id),
        file.name,
        file.folder,
        fileStatus(file.state),
        time(file.settled_at ?? file.seen_at),
      ]),
    )}
  `;
