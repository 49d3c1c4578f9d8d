import { sql } from 'kysely';

import type { RequestType } from '../generic/device-enrolment-request.ts';
import { bug, Fault } from '../runtime/faults.ts';
import { chunks } from './chunks.ts';
import type { KeyPage } from './key-page.ts';
import {
  askedStates,
  finalStates,
  openStates,
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
  for (const device of order.devices) {
    await db
      .updateTable('provider_request_device')
      .set({
        outcome: device.outcome,
        errors_json: device.errors.length > 0 ? JSON.stringify(device.errors) : null,
        ...(device.providerRecordId !== undefined && { provider_record_id: device.providerRecordId }),
      })
      .where('request_id', '=', requestId)
      .where('order_id', '=', order.orderId)
      .where('device_id', '=', device.deviceId)
      .execute();
  }
}

/** Requests of some providers that the provider should be asked about now, longest due first. */
export function dueQuestions(
  db: Db,
  providers: readonly string[],
  now: Date,
  limit: number,
): Promise<ProviderRequestRow[]> {
  return db
    .selectFrom('provider_request')
    .selectAll()
    .where('provider_id', 'in', providers)
    .where('state', 'in', askedStates)
    .where('next_query_at', '<=', now.toISOString())
    .orderBy('next_query_at')
    .limit(limit)
    .execute();
}

/**
 * Requests of some providers that may be sent now, oldest first. One waits while an earlier one about the same order, or
 * the same device at the provider, is not finished: providers promise no order between two.
 */
export function dueRequests(
  db: Db,
  providers: readonly string[],
  now: Date,
  limit: number,
): Promise<ProviderRequestRow[]> {
  return db
    .selectFrom('provider_request as request')
    .selectAll()
    .where('request.provider_id', 'in', providers)
    .where('request.state', '=', 'queued')
    .where('request.release_at', '<=', now.toISOString())
    .where((build) =>
      build.not(
        build.exists(
          build
            .selectFrom('provider_request_order as own')
            .innerJoin('provider_request_order as other', 'other.order_id', 'own.order_id')
            .innerJoin('provider_request as earlier', 'earlier.id', 'other.request_id')
            .select('earlier.id')
            .whereRef('own.request_id', '=', 'request.id')
            .whereRef('earlier.provider_id', '=', 'request.provider_id')
            .where(isBefore)
            .where('earlier.state', 'not in', finalStates),
        ),
      ),
    )
    .where((build) =>
      build.not(
        build.exists(
          build
            .selectFrom('provider_request_device as own')
            .innerJoin(
              'provider_request_device as other',
              'other.provider_device_id',
              'own.provider_device_id',
            )
            .innerJoin('provider_request as earlier', 'earlier.id', 'other.request_id')
            .select('earlier.id')
            .whereRef('own.request_id', '=', 'request.id')
            .whereRef('earlier.provider_id', '=', 'request.provider_id')
            .where(isBefore)
            .where('earlier.state', 'not in', finalStates),
        ),
      ),
    )
    .orderBy('request.id')
    .limit(limit)
    .execute();
}

/** The place of a request among all: a part of one that was too large stands where that one stood. */
const placeOf = (name: 'request' | 'earlier') =>
  sql<number>`coalesce(${sql.ref(`${name}.replaces_id`)}, ${sql.ref(`${name}.id`)})`;

const isBefore = sql<boolean>`(${placeOf('earlier')}, earlier.id) < (${placeOf('request')}, request.id)`;

