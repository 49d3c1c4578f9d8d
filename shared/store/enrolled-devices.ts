import { sql } from 'kysely';

import { placeOf } from './request-queue.ts';
import type { Db } from './tables.ts';

/** What the adaptor's memory says is enrolled at a provider. */

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
    // See `settleItemAbout`.
    .where(sql<number>`+batch_id`, 'in', [...batchIds])
    .execute();
  return new Map(
    items.flatMap((item) => {
      const { organisationId } = JSON.parse(item.payload_json) as { organisationId?: unknown };
      return typeof organisationId === 'string' ? [[item.batch_id, organisationId]] : [];
    }),
  );
}
