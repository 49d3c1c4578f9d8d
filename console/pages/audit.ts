import { listAudit } from '../../shared/store/audit.ts';
import { html, type Html } from '../html.ts';
import type { Page } from '../page.ts';
import { keyPage, newestFirst, shownRows } from '../paging.ts';
import { table, time } from '../parts.ts';

const fields = ['who', 'action', 'subject'] as const;

export const auditPage: Page = {
  path: '/audit',
  title: 'Audit',
  menu: 'System Configuration',
  role: 'administrator',
  render: async ({ db }, request) => {
    const filter = Object.fromEntries(fields.map((field) => [field, request.query.optional(field)]));
    const found = await listAudit(db, { ...filter, ...keyPage(request) });
    return html`
      <form class="filters" method="get" action="/audit">
        ${fields.map(
          (field) => html`
            <label>${titles[field]} <input name="${field}" value="${filter[field]}" maxlength="200" /></label>
          `,
        )}
        <button type="submit">Show</button>
      </form>
      ${table(
        'Actions of people, newest first',
        ['Number', 'Time (UTC)', 'Who', 'Action', 'Subject', 'Reason', 'Before', 'After'],
        shownRows(found).map((row) => [
          row.id,
          time(row.at),
          row.who,
          row.action,
          row.subject,
          row.reason,
          json(row.before_json),
          json(row.after_json),
        ]),
      )}
      ${newestFirst(request, found, filter)}
    `;
  },
};

const titles = { who: 'Who', action: 'Action', subject: 'Subject' } as const;

const json = (text: string | null): Html | null => (text === null ? null : html`<code>${text}</code>`);