/** Providers that have open requests. */
export async function providersWithOpenRequests(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('provider_request')
    .select('provider_id')
    .distinct()
    .where('state', 'not in', finalStates)
    .orderBy('provider_id')
    .execute();
  return rows.map((row) => row.provider_id);
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

/** A device as the last request that was settled left it. */
export interface EnrolledRecord {
  /** The customer's organisation for which it was enrolled; absent where the batch does not tell. */
  readonly organisationId?: string;
  readonly deviceId: string;
  readonly providerDeviceId: string;
  readonly providerRecordId: string | null;
  readonly transactionId: string;
}

/** Devices of an order that the provider enrolled and did not give back since, by their ids. */
export async function enrolledDevices(
  db: Db,
  providerId: string,
  orderId: number,
): Promise<EnrolledRecord[]> {
  const rows = await db
    .selectFrom('provider_request_device as asked')
    .innerJoin('provider_request as request', 'request.id', 'asked.request_id')
    .innerJoin('provider_request_order as ordered', (join) =>
      join
        .onRef('ordered.request_id', '=', 'asked.request_id')
        .onRef('ordered.order_id', '=', 'asked.order_id'),
    )
    .select([
      'asked.device_id as deviceId',
      'asked.provider_device_id as providerDeviceId',
      'asked.provider_record_id as providerRecordId',
      'request.transaction_id as transactionId',
      'request.batch_id as batchId',
      'request.preparatory',
      'ordered.request_type as requestType',
    ])
    .where('request.provider_id', '=', providerId)
    .where('asked.order_id', '=', orderId)
    .where('asked.outcome', '=', 'succeeded')
    .orderBy(placeOf('request'))
    .orderBy('request.id')
    .execute();
  const last = new Map(rows.map((row) => [row.deviceId, row]));
  const organisations = await organisationsOf(db, orderId, new Set(rows.map(({ batchId }) => batchId)));
  return [...last.values()]
    .filter((row) => row.preparatory === 0 && (row.requestType === 'ORDER' || row.requestType === 'OVERRIDE'))
    .map(({ deviceId, providerDeviceId, providerRecordId, transactionId, batchId }) => {
      const organisationId = organisations.get(batchId);
      const record = { deviceId, providerDeviceId, providerRecordId, transactionId };
      return organisationId === undefined ? record : { ...record, organisationId };
    })
    .sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
}

/** Batch -> the organisation that its request about the order named. */
async function organisationsOf(
  db: Db,
  orderId: number,
  batchIds: ReadonlySet<number>,
): Promise<Map<number, string>> {
  if (batchIds.size === 0) return new Map();
  const items = await db
    .selectFrom('batch_item')
    .select(['batch_id', 'payload_json'])
    .where('customer_reference', '=', String(orderId))
    .where('batch_id', 'in', [...batchIds])
    .execute();
  return new Map(
    items.flatMap((item) => {
      const { organisationId } = JSON.parse(item.payload_json) as { organisationId?: unknown };
      return typeof organisationId === 'string' ? [[item.batch_id, organisationId]] : [];
    }),
  );
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

export interface RequestFilter {
  readonly open?: boolean | undefined;
  readonly provider?: string | undefined;
  readonly limit: number;
}

/** Requests, newest first. */
export function listProviderRequests(
  db: Db,
  { open = false, provider, limit }: RequestFilter,
): Promise<ProviderRequestRow[]> {
  let query = db.selectFrom('provider_request').selectAll().orderBy('id', 'desc').limit(limit);
  if (open) query = query.where('state', 'not in', finalStates);
  if (provider !== undefined) query = query.where('provider_id', '=', provider);
  return query.execute();
}

/** A request as lists show it: the message may be long. */
export type RequestSummary = Omit<ProviderRequestRow, 'message_json'>;

const summaryColumns = [
  'id',
  'provider_id',
  'batch_id',
  'transaction_id',
  'provider_transaction_id',
  'state',
  'preparatory',
  'attempts',
  'release_at',
  'queries',
  'not_found',
  'replaces_id',
  'next_query_at',
  'last_error',
  'created_at',
  'sent_at',
  'accepted_at',
  'finished_at',
] as const satisfies readonly (keyof RequestSummary)[];

export interface SummaryFilter extends KeyPage {
  readonly states?: readonly ProviderRequestState[] | undefined;
}

/** Requests, newest first. */
export async function summariseRequests(db: Db, filter: SummaryFilter): Promise<RequestSummary[]> {
  if (filter.states === undefined) return summaryPage(db, filter).execute();
  // The index has the requests of one state in order; of several states it would have to sort them all.
  const pages = filter.states.map((state) => summaryPage(db, filter).where('state', '=', state).execute());
  return (await Promise.all(pages))
    .flat()
    .sort((a, b) => b.id - a.id)
    .slice(0, filter.limit);
}

function summaryPage(db: Db, { before, limit }: KeyPage) {
  const query = db.selectFrom('provider_request').select(summaryColumns).orderBy('id', 'desc').limit(limit);
  return before === undefined ? query : query.where('id', '<', before);
}

/** Requests without a final answer, oldest first, and what was last heard of them. */
export function openProviderRequests(db: Db, limit: number): Promise<RequestSummary[]> {
  return db
    .selectFrom('provider_request')
    .select(summaryColumns)
    .where('state', 'in', openStates)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Orders of a request, by their ids, behind one of them. */
export function requestOrdersAfter(
  db: Db,
  requestId: number,
  after: number | undefined,
  limit: number,
): Promise<Row<'provider_request_order'>[]> {
  let query = db
    .selectFrom('provider_request_order')
    .selectAll()
    .where('request_id', '=', requestId)
    .orderBy('order_id')
    .limit(limit);
  if (after !== undefined) query = query.where('order_id', '>', after);
  return query.execute();
}

/** Devices of a request, by order and id, behind one of them. */
export function requestDevicesAfter(
  db: Db,
  requestId: number,
  after: { readonly orderId: number; readonly deviceId: string } | undefined,
  limit: number,
): Promise<Row<'provider_request_device'>[]> {
  let query = db
    .selectFrom('provider_request_device')
    .selectAll()
    .where('request_id', '=', requestId)
    .orderBy('order_id')
    .orderBy('device_id')
    .limit(limit);
  if (after !== undefined) {
    query = query.where((where) =>
      where.eb(where.refTuple('order_id', 'device_id'), '>', where.tuple(after.orderId, after.deviceId)),
    );
  }
  return query.execute();
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
