import { auditSection } from '../audit-section.ts';
import { actionForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { pathTo } from '../links.ts';
import { operatorOf, type Action, type Context, type Page, type PageRequest } from '../page.ts';
import { facts, time } from '../parts.ts';
import { batchLink, faultFacts, fileStatus, may } from '../shown.ts';
import { previewForm } from './file-preview.ts';
import { discardWarning } from './several-files.ts';
import {
  discardFile,
  holdFile,
  releaseFile,
  reloadFile,
  retryFile,
} from '../../shared/operator/file-actions.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { spoolFolder } from '../../shared/runtime/paths.ts';
import { companionOf, findDelivery, type Delivery } from '../../shared/store/deliveries.ts';

/** One file: where it is, what is wrong with it, and what can be done. */
export const filePage: Page = {
  path: '/files/:file',
  title: 'File',
  heading: ({ params }) => `File ${params.optional('file') ?? ''}`,
  role: 'viewer',
  render: renderFile,
};

interface FileAction {
  readonly name: string;
  readonly label: string;
  readonly warning?: string;
  readonly act: typeof retryFile;
  readonly offered: (file: Delivery) => boolean;
}

const refused = (file: Delivery) => file.state === 'rejected' || file.state === 'deferred';

const fileActions: readonly FileAction[] = [
  { name: 'retry', label: 'Try again now', act: retryFile, offered: refused },
  {
    name: 'hold',
    label: 'Put aside (hold)',
    act: holdFile,
    offered: (file) => refused(file) && file.fault_code !== 'DISCARDED',
  },
  {
    name: 'release',
    label: 'Release and try again',
    act: releaseFile,
    offered: (file) => file.state === 'held',
  },
  {
    name: 'discard',
    label: 'Discard',
    warning: discardWarning,
    act: discardFile,
    offered: (file) => (refused(file) || file.state === 'held') && file.fault_code !== 'DISCARDED',
  },
  {
    name: 'reload',
    label: 'Load all the same',
    warning: 'The same file was loaded before: its records will be in the store twice.',
    act: reloadFile,
    offered: (file) => file.state === 'rejected' && file.fault_code === 'DUPLICATE',
  },
];

/** Each of them wants a reason, and is kept in the audit. */
export const fileActionList: readonly Action[] = fileActions.map(({ name, label, act }) => ({
  path: `/files/:file/${name}`,
  title: label,
  role: 'operator',
  run: async (context, request) => {
    const id = request.params.number('file');
    const changed = await act(context.db, spoolFolder(context.loaded), operatorOf(context, request), id);
    return { to: pathTo('/files/:file', { file: id }), notice: noticeOf(changed) };
  },
}));

function noticeOf({ id, state }: Delivery): string {
  if (state === 'held') return `File ${id} is held: it waits in hold/ until somebody releases it.`;
  if (state === 'rejected')
    return `File ${id} is discarded: it lies in rejected/, and needs nobody any more.`;
  return `File ${id} is tried again at the next look of its daemon.`;
}

async function renderFile(context: Context, request: PageRequest): Promise<Html> {
  const id = request.params.number('file');
  const file = await findDelivery(context.db, id);
  if (!file) throw new Fault('NOT_FOUND', `there is no file ${id}`);
  return html`
    ${fileFacts(file)} ${may(context, 'operator') && actionsOf(context, file)}
    ${await auditSection(context, request, `file ${id}`)}
  `;
}

function actionsOf(context: Context, file: Delivery): Html {
  const there = file.direction === 'in' && file.removed_at === null;
  const offered = fileActions.filter((action) => there && action.offered(file));
  return html`<div class="actions">
    ${offered.map(({ name, label, warning }) =>
      actionForm(context, {
        action: pathTo(`/files/:file/${name}`, { file: file.id }),
        label,
        reason: true,
        ...(warning !== undefined && { warning }),
      }),
    )}
    ${previewForm(context, file)}
  </div>`;
}

const fileFacts = (file: Delivery): Html =>
  facts([
    ['Name', file.name],
    ['State', fileStatus(file.state)],
    ['Direction', file.direction === 'in' ? 'received' : 'produced'],
    [file.direction === 'in' ? 'Inbox' : 'Folder', file.folder],
    ...faultFacts(file.fault_code, file.detail),
    ['Next try (UTC)', file.next_try_at && time(file.next_try_at)],
    ['Lies in', file.place],
    ['Came with', companionName(file)],
    ['Batch', batchLink(file.batch_id)],
    ['Attempts', file.attempts],
    ['Attempts that ended with the process', file.crashes > 0 ? file.crashes : null],
    ['Bytes', file.size],
    ['SHA-256', file.digest && html`<span class="code">${file.digest}</span>`],
    ['Seen (UTC)', time(file.seen_at)],
    ['Settled (UTC)', file.settled_at && time(file.settled_at)],
    ['Removed by retention (UTC)', removal(file)],
  ]);

/** When it went, and by which run; the row stays, so that the same file is known when it comes again. */
const removal = ({ removed_at: at, removed_by: run }: Delivery): Html | null =>
  at === null ? null : html`${time(at)}, by <a href="/retention">run ${run}</a>`;

/** The marker or manifest that came with the file. */
function companionName(file: Delivery): string | null {
  const companion = companionOf(file);
  return companion === undefined ? null : file.name + companion.suffix;
}
