import { sql } from 'kysely';

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

/** Received files that were settled since a time, per hour and outcome. */
export async function filesPerHour(db: Db, since: Date): Promise<HourlyFiles[]> {
  const hour = sql<string>`substr(settled_at, 1, 13)`;
  const rows = await db
    .selectFrom('delivery')
    .select((select) => [hour.as('hour'), 'state', select.fn.countAll<number | string>().as('count')])
    .where('settled_at', '>=', since.toISOString())
    .where('direction', '=', 'in')
    .groupBy([hour, 'state'])
    .execute();
  return rows.map((row) => ({ ...row, count: Number(row.count) }));
}

/** How often a device took a status since a time. */
export async function deviceMovesSince(db: Db, since: Date): Promise<Partial<Record<DeviceStatus, number>>> {
  const rows = await db
    .selectFrom('device_history')
    .select((select) => ['status', select.fn.countAll<number | string>().as('count')])
    .where('at', '>=', since.toISOString())
    .groupBy('status')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.status, Number(row.count)]));
}
