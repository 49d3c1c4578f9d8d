import type { RequestType } from '../generic/device-enrolment-request.ts';
import { bug } from '../runtime/faults.ts';
import { chunks } from './chunks.ts';
import {
  providerRequestMoves,
  waitingStates,
  type ProviderOutcome,
  type ProviderRequestState,
} from './states/provider-request.ts';
import { checkMove } from './states/state-machine.ts';
import type { Db, Row } from './tables.ts';

/** The adaptor's memory: what was asked of a provider, under which ids, and what it said of each device. */

export type ProviderRequestRow = Row<'provider_request'>;

export interface NewProviderRequest {
  readonly providerId: string;
  readonly batchId: number;
  readonly transactionId: string;
  readonly body: unknown;
  readonly orders: readonly RequestedOrderRecord[];
}

export interface RequestedOrderRecord {
  readonly orderId: number;
  readonly orderNumber: string;
  readonly requestType: RequestType;
  readonly devices: readonly { readonly deviceId: string; readonly providerDeviceId: string }[];
}

export async function insertProviderRequest(db: Db, request: NewProviderRequest, now: Date): Promise<number> {
  const { id } = await db
    .insertInto('provider_request')
    .values({
      provider_id: request.providerId,
      batch_id: request.batchId,
      transaction_id: request.transactionId,
      state: 'queued',
      body_json: JSON.stringify(request.body),
      queries: 0,
      created_at: now.toISOString(),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const orders = request.orders.map((order) => ({
    request_id: id,
    order_id: order.orderId,
    order_number: order.orderNumber,
    request_type: order.requestType,
    outcome: 'open' as const,
  }));
  for (const chunk of chunks(orders)) await db.insertInto('provider_request_order').values(chunk).execute();
  const devices = request.orders.flatMap((order) =>
    order.devices.map((device) => ({
      request_id: id,
      order_id: order.orderId,
      device_id: device.deviceId,
      provider_device_id: device.providerDeviceId,
      outcome: 'open' as const,
    })),
  );
  for (const chunk of chunks(devices)) await db.insertInto('provider_request_device').values(chunk).execute();
  return id;
}

export type RequestChange = Partial<
  Pick<
    ProviderRequestRow,
    | 'provider_transaction_id'
    | 'next_query_at'
    | 'last_error'
    | 'sent_at'
    | 'accepted_at'
    | 'finished_at'
    | 'queries'
  >
>;

/** @throws Fault BUG when the request may not take that state, or has left the state that the caller knows */
export async function moveRequest(
  db: Db,
  request: ProviderRequestRow,
  to: ProviderRequestState,
  change: RequestChange,
): Promise<ProviderRequestRow> {
  checkMove('provider request', providerRequestMoves, request.state, to);
  return db
    .updateTable('provider_request')
    .set({ ...change, state: to })
    .where('id', '=', request.id)
    .where('state', '=', request.state)
    .returningAll()
    .executeTakeFirstOrThrow(() => bug(`provider request ${request.id} is no longer ${request.state}`));
}

/** @throws Fault BUG */
export async function requireRequest(db: Db, id: number): Promise<ProviderRequestRow> {
  const row = await db.selectFrom('provider_request').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw bug(`there is no provider request ${id}`);
  return row;
}

/** The request that one of its ids names: ours, or the provider's. */
export async function findByTransaction(
  db: Db,
  providerId: string,
  id: { readonly ours: string } | { readonly theirs: string },
): Promise<ProviderRequestRow | undefined> {
  const query = db.selectFrom('provider_request').selectAll().where('provider_id', '=', providerId);
  return 'ours' in id
    ? query.where('transaction_id', '=', id.ours).executeTakeFirst()
    : query.where('provider_transaction_id', '=', id.theirs).executeTakeFirst();
}

/** An order of a request, with what is known of it so far. */
export type RequestedOrderRow = RequestedOrderRecord & { readonly outcome: ProviderOutcome };

/** The orders of a request as they were asked for, by their ids, and the devices of each by theirs. */
export async function requestedOrders(db: Db, requestId: number): Promise<RequestedOrderRow[]> {
  const orders = await db
    .selectFrom('provider_request_order')
    .selectAll()
    .where('request_id', '=', requestId)
    .orderBy('order_id')
    .execute();
  const devices = await db
    .selectFrom('provider_request_device')
    .selectAll()
    .where('request_id', '=', requestId)
    .orderBy('device_id')
    .execute();
  const byOrder = Map.groupBy(devices, (device) => device.order_id);
  return orders.map((order) => ({
    orderId: order.order_id,
    orderNumber: order.order_number,
    requestType: order.request_type,
    outcome: order.outcome,
    devices: (byOrder.get(order.order_id) ?? []).map((device) => ({
      deviceId: device.device_id,
      providerDeviceId: device.provider_device_id,
    })),
  }));
}

export interface RecordedOutcome {
  readonly orderId: number;
  readonly outcome: ProviderOutcome;
  readonly devices: readonly {
    readonly deviceId: string;
    readonly outcome: ProviderOutcome;
    readonly errors: readonly unknown[];
  }[];
}

/** What the provider said of one order and its devices. */
export async function recordOutcome(db: Db, requestId: number, order: RecordedOutcome): Promise<void> {
  await db
    .updateTable('provider_request_order')
    .set({ outcome: order.outcome })
    .where('request_id', '=', requestId)
    .where('order_id', '=', order.orderId)
    .execute();
  for (const device of order.devices) {
    await db
      .updateTable('provider_request_device')
      .set({
        outcome: device.outcome,
        errors_json: device.errors.length > 0 ? JSON.stringify(device.errors) : null,
      })
      .where('request_id', '=', requestId)
      .where('order_id', '=', order.orderId)
      .where('device_id', '=', device.deviceId)
      .execute();
  }
}

/** Accepted requests whose result should be asked for now. */
export function dueQueries(db: Db, now: Date, limit: number): Promise<ProviderRequestRow[]> {
  return db
    .selectFrom('provider_request')
    .selectAll()
    .where('state', 'in', waitingStates)
    .where('provider_transaction_id', 'is not', null)
    .where('next_query_at', '<=', now.toISOString())
    .orderBy('next_query_at')
    .limit(limit)
    .execute();
}

export async function scheduleQuery(db: Db, id: number, queries: number, next: Date): Promise<void> {
  await db
    .updateTable('provider_request')
    .set({ queries, next_query_at: next.toISOString() })
    .where('id', '=', id)
    .execute();
}

/** How many requests of a batch the provider has not been sent yet. */
export async function countQueued(db: Db, batchId: number): Promise<number> {
  const { count } = await db
    .selectFrom('provider_request')
    .select((select) => select.fn.countAll<number | string>().as('count'))
    .where('batch_id', '=', batchId)
    .where('state', '=', 'queued')
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Requests that are not finished, oldest first, and what was last heard of them. */
export function openProviderRequests(db: Db, limit: number): Promise<ProviderRequestRow[]> {
  return db
    .selectFrom('provider_request')
    .selectAll()
    .where('state', 'not in', ['finished', 'refused'])
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** The provider transactions that named a device of an order, oldest first. */
export async function transactionsOfDevice(db: Db, orderId: string, deviceId: string) {
  const number = Number(orderId);
  if (!Number.isSafeInteger(number)) return []; // No order that a generic request can name.
  return db
    .selectFrom('provider_request_device as asked')
    .innerJoin('provider_request as request', 'request.id', 'asked.request_id')
    .selectAll('request')
    .select(['asked.outcome', 'asked.errors_json', 'asked.provider_device_id'])
    .where('asked.device_id', '=', deviceId)
    .where('asked.order_id', '=', number)
    .orderBy('request.id')
    .execute();
}
