import { actionForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { operatorOf, type Action, type Context, type Page, type PageRequest } from '../page.ts';
import { rowsPerPage } from '../paging.ts';
import { idsField, idsOf, moreWarning, nothingChosen, resultOf, tickedIds } from '../several.ts';
import { batchNumber } from '../shown.ts';
import { batchTable } from './interfaces.ts';
import { chooseInError, reprocessEach } from '../../shared/operator/batch-actions.ts';
import { batchesOf, type Batch } from '../../shared/store/batches.ts';

/** Batches that were chosen in the list, before they are reprocessed. */
export const severalBatchesPage: Page = {
  path: '/interfaces/several',
  title: 'Several Batches',
  role: 'operator',
  render: renderSeveral,
};

/** Each batch is done by itself: one that cannot be reprocessed is no hindrance to the others. */
export const reprocessSeveralAction: Action = {
  path: '/interfaces/several/reprocess',
  title: 'Reprocess: several batches',
  role: 'operator',
  run: async (context, request) => {
    const result = await reprocessEach(context.db, operatorOf(context, request), idsOf(request.form));
    return resultOf(result, { one: 'Batch', back: '/interfaces', link: batchNumber });
  },
};

async function renderSeveral(context: Context, request: PageRequest): Promise<Html> {
  const { batches, more } = await chosen(context, request);
  if (batches.length === 0) return nothingChosen('batch', '/interfaces');
  return html`
    <p>
      ${batches.length} batch(es) are chosen. Mend the cause first: each goes back to its last valid stage,
      and items that are complete are not done twice.
    </p>
    ${moreWarning(more, 'batches')}
    <div class="actions">
      ${actionForm(context, {
        action: '/interfaces/several/reprocess',
        label: `Reprocess (${batches.length})`,
        reason: true,
        fields: idsField(batches.map(({ id }) => id)),
      })}
    </div>
    ${batchTable('The chosen batches, newest first', batches.slice(0, rowsPerPage))}
    ${batches.length > rowsPerPage && html`<p>And ${batches.length - rowsPerPage} others.</p>`}
  `;
}

async function chosen(
  { db }: Context,
  { query }: PageRequest,
): Promise<{ batches: readonly Batch[]; more: boolean }> {
  if (query.optional('all') === undefined)
    return { batches: await batchesOf(db, tickedIds(query, 'batch')), more: false };
  return chooseInError(db, query.optional('type'));
}
