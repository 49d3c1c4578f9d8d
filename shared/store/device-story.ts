import { sql, type Expression, type SelectQueryBuilder } from 'kysely';

import type { Device } from './devices.ts';
import type { Db, Row, Tables } from './tables.ts';

/** What is known of a device from several tables, each read newest first, by time, and no further than it is asked for. */

/** Rows older than this one; of equal times those of a lower number. */
export interface StoryPage {
  readonly before?: { readonly at: string; readonly id: number } | undefined;
  /** Of each table; without it all there is. */
  readonly limit?: number | undefined;
}

function newestFirst<T extends keyof Tables, O>(
  query: SelectQueryBuilder<Tables, T, O>,
  { before, limit }: StoryPage,
  at: Expression<string>,
): SelectQueryBuilder<Tables, T, O> {
  let page = query.orderBy(at, 'desc').orderBy(sql.ref('id'), 'desc');
  if (before !== undefined) page = page.where(sql<boolean>`(${at}, id) < (${before.at}, ${before.id})`);
  return limit === undefined ? page : page.limit(limit);
}

const time = (column: string): Expression<string> => sql.ref<string>(column);

export const statusesOfDevice = (db: Db, device: Device, page: StoryPage): Promise<Row<'device_history'>[]> =>
  newestFirst(
    db.selectFrom('device_history').selectAll().where('device', '=', device.id),
    page,
    time('at'),
  ).execute();

export const stagesOfDevice = (db: Db, device: Device, page: StoryPage): Promise<Row<'batch_stage'>[]> =>
  newestFirst(
    db.selectFrom('batch_stage').selectAll().where('batch_id', 'in', batchesOf(db, device)),
    page,
    time('at'),
  ).execute();

/** One answer of a provider makes a response for each order: only this order's was loaded into a batch of the device. */
export function filesOfDevice(db: Db, device: Device, page: StoryPage) {
  const loaded = db
    .selectFrom('delivery as loaded')
    .select('loaded.name')
    .where('loaded.direction', '=', 'in')
    .where('loaded.batch_id', 'in', batchesOf(db, device));
  const at = sql<string>`coalesce(settled_at, seen_at)`;
  const files = db
    .selectFrom('delivery')
    .select(['id', 'name', 'folder', 'direction', 'state', at.as('at')])
    .where('batch_id', 'in', batchesOf(db, device))
    .where((where) =>
      where.or([where('purpose', 'is distinct from', 'generic-response'), where('name', 'in', loaded)]),
    );
  return newestFirst(files, page, at).execute();
}

export const eventsOfDevice = (db: Db, device: Device, page: StoryPage): Promise<Row<'workflow_event'>[]> =>
  newestFirst(
    db.selectFrom('workflow_event').selectAll().where('reference_number', '=', device.order_id),
    page,
    time('created_at'),
  ).execute();

/** What people did to the device, or to its order. */
export async function actionsOnDevice(db: Db, device: Device, page: StoryPage): Promise<Row<'audit'>[]> {
  const subjects = [`device ${device.device_id}`, `order ${device.order_id}`];
  const found = subjects.map((subject) =>
    newestFirst(
      db.selectFrom('audit').selectAll().where('subject', '=', subject),
      page,
      time('at'),
    ).execute(),
  );
  return (await Promise.all(found)).flat();
}

/** Batches that had to do with the device: its dispatch, requests about it, and what came of them. */
function batchesOf(db: Db, device: Device) {
  const number = Number(device.order_id);
  const batches = db
    .selectFrom('device_history as history')
    .select(sql<number>`history.batch_id`.as('batch_id'))
    .where('history.device', '=', device.id)
    .where('history.batch_id', 'is not', null)
    .union(
      db
        .selectFrom('enrolment_request_device as asked')
        .innerJoin('enrolment_request as request', 'request.id', 'asked.request_id')
        .select('request.batch_id')
        .where('asked.device', '=', device.id),
    );
  if (!Number.isSafeInteger(number)) return batches; // No order that a generic request can name.
  return batches.union(
    db
      .selectFrom('provider_request_device as named')
      .innerJoin('provider_request as sent', 'sent.id', 'named.request_id')
      .select('sent.batch_id')
      .where('named.device_id', '=', device.device_id)
      .where('named.order_id', '=', number),
  );
}
