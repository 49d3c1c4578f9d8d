import type { RequestType } from '../generic/device-enrolment-request.ts';
import type { GenericError } from '../generic/schema-parts.ts';
import { chunks } from './chunks.ts';
import type { DeviceRole, DeviceStatus } from './states/device.ts';
import type { Db, Row } from './tables.ts';

/** What CMP asked a provider to do, per order; and per device, what came of it. */

export type EnrolmentRequest = Row<'enrolment_request'>;

export interface NewEnrolmentRequest {
  readonly batchId: number;
  readonly orderId: string;
  readonly providerId: string;
  readonly requestType: RequestType;
  readonly devices: readonly { readonly id: number; readonly role: DeviceRole }[];
}

export async function insertRequest(db: Db, request: NewEnrolmentRequest, now: Date): Promise<number> {
  const { id } = await db
    .insertInto('enrolment_request')
    .values({
      batch_id: request.batchId,
      order_id: request.orderId,
      provider_id: request.providerId,
      request_type: request.requestType,
      created_at: now.toISOString(),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  for (const chunk of chunks(request.devices)) {
    await db
      .insertInto('enrolment_request_device')
      .values(
        chunk.map((device) => ({
          request_id: id,
          device: device.id,
          role: device.role,
          outcome: 'open' as const,
        })),
      )
      .execute();
  }
  return id;
}

/** Orders with an open request at a provider, as `order provider`: nothing more is asked before its answer. */
export async function ordersWithOpenRequest(db: Db): Promise<Set<string>> {
  const rows = await db
    .selectFrom('enrolment_request')
    .select(['order_id', 'provider_id'])
    .where('answered_at', 'is', null)
    .execute();
  return new Set(rows.map((row) => orderAtProvider(row.order_id, row.provider_id)));
}

export const orderAtProvider = (orderId: string, providerId: string): string => `${orderId} ${providerId}`;

export async function openRequest(
  db: Db,
  orderId: string,
  providerId: string,
): Promise<EnrolmentRequest | undefined> {
  return db
    .selectFrom('enrolment_request')
    .selectAll()
    .where('order_id', '=', orderId)
    .where('provider_id', '=', providerId)
    .where('answered_at', 'is', null)
    .executeTakeFirst();
}

/** What is open about some orders, by `order provider`. */
export async function openRequests(
  db: Db,
  orderIds: readonly string[],
): Promise<Map<string, EnrolmentRequest>> {
  if (orderIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('enrolment_request')
    .selectAll()
    .where('order_id', 'in', orderIds)
    .where('answered_at', 'is', null)
    .execute();
  return new Map(rows.map((row) => [orderAtProvider(row.order_id, row.provider_id), row]));
}

/** The last request that enrolled a device: what a return undoes. */
export async function lastEnrolling(db: Db, device: number): Promise<number | undefined> {
  const row = await db
    .selectFrom('enrolment_request_device')
    .select('request_id')
    .where('device', '=', device)
    .where('role', '=', 'enrol')
    .where('outcome', '=', 'succeeded')
    .orderBy('request_id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.request_id;
}

/** The last request about an order at a provider: what a void or an override is about. */
export async function lastRequest(db: Db, orderId: string, providerId: string): Promise<number | undefined> {
  const row = await db
    .selectFrom('enrolment_request')
    .select('id')
    .where('order_id', '=', orderId)
    .where('provider_id', '=', providerId)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.id;
}

/** A device of a request whose outcome is still open. */
export interface OpenDevice {
  readonly id: number;
  readonly deviceId: string;
  readonly status: DeviceStatus;
  readonly role: DeviceRole;
}

export async function openDevices(db: Db, requestId: number): Promise<OpenDevice[]> {
  return selectOpenDevices(db).where('asked.request_id', '=', requestId).orderBy('device.id').execute();
}

/**
 * Open devices of several requests, of each all or none: of the first of them in the order of their numbers, as many as
 * have no more than so many devices together.
 */
export async function openDevicesOf(
  db: Db,
  requestIds: readonly number[],
  limit: number,
): Promise<Map<number, OpenDevice[]>> {
  if (requestIds.length === 0) return new Map();
  const rows = await selectOpenDevices(db)
    .select('asked.request_id as requestId')
    .where('asked.request_id', 'in', requestIds)
    .orderBy('asked.request_id')
    .orderBy('asked.device')
    .limit(limit)
    .execute();
  const found = Map.groupBy(rows, (row) => row.requestId);
  const last = rows.length === limit ? rows.at(-1) : undefined;
  if (last) found.delete(last.requestId); // It may have more.
  return found;
}

const selectOpenDevices = (db: Db) =>
  db
    .selectFrom('enrolment_request_device as asked')
    .innerJoin('device', 'device.id', 'asked.device')
    .select(['device.id', 'device.device_id as deviceId', 'device.status', 'asked.role'])
    .where('asked.outcome', '=', 'open');

/** What came of some devices of a request, of all the same. */
export async function settleRequestDevices(
  db: Db,
  requestId: number,
  devices: readonly number[],
  outcome: 'succeeded' | 'failed',
  errors: readonly GenericError[],
): Promise<void> {
  for (const chunk of chunks(devices)) {
    await db
      .updateTable('enrolment_request_device')
      .set({ outcome, errors_json: errors.length > 0 ? JSON.stringify(errors) : null })
      .where('request_id', '=', requestId)
      .where('device', 'in', chunk)
      .execute();
  }
}

/** Which of some requests have devices that failed. */
export async function requestsWithFailures(db: Db, requestIds: readonly number[]): Promise<Set<number>> {
  if (requestIds.length === 0) return new Set();
  const rows = await db
    .selectFrom('enrolment_request_device')
    .select('request_id')
    .distinct()
    .where('request_id', 'in', requestIds)
    .where('outcome', '=', 'failed')
    .execute();
  return new Set(rows.map((row) => row.request_id));
}

/** The devices of a request that failed, with the provider's errors. */
export async function failedDevices(
  db: Db,
  requestId: number,
): Promise<{ deviceId: string; errors: readonly GenericError[] }[]> {
  const rows = await db
    .selectFrom('enrolment_request_device as asked')
    .innerJoin('device', 'device.id', 'asked.device')
    .select(['device.device_id as deviceId', 'asked.errors_json'])
    .where('asked.request_id', '=', requestId)
    .where('asked.outcome', '=', 'failed')
    .orderBy('device.id')
    .execute();
  return rows.map(({ deviceId, errors_json: errors }) => ({
    deviceId,
    errors: JSON.parse(errors ?? '[]') as GenericError[],
  }));
}

/** Closes the request: the order may be asked about again. */
export async function closeRequest(db: Db, requestId: number, now: Date): Promise<void> {
  await db
    .updateTable('enrolment_request')
    .set({ answered_at: now.toISOString() })
    .where('id', '=', requestId)
    .execute();
}

/** Every request about an order, newest first. */
export function requestsOfOrder(
  db: Db,
  orderId: string,
  limit: number,
  before?: number,
): Promise<EnrolmentRequest[]> {
  const query = db
    .selectFrom('enrolment_request')
    .selectAll()
    .where('order_id', '=', orderId)
    .orderBy('id', 'desc')
    .limit(limit);
  return (before === undefined ? query : query.where('id', '<', before)).execute();
}
