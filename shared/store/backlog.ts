import { sql } from 'kysely';

import { openStates } from './states/provider-request.ts';
import type { Db } from './tables.ts';

/** What waits in the store, counted by age. */
export interface CountedByAge {
  readonly queue: string;
  /** Of what: an inbox, a folder, a provider. */
  readonly name: string;
  /** How many are younger than each bound. */
  readonly youngerThan: readonly number[];
  readonly total: number;
}

type Counts = Readonly<Record<`younger${number}`, number>> & { readonly total: number };

/**
 * Received files that are deferred or held, produced ones that are not out yet, and requests to providers without a final
 * answer. Counted by the store: of a hundred thousand, a few rows come back.
 *
 * @param bounds times, newest first
 */
export async function waitingByAge(db: Db, bounds: readonly Date[]): Promise<CountedByAge[]> {
  const times = bounds.map((bound) => bound.toISOString());
  const byAge = (since: string) => [
    ...times.map((time, at) =>
      sql<number>`sum(case when ${sql.ref(since)} > ${time} then 1 else 0 end)`.as(`younger${at}`),
    ),
    sql<number>`count(*)`.as('total'),
  ];
  const waiting = await db
    .selectFrom('delivery')
    .select(['state', 'folder'])
    .select(byAge('seen_at'))
    .where('direction', '=', 'in')
    .where('state', 'in', ['deferred', 'held'])
    .groupBy(['state', 'folder'])
    .execute();
  const unpublished = await db
    .selectFrom('delivery')
    .select('folder')
    .select(byAge('seen_at'))
    .where('direction', '=', 'out')
    .where('state', 'in', ['seen', 'claimed'])
    .groupBy('folder')
    .execute();
  const requests = await db
    .selectFrom('provider_request')
    .select(['state', 'provider_id'])
    .select(byAge('created_at'))
    .where('state', 'in', [...openStates])
    .groupBy(['state', 'provider_id'])
    .execute();
  const counted = (queue: string, name: string, row: object): CountedByAge => {
    const counts = row as Counts;
    return {
      queue,
      name,
      youngerThan: times.map((_, at) => counts[`younger${at}`] ?? 0),
      total: counts.total,
    };
  };
  return [
    ...waiting.map((row) => counted(row.state, row.folder, row)),
    ...unpublished.map((row) => counted('to publish', row.folder, row)),
    ...requests.map((row) => counted(`request ${row.state}`, row.provider_id, row)),
  ];
}
