import { html, type Html } from './html.ts';
import type { Context, PageRequest } from './page.ts';
import { keyPage, nextKey, pager, shownRows } from './paging.ts';
import { auditTable } from './shown.ts';
import { listAudit } from '../shared/store/audit.ts';

/** What people did by hand to one thing, newest first, page by page; nothing where nobody did. */
export async function auditSection(
  { db }: Pick<Context, 'db'>,
  request: PageRequest,
  subject: string,
): Promise<Html> {
  const found = await listAudit(db, { subject, ...keyPage(request, 'audit') });
  return html`
    ${auditTable(shownRows(found).toReversed())}
    ${pager(request, { name: 'audit', of: 'actions', next: nextKey(found, (row) => row.id) })}
  `;
}
