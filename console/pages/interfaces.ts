import { html, type Html } from '../html.ts';
import { withQuery } from '../links.ts';
import type { Context, Page, PageRequest } from '../page.ts';
import { keyPage, newestFirst, shownRows } from '../paging.ts';
import { select, table, time } from '../parts.ts';
import { choosing, tick } from '../several.ts';
import { batchLink, batchStatus, may } from '../shown.ts';
import {
  listBatches,
  summariseInterfaces,
  type Batch,
  type InterfaceSummary,
} from '../../shared/store/batches.ts';
import { stageStatuses } from '../../shared/store/states/batch.ts';

/** The interfaces, and their batches. */
export const interfacesPage: Page = {
  path: '/interfaces',
  title: 'Interfaces',
  menu: 'Daily Operations',
  role: 'viewer',
  refreshSeconds: 30,
  render: renderInterfaces,
};

async function renderInterfaces(context: Context, request: PageRequest): Promise<Html> {
  const { db } = context;
  const interfaces = await summariseInterfaces(db);
  const types = interfaces.map(({ type }) => type);
  const type = request.query.optionalChoice('type', types);
  const status = request.query.optionalChoice('status', stageStatuses);
  const found = await listBatches(db, { ...keyPage(request), type, status, order: 'newest' });
  const canChoose = may(context, 'operator') && shownRows(found).some(isInError);
  const list = batchTable('Batches, newest first', shownRows(found), canChoose);
  return html`
    ${interfaceTable(interfaces)}
    <h2>Batches</h2>
    <form class="filters" method="get">
      ${select('type', 'Interface', types, type, 'all')}
      ${select('status', 'Status', stageStatuses, status, 'all')}
      <button type="submit">Show</button>
    </form>
    ${found.length === 0 ? html`<p>There is no such batch.</p>` : canChoose ? choosable(list, type) : list}
    ${newestFirst(request, found, { type, status })}
  `;
}

const interfaceTable = (interfaces: readonly InterfaceSummary[]): Html =>
  interfaces.length === 0
    ? html`<p>No interface has had a batch yet: the first file or the first request makes one.</p>`
    : table(
        'Interfaces that had batches',
        [
          'Type',
          'Category',
          'Direction',
          { title: 'Batches', number: true },
          { title: 'Records', number: true },
          { title: 'In error', number: true },
          'Last batch',
          'Stands at',
          'Since (UTC)',
        ],
        interfaces.map(({ direction, category, type, batches, records, inError, last }) => [
          html`<a href="${withQuery('/interfaces', { type })}">${type}</a>`,
          category,
          direction,
          batches,
          records,
          inError > 0
            ? html`<a href="${withQuery('/interfaces', { type, status: 'Error' })}">${inError}</a>`
            : 0,
          batchLink(last.id),
          batchStatus(last),
          time(last.updated_at),
        ]),
      );

const choosable = (list: Html, type: string | undefined): Html =>
  choosing(list, {
    to: '/interfaces/several',
    all: withQuery('/interfaces/several', { all: 1, type }),
    what: 'batches in error',
  });

const isInError = ({ status }: Batch): boolean => status === 'Error';

/** @param canChoose with a box for each batch that can be reprocessed */
export const batchTable = (caption: string, batches: readonly Batch[], canChoose = false): Html =>
  table(
    caption,
    [
      ...(canChoose ? ['Choose'] : []),
      { title: 'Batch', number: true },
      'Interface',
      'Category',
      'Direction',
      'Provider',
      { title: 'Records', number: true },
      'Stands at',
      'Since (UTC)',
    ],
    batches.map((batch) => [
      ...(canChoose ? [isInError(batch) && tick('batch', batch.id)] : []),
      batchLink(batch.id),
      batch.type,
      batch.category,
      batch.direction,
      batch.provider_id,
      batch.record_count,
      batchStatus(batch),
      time(batch.updated_at),
    ]),
  );
