import { actionForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { operatorOf, type Action, type Context, type Page, type PageRequest } from '../page.ts';
import { rowsPerPage } from '../paging.ts';
import { idsField, idsOf, moreWarning, nothingChosen, resultOf, tickedIds } from '../several.ts';
import { fileLink } from '../shown.ts';
import { fileChoice, fileTable } from './files.ts';
import { actionStates } from '../../shared/operator/file-actions.ts';
import {
  actOnFiles,
  chooseFiles,
  manyFilesActions,
  type ManyFilesAction,
} from '../../shared/operator/many-files.ts';
import { spoolFolder } from '../../shared/runtime/paths.ts';
import type { Delivery } from '../../shared/store/deliveries.ts';
import { deliveriesOf } from '../../shared/store/delivery-lists.ts';
import type { DeliveryState } from '../../shared/store/states/delivery.ts';

/** Files that were chosen in the list, before anything is done to them. */
export const severalFilesPage: Page = {
  path: '/files/several',
  title: 'Several Files',
  role: 'operator',
  render: renderSeveral,
};

const labels: Readonly<Record<ManyFilesAction, string>> = {
  retry: 'Try again now',
  hold: 'Put aside (hold)',
  release: 'Release and try again',
  discard: 'Discard',
};

/** Each file is done by itself: what cannot be done to one is no hindrance to the others. */
export const severalFilesActions: readonly Action[] = manyFilesActions.map((action) => ({
  path: `/files/several/${action}`,
  title: `${labels[action]}: several files`,
  role: 'operator',
  run: async (context, request) => {
    const operator = operatorOf(context, request);
    const { db, loaded } = context;
    const result = await actOnFiles(db, spoolFolder(loaded), operator, action, idsOf(request.form));
    return resultOf(result, { one: 'File', back: '/files', link: fileLink });
  },
}));

async function renderSeveral(context: Context, request: PageRequest): Promise<Html> {
  const { files, more } = await chosen(context, request);
  if (files.length === 0) return nothingChosen('file', '/files');
  return html`
    <p>${files.length} file(s) are chosen. Each action takes those of them that it can be done to.</p>
    ${moreWarning(more, 'files')}
    <div class="actions">${manyFilesActions.map((action) => formOf(context, action, files))}</div>
    ${fileTable('The chosen files, newest first', files.slice(0, rowsPerPage))}
    ${files.length > rowsPerPage && html`<p>And ${files.length - rowsPerPage} others.</p>`}
  `;
}

async function chosen(
  { db }: Context,
  request: PageRequest,
): Promise<{ files: readonly Delivery[]; more: boolean }> {
  if (request.query.optional('all') === undefined)
    return { files: await deliveriesOf(db, tickedIds(request.query, 'file')), more: false };
  return chooseFiles(db, undefined, fileChoice(request));
}

function formOf(context: Context, action: ManyFilesAction, files: readonly Delivery[]): Html | false {
  const states: readonly DeliveryState[] = actionStates[action];
  const ids = files.filter(({ state }) => states.includes(state)).map(({ id }) => id);
  return (
    ids.length > 0 &&
    actionForm(context, {
      action: `/files/several/${action}`,
      label: `${labels[action]} (${ids.length})`,
      reason: true,
      fields: idsField(ids),
      ...(action === 'discard' && { warning: discardWarning }),
    })
  );
}

export const discardWarning =
  'Nobody is reminded of a discarded file any more. It is not deleted: it lies in rejected/, and can be tried again.';
