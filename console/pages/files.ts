import { html, type Html } from '../html.ts';
import { withQuery } from '../links.ts';
import type { Context, Page, PageRequest } from '../page.ts';
import { keyPage, newestFirst, shownRows } from '../paging.ts';
import { select, table, time } from '../parts.ts';
import { choosing, tick } from '../several.ts';
import { fileLink, fileStatus, firstLine, may, whatToDo } from '../shown.ts';
import type { FileChoice } from '../../shared/operator/many-files.ts';
import { faultNames } from '../../shared/runtime/fault-codes.ts';
import { inboxNames } from '../../shared/runtime/paths.ts';
import type { Delivery } from '../../shared/store/deliveries.ts';
import { listDeliveries, unsettledStates } from '../../shared/store/delivery-lists.ts';
import { deliveryStates } from '../../shared/store/states/delivery.ts';

/** Files by state: at first those that somebody has to look at. */
export const filesPage: Page = {
  path: '/files',
  title: 'Files',
  menu: 'Daily Operations',
  role: 'viewer',
  render: renderFiles,
};

const choices = [...deliveryStates, 'all'] as const;

/** Files as the fields of the list name them. @throws Fault BAD_INPUT */
export function fileChoice({ query }: PageRequest): FileChoice & { readonly state: string | undefined } {
  const state = query.optionalChoice('state', choices);
  const states = state === undefined ? unsettledStates : state === 'all' ? undefined : [state];
  return { state, states, folder: query.optional('folder'), code: query.optionalChoice('code', faultNames) };
}

async function renderFiles(context: Context, request: PageRequest): Promise<Html> {
  const { db, loaded } = context;
  const { state, states, folder, code } = fileChoice(request);
  const withoutDiscarded = state === undefined && code !== 'DISCARDED';
  const found = await listDeliveries(db, { ...keyPage(request), states, folder, code, withoutDiscarded });
  const keep = { state, folder, code };
  const canChoose = may(context, 'operator') && shownRows(found).some(isUnsettled);
  const list = fileTable('Files, newest first', shownRows(found), canChoose);
  return html`
    <form class="filters" method="get">
      ${select('state', 'State', choices, state, 'needs somebody (rejected, held, deferred)')}
      ${select('folder', 'Inbox', inboxNames(loaded.config), folder, 'all')}
      ${select('code', 'Code', faultNames, code, 'all')}
      <button type="submit">Show</button>
    </form>
    ${found.length === 0 ? nothing(state, request) : canChoose ? choosable(list, keep) : list}
    ${newestFirst(request, found, keep)}
  `;
}

const choosable = (list: Html, keep: Readonly<Record<string, string | undefined>>): Html =>
  choosing(list, {
    to: '/files/several',
    all: withQuery('/files/several', { all: 1, ...keep }),
    what: 'files',
  });

const isUnsettled = ({ direction, state }: Delivery): boolean =>
  direction === 'in' && unsettledStates.some((unsettled) => unsettled === state);

/** @param canChoose with a box for each file that something can be done to */
export const fileTable = (caption: string, files: readonly Delivery[], canChoose = false): Html =>
  table(
    caption,
    [
      ...(canChoose ? ['Choose'] : []),
      { title: 'File', number: true },
      'Name, and inbox or folder',
      'State',
      'Since (UTC)',
      'Why, and what to do',
    ],
    files.map((file) => [
      ...(canChoose ? [isUnsettled(file) && tick('file', file.id)] : []),
      fileLink(file.id),
      html`${file.name}<br /><span class="quiet">${file.folder}</span>`,
      fileStatus(file.state),
      time(file.settled_at ?? file.seen_at),
      reasonOf(file),
    ]),
  );

function reasonOf(file: Delivery): Html | null {
  const { fault_code: code, detail } = file;
  if (code === null && detail === null) return null;
  const todo = isUnsettled(file) ? whatToDo(code) : null;
  return html`
    <span class="code">${code}</span> <span>${firstLine(detail)}</span>
    ${todo !== null && html`<br /><span class="quiet">${todo}</span>`}
  `;
}

function nothing(state: string | undefined, request: PageRequest): Html {
  if (request.query.optional('before') !== undefined) return html`<p>There are no older files.</p>`;
  const ofAll =
    state === undefined && ['folder', 'code'].every((name) => request.query.optional(name) === undefined);
  return ofAll
    ? html`<p>No file needs anybody: none is rejected, held or deferred.</p>`
    : html`<p>There is no such file.</p>`;
}
