import { sql } from 'kysely';

import type { ProviderRequestRow } from './provider-requests.ts';
import { compiled } from './compiled.ts';
import { engineOf } from './engine.ts';
import { hasRowLocks } from './row-locks.ts';
import { unseen } from './unseen.ts';
import {
  askedStates,
  finalStates,
  openStates,
  type ProviderRequestState,
} from './states/provider-request.ts';
import type { Db } from './tables.ts';

/** Which requests to providers are next: to be sent, or to be asked about. */

/** What is asked of the queue; `providers` is a list in JSON, so that the query is one, however many there are. */
interface Due {
  readonly providers: string;
  readonly now: string;
  readonly limit: number;
}

const listed = (db: Db, json: string) =>
  engineOf(db) === 'sqlite'
    ? sql<string>`(select value from json_each(${json}))`
    : sql<string>`(select jsonb_array_elements_text(${json}::jsonb))`;

/** As part of the SQL: the plan may depend on it. */
const literal = <State extends ProviderRequestState>(state: State) => sql.lit(state);

/** Asks for what is due. */
type Find = (db: Db, providers: readonly string[], now: Date, limit: number) => Promise<ProviderRequestRow[]>;

const finding =
  (find: (db: Db, due: Due) => Promise<ProviderRequestRow[]>): Find =>
  (db, providers, now, limit) =>
    find(db, { providers: JSON.stringify(providers), now: now.toISOString(), limit });

const questions = (db: Db, { providers, now, limit }: Due) =>
  db
    .selectFrom('provider_request')
    .selectAll()
    .where('provider_id', 'in', listed(db, providers))
    .where('state', 'in', askedStates.map(literal))
    .where('next_query_at', '<=', now)
    .orderBy('next_query_at')
    .limit(unseen(limit));

/** Requests of some providers that the provider should be asked about now, longest due first. */
export const dueQuestions = finding(compiled<Due, ProviderRequestRow>(questions));

/** The same, for this transaction alone: others pass them by. */
export const takeDueQuestions = finding(
  compiled<Due, ProviderRequestRow>((db, due) =>
    questions(db, due).$if(hasRowLocks(db), (query) => query.forUpdate().skipLocked()),
  ),
);

const requests = (db: Db, { providers, now, limit }: Due) =>
  db
    .selectFrom('provider_request as request')
    .selectAll()
    // Their ids are in an index: what may not be sent is looked for in their order, and no further than the limit.
    .where('request.id', 'in', (build) =>
      build
        .selectFrom('provider_request')
        .select('id')
        .where('provider_id', 'in', listed(db, providers))
        .where('state', '=', literal('queued'))
        .where('release_at', '<=', now),
    )
    .where((build) =>
      build.not(
        build.exists(
          build
            .selectFrom('provider_request_order as own')
            .innerJoin('provider_request_order as other', 'other.order_id', 'own.order_id')
            .innerJoin('provider_request as earlier', 'earlier.id', 'other.request_id')
            .select('earlier.id')
            .whereRef('own.request_id', '=', 'request.id')
            .where(keepsWaiting),
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
            .where(keepsWaiting),
        ),
      ),
    )
    .orderBy('request.id')
    .limit(unseen(limit));

/**
 * Requests of some providers that may be sent now, oldest first. One waits while an earlier one about the same order, or
 * the same device at the provider, is not finished: providers promise no order between two.
 */
export const dueRequests = finding(compiled<Due, ProviderRequestRow>(requests));

/** The same, for this transaction alone: others pass them by. */
export const takeDueRequests = finding(
  compiled<Due, ProviderRequestRow>((db, due) =>
    requests(db, due).$if(hasRowLocks(db), (query) => query.forUpdate().skipLocked()),
  ),
);

/** Providers that have open requests: from one to the next in an index, however many requests they have. */
export async function providersWithOpenRequests(db: Db): Promise<string[]> {
  const found: string[] = [];
  for (let after = ''; ;) {
    const [row] = await findNextProvider(db, { after });
    if (row?.provider == null) return found;
    found.push((after = row.provider));
  }
}

const findNextProvider = compiled<{ after: string }, { provider: string | null }>((db, { after }) => {
  const rows = openStates.map((state) => {
    const next = db
      .selectFrom('provider_request')
      .select((select) => select.fn.min('provider_id').as('provider'))
      .where('state', '=', literal(state))
      .where('provider_id', '>', after);
    return sql`(${next})`;
  });
  // Both engines call the columns of a list of values so.
  return sql<{ provider: string | null }>`
    select min(column1) as provider from (values ${sql.join(rows)}) as found`;
});

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

/** The place of a request among all: a part of one that was too large stands where that one stood. */
export const placeOf = (name: 'request' | 'earlier') =>
  sql<number>`coalesce(${sql.ref(`${name}.replaces_id`)}, ${sql.ref(`${name}.id`)})`;

/** What is added keeps the planner from looking through all requests of the provider, instead of the few about the same thing. */
const keepsWaiting = sql<boolean>`earlier.provider_id || '' = request.provider_id
  and earlier.state not in (${sql.join(finalStates.map(literal))})
  and (${placeOf('earlier')}, earlier.id) < (${placeOf('request')}, request.id)`;
