import { sql } from 'kysely';

import type { RequestType } from '../generic/device-enrolment-request.ts';
import { bug, Fault } from '../runtime/faults.ts';
import { chunks, runs } from './chunks.ts';
import { compiled } from './compiled.ts';
import { unseen } from './unseen.ts';
import {
  finalOutcomes,
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
      preparatory: request.preparatory === true ? 1 : 0,
      replaces_id: request.replacesId ?? null,
      release_at: now.toISOString(),
      queries: 0,
      created_at: now.toISOString(),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const message_json = JSON.stringify(request.message);
  await db.insertInto('provider_request_message').values({ request_id: id, message_json }).execute();
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
  const { id, state } = request;
  const [moved] = await changeRequest(db, { id, state, change: { ...change, state: to } });
  if (!moved) throw bug(`provider request ${id} is no longer ${state}`);
  return { ...request, ...change, state: to };
}

interface ChangedRequest {
  readonly id: number;
  readonly state: ProviderRequestState;
  readonly change: RequestChange & Partial<Pick<ProviderRequestRow, 'state'>>;
}

const changeRequest = compiled<ChangedRequest, { id: number }>((db, { id, state, change }) =>
  db
    .updateTable('provider_request')
    .set(change)
    .where('id', '=', id)
    .where('state', '=', state)
    .returning('id'),
);

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
  const [found] = await ('ours' in id
    ? findByOurId(db, { providerId, id: id.ours })
    : findByTheirId(db, { providerId, id: id.theirs }));
  return found;
}

interface NamedRequest {
  readonly providerId: string;
  readonly id: string;
}

const requestsOf = (db: Db, providerId: string) =>
  db.selectFrom('provider_request').selectAll().where('provider_id', '=', providerId);

const findByOurId = compiled<NamedRequest, ProviderRequestRow>((db, { providerId, id }) =>
  requestsOf(db, providerId).where('transaction_id', '=', id),
);

const findByTheirId = compiled<NamedRequest, ProviderRequestRow>((db, { providerId, id }) =>
  requestsOf(db, providerId).where('provider_transaction_id', '=', id),
);

/** The message of a request, as it was inserted. @throws Fault BUG */
export async function messageOf(db: Db, requestId: number): Promise<unknown> {
  const [row] = await findMessage(db, { requestId });
  if (!row) throw bug(`there is no message of provider request ${requestId}`);
  return JSON.parse(row.message_json);
}

const findMessage = compiled<{ requestId: number }, { message_json: string }>((db, { requestId }) =>
  db.selectFrom('provider_request_message').select('message_json').where('request_id', '=', requestId),
);

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

/**
 * Orders of one portion: what belongs to them is read, and changed, by one statement. With a hundred devices in each they
 * are garbage before they are old: with five times as many, V8 would make room for three times the memory, and keep it.
 */
const portionOrders = 20;

/**
 * What is not settled of a request, by the ids of the orders and the devices of each by theirs; an order that is settled
 * is missing. In portions, so that a request of any size takes no more memory than one of them. What is settled meanwhile
 * of an earlier portion does no harm.
 */
export async function* openOrders(db: Db, requestId: number): AsyncGenerator<RequestedOrderRecord[]> {
  let behind = Number.MIN_SAFE_INTEGER;
  for (;;) {
    const orders = await openOrdersBehind(db, { requestId, behind });
    const [first, last] = [orders[0], orders.at(-1)];
    if (!first || !last) return;
    const devices = await openDevicesOf(db, { requestId, first: first.order_id, last: last.order_id });
    const byOrder = Map.groupBy(devices, ({ orderId }) => orderId);
    yield orders.map((order) => ({
      orderId: order.order_id,
      orderNumber: order.order_number,
      requestType: order.request_type,
      devices: byOrder.get(order.order_id) ?? [],
    }));
    if (orders.length < portionOrders) return;
    behind = last.order_id;
  }
}

type OpenOrder = Pick<Row<'provider_request_order'>, 'order_id' | 'order_number' | 'request_type'>;

const openOrdersBehind = compiled<{ requestId: number; behind: number }, OpenOrder>(
  (db, { requestId, behind }) =>
    db
      .selectFrom('provider_request_order')
      .select(['order_id', 'order_number', 'request_type'])
      .where('request_id', '=', unseen(requestId))
      .where('order_id', '>', behind)
      .where('outcome', 'not in', finalOutcomes)
      .orderBy('order_id')
      .limit(sql.lit(portionOrders)),
);

/** As it is read, and handed on: for a million devices, other objects would take a twentieth of the time. */
interface OpenDevice {
  readonly orderId: number;
  readonly deviceId: string;
  readonly providerDeviceId: string;
}

const openDevicesOf = compiled<{ requestId: number; first: number; last: number }, OpenDevice>(
  (db, { requestId, first, last }) =>
    db
      .selectFrom('provider_request_device')
      .select(['order_id as orderId', 'device_id as deviceId', 'provider_device_id as providerDeviceId'])
      .where('request_id', '=', unseen(requestId))
      .where('order_id', '>=', first)
      .where('order_id', '<=', last)
      .where('outcome', 'not in', finalOutcomes)
      .orderBy('order_id')
      .orderBy('device_id'),
);

export interface RecordedOutcome {
  readonly orderId: number;
  readonly outcome: ProviderOutcome;
  readonly devices: readonly RecordedDevice[];
  /** Whether these are all devices of the order that were not settled before. */
  readonly isWhole?: boolean;
}

export interface RecordedDevice {
  readonly deviceId: string;
  readonly outcome: ProviderOutcome;
  /** None, where they are missing. */
  readonly errors?: readonly unknown[];
  readonly providerRecordId?: string;
}

