import { html, type Html } from '../html.ts';
import type { Context, Page, PageRequest } from '../page.ts';
import { keyPage, newestFirst, shownRows } from '../paging.ts';
import { select, table, time } from '../parts.ts';
import { fileLink, fileStatus, firstLine, whatToDo } from '../shown.ts';
import { inboxNames } from '../../shared/runtime/paths.ts';
import { listDeliveries, type Delivery } from '../../shared/store/deliveries.ts';
import { deliveryStates, type DeliveryState } from '../../shared/store/states/delivery.ts';

/** Files by state: at first those that somebody has to look at. */
export const filesPage: Page = {
  path: '/files',
  title: 'Files',
  menu: 'Daily Operations',
  role: 'viewer',
  render: renderFiles,
};

const choices = [...deliveryStates, 'all'] as const;
const needsSomebody: readonly DeliveryState[] = ['rejected', 'held', 'deferred'];

async function renderFiles({ db, loaded }: Context, request: PageRequest): Promise<Html> {
  const state = request.query.optionalChoice('state', choices);
  const folder = request.query.optional('folder');
  const states = state === undefined ? needsSomebody : state === 'all' ? undefined : [state];
  const found = await listDeliveries(db, { ...keyPage(request), states, folder });
  return html`
    <form class="filters" method="get">
      ${select('state', 'State', choices, state, 'needs somebody (rejected, held, deferred)')}
      ${select('folder', 'Inbox', inboxNames(loaded.config), folder, 'all')}
      <button type="submit">Show</button>
    </form>
    ${found.length === 0 ? nothing(state, request) : fileTable('Files, newest first', shownRows(found))}
    ${newestFirst(request, found, { state, folder })}
  `;
}

export const fileTable = (caption: string, files: readonly Delivery[]): Html =>
  table(
    caption,
    [{ title: 'File', number: true }, 'Inbox or folder', 'Name', 'State', 'Since (UTC)', 'Why', 'What to do'],
    files.map((file) => [
      fileLink(file.id),
      file.folder,
      file.name,
      fileStatus(file.state),
      time(file.settled_at ?? file.seen_at),
      reasonOf(file),
      needsSomebody.includes(file.state) ? whatToDo(file.fault_code) : null,
    ]),
  );

const reasonOf = ({ fault_code: code, detail }: Delivery): Html | null =>
  code === null && detail === null
    ? null
    : html`<span class="code">${code}</span> <span>${firstLine(detail)}</span>`;

function nothing(state: string | undefined, request: PageRequest): Html {
  if (request.query.optional('before') !== undefined) return html`<p>There are no older files.</p>`;
  return state === undefined
    ? html`<p>No file needs anybody: none is rejected, held or deferred.</p>`
    : html`<p>There is no such file.</p>`;
}
