import { auditWords, listAudit } from '../../shared/store/audit.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { changeList } from '../changes.ts';
import { html, type Html } from '../html.ts';
import type { Context, Page, PageRequest } from '../page.ts';
import { keyPage, newestFirst, shownRows } from '../paging.ts';
import { table, time } from '../parts.ts';

/** Every action of people, by who, what, on what and when. */
export const auditPage: Page = {
  path: '/audit',
  title: 'Audit',
  menu: 'System Configuration',
  role: 'administrator',
  render: renderAudit,
};

const fields = ['who', 'action', 'subject', 'from', 'to'] as const;
type Filter = Readonly<Record<(typeof fields)[number], string | undefined>>;

async function renderAudit({ db }: Context, request: PageRequest): Promise<Html> {
  const filter = Object.fromEntries(fields.map((field) => [field, request.query.optional(field)])) as Filter;
  const { who, action, subject } = filter;
  const days = { since: dayOf('from', filter.from), until: dayOf('to', filter.to, 1) };
  const found = await listAudit(db, { who, action, subject, ...days, ...keyPage(request) });
  return html`
    ${filterForm(filter, { who: await auditWords(db, 'who'), action: await auditWords(db, 'action') })}
    ${
      found.length === 0 && Object.values(filter).some((value) => value !== undefined)
        ? html`<p>Nothing was done that fits.</p>`
        : table(
            'Actions of people, newest first',
            [{ title: 'Number', number: true }, 'Time (UTC)', 'Who', 'Action', 'Subject', 'Reason', 'Change'],
            shownRows(found).map((row) => [
              row.id,
              time(row.at),
              row.who,
              row.action,
              row.subject,
              row.reason,
              changeList(row.before_json, row.after_json),
            ]),
          )
    }
    ${newestFirst(request, found, filter)}
  `;
}

/** A day in UTC, or one so many days later. @throws Fault BAD_INPUT */
function dayOf(field: string, text: string | undefined, later = 0): Date | undefined {
  if (text === undefined) return undefined;
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  // The 31st of a short month would become the first of the next.
  if (day === undefined || Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== text) {
    throw new Fault('BAD_INPUT', `${field} must be a day, like 2026-05-31`);
  }
  return new Date(day.getTime() + later * 86_400_000);
}

const filterForm = (
  filter: Filter,
  known: { readonly who: readonly string[]; readonly action: readonly string[] },
): Html => html`
  <form class="filters" method="get" action="/audit">
    ${suggested('who', 'Who', filter.who, known.who)}
    ${suggested('action', 'Action', filter.action, known.action)}
    <label>Subject <input name="subject" value="${filter.subject}" maxlength="200" /></label>
    <label>From (day in UTC) <input type="date" name="from" value="${filter.from}" /></label>
    <label>To <input type="date" name="to" value="${filter.to}" /></label>
    <button type="submit">Show</button>
    <a href="/audit">Show all</a>
  </form>
`;

/** Any text may be typed; those that there are, are offered. */
const suggested = (
  name: string,
  label: string,
  value: string | undefined,
  words: readonly string[],
): Html => html`
  <label>
    ${label} <input name="${name}" value="${value}" maxlength="200" list="${`known-${name}`}" />
  </label>
  <datalist id="${`known-${name}`}">${words.map((word) => html`<option value="${word}"></option>`)}</datalist>
`;
