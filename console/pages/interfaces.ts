import { html, type Html } from '../html.ts';
import { withQuery } from '../links.ts';
import type { Context, Page, PageRequest } from '../page.ts';
import { keyPage, newestFirst, shownRows } from '../paging.ts';
import { select, table, time } from '../parts.ts';
import { batchLink, batchStatus } from '../shown.ts';
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

async function renderInterfaces({ db }: Context, request: PageRequest): Promise<Html> {
  const interfaces = await summariseInterfaces(db);
  const types = interfaces.map(({ type }) => type);
  const type = request.query.optionalChoice('type', types);
  const status = request.query.optionalChoice('status', stageStatuses);
  const found = await listBatches(db, { ...keyPage(request), type, status, order: 'newest' });
  return html`
    ${interfaceTable(interfaces)}
    <h2>Batches</h2>
    <form class="filters" method="get">
      ${select('type', 'Interface', types, type, 'all')}
      ${select('status', 'Status', stageStatuses, status, 'all')}
      <button type="submit">Show</button>
    </form>
    ${found.length === 0 ? html`<p>There is no such batch.</p>` : batchTable('Batches, newest first', shownRows(found))}
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

export const batchTable = (caption: string, batches: readonly Batch[]): Html =>
  table(
    caption,
    [
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
