import { z } from 'zod';

import { overrideOrder, voidOrder, type OrderActionResult } from '../../shared/operator/order-actions.ts';
import { listDevices } from '../../shared/store/devices.ts';
import { requestsOfOrder, type EnrolmentRequest } from '../../shared/store/enrolment-requests.ts';
import {
  listDispatches,
  orderLines,
  organisationsOf,
  requireOrder,
  searchOrders,
  type SalesOrder,
  type SalesOrderLine,
} from '../../shared/store/orders.ts';
import { deviceStatuses } from '../../shared/store/states/device.ts';
import type { Db, Row } from '../../shared/store/tables.ts';
import { deviceList, toDevice } from './devices.ts';
import { change, lookup, type Endpoint } from './endpoint.ts';
import { answer, count, id, line, newestFirst, time } from './fields.ts';
import { fetched, partOf } from './parts.ts';

/** Sales orders: lines, dispatches, devices, and what was asked of providers. */

const fields = {
  id: z.string(),
  status: z.enum(['New', 'Awaiting Generation', 'Awaiting Dispatch', 'Complete', 'Error', 'Cancelled']),
  customer: z.string().nullable(),
  purchaseOrder: z.string().nullable(),
  enrolmentRequired: z.boolean(),
  pendingAction: z
    .enum(['VOID', 'OVERRIDE'])
    .nullable()
    .describe('What the next run of the request job sends.'),
  orderedAt: time,
  createdAt: time,
  updatedAt: time,
};

const order = answer('Order', fields);

const toOrder = (row: SalesOrder): z.input<typeof order> => ({
  id: row.id,
  status: row.status,
  customer: row.customer,
  purchaseOrder: row.purchase_order_number,
  enrolmentRequired: row.enrolment_required === 1,
  pendingAction: row.pending_action,
  orderedAt: row.order_date,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const orderLine = answer('OrderLine', {
  line: z.int(),
  product: z.string().nullable(),
  quantity: count,
  provider: z.string().nullable().describe('Null: needs no enrolment.'),
  organisation: z.string().nullable().describe('Of the customer, at the provider.'),
});

const toLine =
  (organisations: ReadonlyMap<string, string>) =>
  (row: SalesOrderLine): z.input<typeof orderLine> => ({
    line: row.line_number,
    product: row.product,
    quantity: row.quantity,
    provider: row.provider_id,
    organisation: organisations.get(row.provider_id ?? '') ?? null,
  });

const dispatch = answer('Dispatch', {
  delivery: z.string(),
  warehouse: z.string(),
  dispatchedAt: time,
  batch: id,
});

const toDispatch = (row: Row<'dispatch'>): z.input<typeof dispatch> => ({
  delivery: row.delivery_number,
  warehouse: row.warehouse_id,
  dispatchedAt: row.dispatched_at,
  batch: row.batch_id,
});

const request = answer('EnrolmentRequest', {
  id,
  type: z.string(),
  provider: z.string(),
  batch: id,
  createdAt: time,
  answeredAt: time.nullable(),
});

const toRequest = (row: EnrolmentRequest): z.input<typeof request> => ({
  id: row.id,
  type: row.request_type,
  provider: row.provider_id,
  batch: row.batch_id,
  createdAt: row.created_at,
  answeredAt: row.answered_at,
});

const requestsShown = 50;

const wholeOrder = answer('OrderWithLines', {
  ...fields,
  lines: z.array(orderLine),
  dispatches: z.array(dispatch).describe('Oldest first.'),
  requests: z.array(request).describe(`What was asked of providers, newest first, at most ${requestsShown}.`),
});

async function wholeOrderOf(db: Db, orderId: string): Promise<z.input<typeof wholeOrder>> {
  const found = await requireOrder(db, orderId);
  const lines = await orderLines(db, orderId);
  const dispatches = await listDispatches(db, orderId);
  const requests = await requestsOfOrder(db, orderId, requestsShown);
  return {
    ...toOrder(found),
    lines: lines.map(toLine(await organisationsOf(db, orderId))),
    dispatches: dispatches.map(toDispatch),
    requests: requests.map(toRequest),
  };
}

const changed = answer('OrderChange', {
  order: z.string(),
  devices: z.partialRecord(z.enum(deviceStatuses), count).describe('How many devices got which status.'),
});

const toChanged = ({ order: orderId, devices }: OrderActionResult): z.input<typeof changed> => ({
  order: orderId,
  devices,
});

const ordersFound = 50;
const params = { order: line().describe('Number of the order.') };

export const orderEndpoints: readonly Endpoint[] = [
  lookup({
    path: '/orders',
    id: 'searchOrders',
    role: 'viewer',
    summary: 'Orders of a number or purchase order, newest first',
    query: { q: line().describe('Order or purchase order, whole.') },
    response: answer('OrderList', { items: z.array(order).describe(`At most ${ordersFound}.`) }),
    run: async ({ db }, asked) => ({
      items: (await searchOrders(db, asked.query.q, ordersFound)).map(toOrder),
    }),
  }),
  lookup({
    path: '/orders/:order',
    id: 'getOrder',
    role: 'viewer',
    summary: 'One order with its lines, dispatches and requests',
    params,
    response: wholeOrder,
    run: ({ db }, asked) => wholeOrderOf(db, asked.params.order),
  }),
  lookup({
    path: '/orders/:order/devices',
    id: 'listOrderDevices',
    role: 'viewer',
    summary: 'Devices of an order, newest first',
    params,
    query: newestFirst,
    response: deviceList,
    run: async ({ db }, asked) => {
      const { id: orderId } = await requireOrder(db, asked.params.order);
      const found = await listDevices(db, { ...fetched(asked.query), orderId });
      return partOf(asked, found, toDevice, (row) => ({ before: row.id }));
    },
  }),
  change({
    path: '/orders/:order/void',
    id: 'voidOrder',
    role: 'operator',
    summary: 'Take back a whole order',
    description:
      'The next run of the request job sends a VOID; devices that were never enrolled are let go at once.',
    params,
    response: changed,
    run: async ({ db }, operator, asked) => toChanged(await voidOrder(db, operator, asked.params.order)),
  }),
  change({
    path: '/orders/:order/override',
    id: 'overrideOrder',
    role: 'operator',
    summary: 'Replace what the providers have of an order',
    description: 'The next run of the request job sends an OVERRIDE with these corrections.',
    params,
    body: {
      organisations: z
        .record(line(64), line(64))
        .default({})
        .describe('Organisation ids that change, by provider.'),
      purchaseOrder: line(100).optional(),
      drop: z.array(line()).max(1000).default([]).describe('Ids of devices that leave the order.'),
    },
    response: changed,
    run: async ({ db }, operator, { params: { order: orderId }, body }) => {
      const { organisations, purchaseOrder: purchaseOrderNumber, drop } = body;
      return toChanged(
        await overrideOrder(db, operator, orderId, { organisations, purchaseOrderNumber, drop }),
      );
    },
  }),
];
