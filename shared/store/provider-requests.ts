import type { RequestType } from '../generic/device-enrolment-request.ts';
import { bug, Fault } from '../runtime/faults.ts';
import { chunks, runs } from './chunks.ts';
import {
  providerRequestMoves,
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
  /** As it is sent; anything that survives JSON. */
  readonly message: unknown;
  readonly orders: readonly RequestedOrderRecord[];
  readonly preparatory?: boolean;
  /** The request of which it is a part, as that was at first: it takes its place in the order of requests. */
  readonly replacesId?: number;
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
      message_json: JSON.stringify(request.message),
      preparatory: request.preparatory === true ? 1 : 0,
      replaces_id: request.replacesId ?? null,
      release_at: now.toISOString(),
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
    | 'attempts'
    | 'not_found'
    | 'release_at'
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

/** The request of our id, whose batch tells its provider. @throws Fault NOT_FOUND */
export async function requireTransaction(db: Db, transactionId: string): Promise<ProviderRequestRow> {
  const row = await db
    .selectFrom('provider_request')
    .selectAll()
    .where('transaction_id', '=', transactionId)
    .executeTakeFirst();
  if (!row) throw new Fault('NOT_FOUND', `there is no request ${transactionId}`);
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

/** An order of a request, with what is known of it and its devices so far. */
export interface RequestedOrderRow extends Omit<RequestedOrderRecord, 'devices'> {
  readonly outcome: ProviderOutcome;
  readonly devices: readonly {
    readonly deviceId: string;
    readonly providerDeviceId: string;
    readonly outcome: ProviderOutcome;
  }[];
}

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
      outcome: device.outcome,
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
    readonly providerRecordId?: string;
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
  const devices = order.devices.map(({ deviceId, outcome, errors, providerRecordId }) => ({
    deviceId,
    change: {
      outcome,
      errors_json: errors.length > 0 ? JSON.stringify(errors) : null,
      ...(providerRecordId !== undefined && { provider_record_id: providerRecordId }),
    },
  }));
  // Of most devices of an order the same is said.
  for (const [first, ...others] of runs(devices, ({ change }) => JSON.stringify(change))) {
    for (const chunk of chunks([first, ...others])) {
      await db
        .updateTable('provider_request_device')
        .set(first.change)
        .where('request_id', '=', requestId)
        .where('order_id', '=', order.orderId)
        .where(
          'device_id',
          'in',
          chunk.map(({ deviceId }) => deviceId),
        )
        .execute();
    }
  }
}

/** What changes with a question, an answer that brings nothing new, or a refusal to answer; the state stays. */
export async function noteRequest(db: Db, id: number, change: RequestChange): Promise<void> {
  await db.updateTable('provider_request').set(change).where('id', '=', id).execute();
}

/** Ids of the requests of a batch, oldest first. */
export async function requestsOfBatch(db: Db, batchId: number): Promise<number[]> {
  const rows = await db
    .selectFrom('provider_request')
    .select('id')
    .where('batch_id', '=', batchId)
    .orderBy('id')
    .execute();
  return rows.map(({ id }) => id);
}

/** Which of some orders other requests of the same batch ask for too, preparatory ones apart. */
export async function sharedOrders(
  db: Db,
  request: ProviderRequestRow,
  orderIds: readonly number[],
): Promise<Set<number>> {
  if (orderIds.length === 0) return new Set();
  const rows = await db
    .selectFrom('provider_request_order as asked')
    .innerJoin('provider_request as other', 'other.id', 'asked.request_id')
    .select('asked.order_id')
    .where('other.batch_id', '=', request.batch_id)
    .where('other.id', '<>', request.id)
    .where('other.preparatory', '=', 0)
    .execute();
  const wanted = new Set(orderIds);
  return new Set(rows.map((row) => row.order_id).filter((id) => wanted.has(id)));
}
