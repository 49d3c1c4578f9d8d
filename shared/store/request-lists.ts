import type { KeyPage } from './key-page.ts';
import type { ProviderRequestRow } from './provider-requests.ts';
import { openStates, type ProviderRequestState } from './states/provider-request.ts';
import type { Db, Row } from './tables.ts';

/** Requests to providers as people look at them. */

export interface SummaryFilter extends KeyPage {
  readonly states?: readonly ProviderRequestState[] | undefined;
  readonly provider?: string | undefined;
}

/** Requests, newest first. */
export async function summariseRequests(db: Db, filter: SummaryFilter): Promise<ProviderRequestRow[]> {
  if (filter.states === undefined) return summaryPage(db, filter).execute();
  // The index has the requests of one state in order; of several states it would have to sort them all.
  const pages = filter.states.map((state) => summaryPage(db, filter).where('state', '=', state).execute());
  return (await Promise.all(pages))
    .flat()
    .sort((a, b) => b.id - a.id)
    .slice(0, filter.limit);
}

function summaryPage(db: Db, { before, provider, limit }: SummaryFilter) {
  let query = db.selectFrom('provider_request').selectAll().orderBy('id', 'desc').limit(limit);
  if (provider !== undefined) query = query.where('provider_id', '=', provider);
  return before === undefined ? query : query.where('id', '<', before);
}

/** Requests without a final answer, oldest first, and what was last heard of them. */
export async function openProviderRequests(db: Db, limit: number): Promise<ProviderRequestRow[]> {
  const oldest = db.selectFrom('provider_request').selectAll().orderBy('id').limit(limit);
  const pages = openStates.map((state) => oldest.where('state', '=', state).execute());
  return (await Promise.all(pages))
    .flat()
    .sort((a, b) => a.id - b.id)
    .slice(0, limit);
}

/** Open requests of one provider in one state. */
export interface OpenRequests {
  readonly provider: string;
  readonly state: ProviderRequestState;
  readonly count: number;
  /** When the oldest of them was sent; null: none was. */
  readonly oldestSentAt: string | null;
}

/** Requests without a final answer, by provider and state. */
export async function countOpenRequests(db: Db): Promise<OpenRequests[]> {
  const rows = await db
    .selectFrom('provider_request')
    .select((select) => [
      'provider_id as provider',
      'state',
      select.fn.countAll<number | string>().as('count'),
      select.fn.min('sent_at').as('oldestSentAt'),
    ])
    .where('state', 'in', openStates)
    .groupBy(['provider_id', 'state'])
    .orderBy('provider_id')
    .orderBy('state')
    .execute();
  return rows.map((row) => ({ ...row, count: Number(row.count) }));
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
    .select([
      'request.id',
      'request.provider_id',
      'request.batch_id',
      'request.transaction_id',
      'request.provider_transaction_id',
      'request.state',
      'request.created_at',
      'request.sent_at',
      'request.accepted_at',
      'request.finished_at',
      'asked.outcome',
      'asked.errors_json',
      'asked.provider_device_id',
    ])
    .where('asked.device_id', '=', deviceId)
    .where('asked.order_id', '=', number)
    .orderBy('request.id')
    .execute();
}
