import { auditSection } from '../audit-section.ts';
import { actionForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { pathTo } from '../links.ts';
import {
  operatorOf,
  type Action,
  type ActionRequest,
  type Context,
  type Page,
  type PageRequest,
} from '../page.ts';
import { fetched, keyPage, newestFirst, nextKey, pager, shownRows } from '../paging.ts';
import { facts, table, time } from '../parts.ts';
import { batchLink, may } from '../shown.ts';
import { overrideOrder, voidOrder, type OverrideChanges } from '../../shared/operator/order-actions.ts';
import { listDevices } from '../../shared/store/devices.ts';
import { requestsOfOrder, type EnrolmentRequest } from '../../shared/store/enrolment-requests.ts';
import {
  dispatchPage,
  orderLinesAfter,
  organisationsOf,
  providersOfLines,
  requireOrder,
  type SalesOrder,
  type SalesOrderLine,
} from '../../shared/store/orders.ts';
import type { Db, Row } from '../../shared/store/tables.ts';
import { deviceTable } from './devices.ts';

/** A sales order: lines, dispatches, devices, and what was asked of providers. */
export const orderPage: Page = {
  path: '/orders/:order',
  title: 'Order',
  heading: ({ params }) => `Order ${params.text('order')}`,
  role: 'viewer',
  render: renderOrder,
};

export const voidAction: Action = {
  path: '/orders/:order/void',
  title: 'Void the order',
  role: 'operator',
  run: async (context, request) => {
    const order = request.params.text('order');
    const { devices } = await voidOrder(context.db, operatorOf(context, request), order);
    return {
      to: pathTo('/orders/:order', { order }),
      notice: `Order ${order} is void; devices: ${inWords(devices)}.`,
    };
  },
};

export const overrideAction: Action = {
  path: '/orders/:order/override',
  title: 'Override the order',
  role: 'operator',
  run: async (context, request) => {
    const order = request.params.text('order');
    const changes = await changesOf(context.db, order, request);
    const { devices } = await overrideOrder(context.db, operatorOf(context, request), order, changes);
    const notice = `Order ${order} is sent anew by the next run of Device Enrolment Request; devices: ${inWords(devices)}.`;
    return { to: pathTo('/orders/:order', { order }), notice };
  },
};

const inWords = (devices: Partial<Record<string, number>>): string =>
  Object.entries(devices)
    .map(([status, count]) => `${count ?? 0} ${status}`)
    .join(', ') || 'none changed';

/** Providers that the order has to do with. */
async function providersOf(db: Db, order: string): Promise<Map<string, string>> {
  const organisations = await organisationsOf(db, order);
  const ofLines = await providersOfLines(db, order);
  return new Map([...ofLines.map((id) => [id, ''] as const), ...organisations]);
}

const organisationField = (provider: string): string => `organisation.${provider}`;

/** What the form says that is not so already. */
async function changesOf(db: Db, orderId: string, { form }: ActionRequest): Promise<OverrideChanges> {
  const order = await requireOrder(db, orderId);
  const organisations: Record<string, string> = {};
  for (const [provider, present] of await providersOf(db, orderId)) {
    const wanted = form.optional(organisationField(provider), 64);
    if (wanted !== undefined && wanted !== present) organisations[provider] = wanted;
  }
  const wanted = form.optional('purchaseOrder', 100);
  const drop = form.optional('drop', 5000)?.split(/[\s,]+/) ?? [];
  return {
    organisations,
    purchaseOrderNumber: wanted === order.purchase_order_number ? undefined : wanted,
    drop: drop.filter((device) => device !== ''),
  };
}

async function renderOrder(context: Context, request: PageRequest): Promise<Html> {
  const { db } = context;
  const order = await requireOrder(db, request.params.text('order'));
  const devices = await listDevices(db, { ...keyPage(request), orderId: order.id });
  const providers = await providersOf(db, order.id);
  return html`
    ${orderFacts(order)} ${may(context, 'operator') && actionsOf(context, order, providers)}
    ${await linesOf(db, request, order, providers)} ${await dispatchesOf(db, request, order)}
    <h2>Devices</h2>
    ${
      devices.length === 0
        ? html`<p>No device was dispatched for it yet.</p>`
        : deviceTable('Devices, newest first', shownRows(devices))
    }
    ${newestFirst(request, devices)} ${await requestsAbout(db, request, order)}
    ${await auditSection(context, request, `order ${order.id}`)}
  `;
}

async function linesOf(
  db: Db,
  request: PageRequest,
  order: SalesOrder,
  providers: ReadonlyMap<string, string>,
): Promise<Html> {
  const lines = await orderLinesAfter(db, order.id, request.query.optionalNumber('line') ?? 0, fetched);
  const words = { first: 'First', next: 'Next' };
  return html`
    ${lineTable(shownRows(lines), providers)}
    ${pager(request, { name: 'line', of: 'lines', next: nextKey(lines, (line) => line.line_number), words })}
  `;
}

async function dispatchesOf(db: Db, request: PageRequest, order: SalesOrder): Promise<Html> {
  const dispatches = await dispatchPage(db, order.id, keyPage(request, 'dispatch'));
  return html`
    ${dispatchTable(shownRows(dispatches))}
    ${pager(request, { name: 'dispatch', of: 'dispatches', next: nextKey(dispatches, (row) => row.id) })}
  `;
}

async function requestsAbout(db: Db, request: PageRequest, order: SalesOrder): Promise<Html> {
  const { before, limit } = keyPage(request, 'request');
  const requests = await requestsOfOrder(db, order.id, limit, before);
  return html`
    ${requestTable(shownRows(requests))}
    ${pager(request, { name: 'request', of: 'requests', next: nextKey(requests, (row) => row.id) })}
  `;
}

const orderFacts = (order: SalesOrder): Html =>
  facts([
    ['Status', order.status],
    ['Customer', order.customer],
    ['Purchase order', order.purchase_order_number],
    ['Ordered (UTC)', time(order.order_date)],
    ['Enrolment', order.enrolment_required === 1 ? 'asked for' : 'not asked for'],
    ['Waits for', order.pending_action && `its ${order.pending_action}, which the next request job sends`],
    ['Entered (UTC)', time(order.created_at)],
    ['Last change (UTC)', time(order.updated_at)],
  ]);

/** Nothing is offered that the order's state does not allow anyway. */
const actionsOf = (
  context: Context,
  order: SalesOrder,
  providers: ReadonlyMap<string, string>,
): Html | false =>
  order.status !== 'Cancelled' &&
  order.pending_action === null &&
  html`<div class="actions">
    ${actionForm(context, {
      action: pathTo('/orders/:order/void', { order: order.id }),
      label: 'Void the order',
      reason: true,
      warning: 'The whole order is taken back: every device of it that is enrolled is unenrolled.',
    })}
    ${actionForm(context, {
      action: pathTo('/orders/:order/override', { order: order.id }),
      label: 'Override the order',
      reason: true,
      warning: 'What the provider has of the order is replaced by what stands here.',
      fields: overrideFields(order, providers),
    })}
  </div>`;

const overrideFields = (order: SalesOrder, providers: ReadonlyMap<string, string>): Html => html`
  ${[...providers].map(
    ([provider, organisation]) => html`
      <label>
        Organisation id at ${provider}
        <input name="${organisationField(provider)}" value="${organisation}" maxlength="64" />
      </label>
    `,
  )}
  <label>
    Purchase order
    <input name="purchaseOrder" value="${order.purchase_order_number}" maxlength="100" />
  </label>
  <label>
    Devices that leave the order: their ids, with blanks or commas between
    <input name="drop" maxlength="5000" />
  </label>
`;

const lineTable = (lines: readonly SalesOrderLine[], providers: ReadonlyMap<string, string>): Html => html`
  <h2>Lines</h2>
  ${table(
    'Lines of the order',
    [
      { title: 'Line', number: true },
      'Product',
      { title: 'Quantity', number: true },
      'Provider',
      'Organisation id there',
    ],
    lines.map((line) => [
      line.line_number,
      line.product,
      line.quantity,
      line.provider_id ?? 'none: needs no enrolment',
      line.provider_id === null ? null : providers.get(line.provider_id),
    ]),
  )}
`;

const dispatchTable = (dispatches: readonly Row<'dispatch'>[]): Html | false =>
  dispatches.length > 0 &&
  html`
    <h2>Dispatches</h2>
    ${table(
      'Dispatches, newest first',
      ['Delivery', 'Warehouse', 'Dispatched (UTC)', 'Batch'],
      dispatches.map((dispatch) => [
        dispatch.delivery_number,
        dispatch.warehouse_id,
        time(dispatch.dispatched_at),
        batchLink(dispatch.batch_id),
      ]),
    )}
  `;

const requestTable = (requests: readonly EnrolmentRequest[]): Html | false =>
  requests.length > 0 &&
  html`
    <h2>Asked of providers</h2>
    ${table(
      'Requests, newest first',
      ['Request', 'Type', 'Provider', 'Batch', 'Made (UTC)', 'Answered (UTC)'],
      requests.map((request) => [
        request.id,
        request.request_type,
        request.provider_id,
        batchLink(request.batch_id),
        time(request.created_at),
        request.answered_at === null ? 'not yet' : time(request.answered_at),
      ]),
    )}
  `;
