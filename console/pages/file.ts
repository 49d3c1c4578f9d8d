import { actionForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { pathTo } from '../links.ts';
import { operatorOf, type Action, type Context, type Page, type PageRequest } from '../page.ts';
import { facts, time } from '../parts.ts';
import { auditTable, batchLink, faultFacts, fileStatus, may } from '../shown.ts';
import { holdFile, releaseFile, reloadFile, retryFile } from '../../shared/operator/file-actions.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { spoolFolder } from '../../shared/runtime/paths.ts';
import { auditOf } from '../../shared/store/audit.ts';
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
  { name: 'hold', label: 'Put aside (hold)', act: holdFile, offered: refused },
  {
    name: 'release',
    label: 'Release and try again',
    act: releaseFile,
    offered: (file) => file.state === 'held',
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

const noticeOf = ({ id, state }: Delivery): string =>
  state === 'held'
    ? `File ${id} is held: it waits in hold/ until somebody releases it.`
    : `File ${id} is tried again at the next look of its daemon.`;

async function renderFile(context: Context, { params }: PageRequest): Promise<Html> {
  const id = params.number('file');
  const file = await findDelivery(context.db, id);
  if (!file) throw new Fault('NOT_FOUND', `there is no file ${id}`);
  const audited = await auditOf(context.db, `file ${id}`);
  return html`
    ${fileFacts(file)} ${file.direction === 'in' && may(context, 'operator') && actionsOf(context, file)}
    ${auditTable(audited)}
  `;
}

function actionsOf(context: Context, file: Delivery): Html | false {
  const offered = fileActions.filter((action) => action.offered(file));
  return (
    offered.length > 0 &&
    html`<div class="actions">
      ${offered.map(({ name, label, warning }) =>
        actionForm(context, {
          action: pathTo(`/files/:file/${name}`, { file: file.id }),
          label,
          reason: true,
          ...(warning !== undefined && { warning }),
        }),
      )}
    </div>`
  );
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
  ]);

/** The marker or manifest that came with the file. */
function companionName(file: Delivery): string | null {
  const companion = companionOf(file);
  return companion === undefined ? null : file.name + companion.suffix;
}