/** What the provider said of some orders of a request, and of their devices. */
export async function recordOutcomes(
  db: Db,
  requestId: number,
  orders: readonly RecordedOutcome[],
): Promise<void> {
  for (const [outcome, same] of Map.groupBy(orders, (order) => order.outcome)) {
    for (const chunk of chunks(same))
      await changeOrders(db, { requestId, outcome, orderIds: chunk.map(orderIdOf) });
  }
  // Of most orders, and of most devices of an order, the same is said: that takes one statement, and not one for each.
  const changed = orders.map((order) => ({ ...order, changes: changesOf(order.devices) }));
  const [whole, others] = [changed.filter(isOneChange), changed.filter((order) => !isOneChange(order))];
  for (const same of Map.groupBy(whole, ({ changes: [only] }) => JSON.stringify(only?.change)).values()) {
    const change = same[0]?.changes[0]?.change ?? {};
    for (const chunk of chunks(same))
      await changeOpenDevices(db, { requestId, change, orderIds: chunk.map(orderIdOf) });
  }
  for (const { orderId, changes } of others) {
    for (const { change, deviceIds } of changes) {
      for (const chunk of chunks(deviceIds))
        await changeDevices(db, { requestId, change, orderId, deviceIds: chunk });
    }
  }
}

interface ChangedOrders {
  readonly requestId: number;
  readonly outcome: ProviderOutcome;
  readonly orderIds: readonly number[];
}

const changeOrders = compiled<ChangedOrders, never>((db, { requestId, outcome, orderIds }) =>
  db
    .updateTable('provider_request_order')
    .set({ outcome })
    .where('request_id', '=', requestId)
    .where('order_id', 'in', orderIds),
);

interface Changed {
  readonly orderId: number;
  readonly isWhole?: boolean;
  readonly changes: readonly DeviceChange[];
}

/** What becomes of devices that stand side by side. */
interface DeviceChange {
  readonly change: Partial<
    Pick<Row<'provider_request_device'>, 'outcome' | 'errors_json' | 'provider_record_id'>
  >;
  readonly deviceIds: string[];
}

const orderIdOf = ({ orderId }: { readonly orderId: number }) => orderId;

const isOneChange = ({ isWhole, changes }: Changed): boolean => isWhole === true && changes.length === 1;

function changesOf(devices: readonly RecordedDevice[]): DeviceChange[] {
  const changes: DeviceChange[] = [];
  let before: RecordedDevice | undefined;
  for (const device of devices) {
    if (before && isSaidAlike(before, device)) changes.at(-1)?.deviceIds.push(device.deviceId);
    else changes.push({ change: changeOf(device), deviceIds: [device.deviceId] });
    before = device;
  }
  return changes;
}

const changeOf = ({ outcome, errors = [], providerRecordId }: RecordedDevice): DeviceChange['change'] => ({
  outcome,
  errors_json: errors.length > 0 ? JSON.stringify(errors) : null,
  ...(providerRecordId !== undefined && { provider_record_id: providerRecordId }),
});

const isSaidAlike = (one: RecordedDevice, other: RecordedDevice): boolean =>
  one.outcome === other.outcome &&
  one.providerRecordId === other.providerRecordId &&
  (one.errors === other.errors || JSON.stringify(one.errors) === JSON.stringify(other.errors));

interface ChangedDevices extends Pick<DeviceChange, 'change'> {
  readonly requestId: number;
}

/** The devices of these orders that are not settled; of all the same is said. */
const changeOpenDevices = compiled<ChangedDevices & { readonly orderIds: readonly number[] }, never>(
  (db, { requestId, change, orderIds }) =>
    db
      .updateTable('provider_request_device')
      .set(change)
      .where('request_id', '=', requestId)
      .where('order_id', 'in', orderIds)
      .where('outcome', 'not in', finalOutcomes),
);

const changeDevices = compiled<
  ChangedDevices & { readonly orderId: number } & Pick<DeviceChange, 'deviceIds'>,
  never
>((db, { requestId, change, orderId, deviceIds }) =>
  db
    .updateTable('provider_request_device')
    .set(change)
    .where('request_id', '=', requestId)
    .where('order_id', '=', orderId)
    .where('device_id', 'in', deviceIds),
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
  request: Pick<ProviderRequestRow, 'id' | 'batch_id'>,
  orderIds: readonly number[],
): Promise<Set<number>> {
  if (orderIds.length === 0) return new Set();
  const wanted = new Set(orderIds);
  const rows = await findSharedOrders(db, {
    requestId: request.id,
    batchId: request.batch_id,
    first: orderIds.reduce((one, other) => Math.min(one, other)),
    last: orderIds.reduce((one, other) => Math.max(one, other)),
  });
  return new Set(rows.map((row) => row.order_id).filter((id) => wanted.has(id)));
}

interface SharedOrders {
  readonly requestId: number;
  readonly batchId: number;
  /** The least order, and the greatest: a large request asks about one portion of its orders after the other. */
  readonly first: number;
  readonly last: number;
}

/** The plus leads from an order to its other requests, few, and not from the batch, which may have asked for many orders. */
const findSharedOrders = compiled<SharedOrders, { order_id: number }>(
  (db, { requestId, batchId, first, last }) =>
    db
      .selectFrom('provider_request_order as own')
      .innerJoin('provider_request_order as asked', 'asked.order_id', 'own.order_id')
      .innerJoin('provider_request as other', 'other.id', 'asked.request_id')
      .select('asked.order_id')
      .where('own.request_id', '=', unseen(requestId))
      .where('own.order_id', '>=', unseen(first))
      .where('own.order_id', '<=', unseen(last))
      .whereRef('other.id', '<>', 'own.request_id')
      .where(sql<boolean>`+other.batch_id = ${batchId}`)
      .where('other.preparatory', '=', sql.lit(0)),
);
