import { sql } from 'kysely';

import type { RequestType } from '../generic/device-enrolment-request.ts';
import { bug, Fault } from '../runtime/faults.ts';
import { chunks, runs } from './chunks.ts';
import { compiled } from './sqlite/compiled.ts';
import { unseen } from './sqlite/unseen.ts';
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

/**
 * @returns the request as it is now, so far as the caller knew it
 * @throws Fault BUG when the request may not take that state, or has left the state that the caller knows
 */
export async function moveRequest(
  db: Db,
  request: ProviderRequestRow,
  to: ProviderRequestState,
  change: RequestChange,
): Promise<ProviderRequestRow> {
  checkMove('provider request', providerRequestMoves, request.state, to);
  // The message may be long: the row is not read again.
  const { numUpdatedRows } = await db
    .updateTable('provider_request')
    .set({ ...change, state: to })
    .where('id', '=', request.id)
    .where('state', '=', request.state)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) throw bug(`provider request ${request.id} is no longer ${request.state}`);
  return { ...request, ...change, state: to };
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
    : query.where('provider_transaction_id', '=', unseen(id.theirs)).executeTakeFirst();
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
  const rows = await findOrdersWithDevices(db, { requestId });
  return runs(rows, ({ orderId }) => String(orderId)).map((ofOrder) => {
    const [{ orderId, orderNumber, requestType, orderOutcome }] = ofOrder;
    return { orderId, orderNumber, requestType, outcome: orderOutcome, devices: ofOrder.flatMap(deviceOf) };
  });
}

interface OrderWithDevice {
  readonly orderId: number;
  readonly orderNumber: string;
  readonly requestType: RequestType;
  readonly orderOutcome: ProviderOutcome;
  /** Null where the order names none, and so with the others. */
  readonly deviceId: string | null;
  readonly providerDeviceId: string | null;
  readonly outcome: ProviderOutcome | null;
}

const findOrdersWithDevices = compiled<{ requestId: number }, OrderWithDevice>((db, { requestId }) =>
  db
    .selectFrom('provider_request_order as ordered')
    .leftJoin('provider_request_device as asked', (join) =>
      join
        .onRef('asked.request_id', '=', 'ordered.request_id')
        .onRef('asked.order_id', '=', 'ordered.order_id'),
    )
    .select([
      'ordered.order_id as orderId',
      'ordered.order_number as orderNumber',
      'ordered.request_type as requestType',
      'ordered.outcome as orderOutcome',
      'asked.device_id as deviceId',
      'asked.provider_device_id as providerDeviceId',
      'asked.outcome',
    ])
    .where('ordered.request_id', '=', unseen(requestId))
    .orderBy('ordered.order_id')
    .orderBy('asked.device_id'),
);

function deviceOf({ deviceId, providerDeviceId, outcome }: OrderWithDevice) {
  if (deviceId === null || providerDeviceId === null || outcome === null) return [];
  return [{ deviceId, providerDeviceId, outcome }];
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
  await setOrderOutcome(db, { requestId, orderId: order.orderId, outcome: order.outcome });
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
        .where('request_id', '=', unseen(requestId))
        .where('order_id', '=', unseen(order.orderId))
        .where(
          'device_id',
          'in',
          chunk.map(({ deviceId }) => deviceId),
        )
        .execute();
    }
  }
}

const setOrderOutcome = compiled<{ requestId: number; orderId: number; outcome: ProviderOutcome }, unknown>(
  (db, { requestId, orderId, outcome }) =>
    db
      .updateTable('provider_request_order')
      .set({ outcome })
      .where('request_id', '=', unseen(requestId))
      .where('order_id', '=', unseen(orderId)),
);

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
  const rows = await findSharedOrders(db, { requestId: request.id, batchId: request.batch_id });
  const wanted = new Set(orderIds);
  return new Set(rows.map((row) => row.order_id).filter((id) => wanted.has(id)));
}

/** The plus leads from an order to its other requests, few, and not from the batch, which may have asked for many orders. */
const findSharedOrders = compiled<{ requestId: number; batchId: number }, { order_id: number }>(
  (db, { requestId, batchId }) =>
    db
      .selectFrom('provider_request_order as own')
      .innerJoin('provider_request_order as asked', 'asked.order_id', 'own.order_id')
      .innerJoin('provider_request as other', 'other.id', 'asked.request_id')
      .select('asked.order_id')
      .where('own.request_id', '=', unseen(requestId))
      .whereRef('other.id', '<>', 'own.request_id')
      .where(sql<boolean>`+other.batch_id = ${batchId}`)
      .where('other.preparatory', '=', sql.lit(0)),
);
