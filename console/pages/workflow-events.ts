import { html, type Html } from '../html.ts';
import type { Context, Page, PageRequest } from '../page.ts';
import { keyPage, newestFirst, shownRows } from '../paging.ts';
import { table, time } from '../parts.ts';
import { batchLink, lines, orderLink } from '../shown.ts';
import { listEvents } from '../../shared/store/workflow-events.ts';
import type { Row } from '../../shared/store/tables.ts';

/** Notes for people in CMP: what providers refused, and what warehouses rejected. */
export const eventsPage: Page = {
  path: '/events',
  title: 'Workflow Events',
  menu: 'Daily Operations',
  role: 'viewer',
  render: renderEvents,
};

async function renderEvents({ db }: Context, request: PageRequest): Promise<Html> {
  const order = request.query.optional('order');
  const found = await listEvents(db, { ...keyPage(request), referenceNumber: order });
  return html`
    <form class="filters" method="get">
      <label>Order <input name="order" value="${order}" maxlength="200" /></label>
      <button type="submit">Show</button>
    </form>
    ${
      found.length === 0
        ? html`<p>
            No workflow event was raised${order !== undefined && html` for order <strong>${order}</strong>`}.
          </p>`
        : eventTable(shownRows(found))
    }
    ${newestFirst(request, found, { order })}
  `;
}

const eventTable = (events: readonly Row<'workflow_event'>[]): Html =>
  table(
    'Workflow events, newest first',
    ['Time (UTC)', 'Type', 'Code', 'Order', 'Notes', 'Batch'],
    events.map((event) => [
      time(event.created_at),
      event.event_type,
      event.event_code,
      orderLink(event.reference_number),
      lines(event.notes),
      batchLink(event.batch_id),
    ]),
  );
