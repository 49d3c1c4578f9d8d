import type { DeliveryState } from './states/delivery.ts';
import type { DeviceStatus } from './states/device.ts';
import type { Db } from './tables.ts';

/** What was done of late, in numbers. */

export interface HourlyFiles {
  /** `2026-05-06T12`, UTC. */
  readonly hour: string;
  readonly state: DeliveryState;
  readonly count: number;
}

/** Received files that were settled since the hour of a time, per hour and outcome. */
export async function filesPerHour(db: Db, since: Date): Promise<HourlyFiles[]> {
  return db
    .selectFrom('settled_file_count')
    .select(['hour', 'state', 'files as count'])
    .where('hour', '>=', hourOf(since))
    .where('files', '>', 0)
    .orderBy('hour')
    .orderBy('state')
    .execute();
}

/** How often a device took a status since the hour of a time. */
export async function deviceMovesSince(db: Db, since: Date): Promise<Partial<Record<DeviceStatus, number>>> {
  const rows = await db
    .selectFrom('device_move_count')
    .select((select) => ['status', select.fn.sum<number | string>('moves').as('count')])
    .where('hour', '>=', hourOf(since))
    .groupBy('status')
    .orderBy('status')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.status, Number(row.count)]));
}

export interface HourlyMoves {
  /** `2026-05-06T12`, UTC. */
  readonly hour: string;
  readonly status: DeviceStatus;
  readonly count: number;
}

/** How often a device took a status since the hour of a time, per hour. */
export const deviceMovesPerHour = (db: Db, since: Date): Promise<HourlyMoves[]> =>
  db
    .selectFrom('device_move_count')
    .select(['hour', 'status', 'moves as count'])
    .where('hour', '>=', hourOf(since))
    .where('moves', '>', 0)
    .orderBy('hour')
    .orderBy('status')
    .execute();

/** As the counts name it. */
const hourOf = (time: Date): string => time.toISOString().slice(0, 13);
