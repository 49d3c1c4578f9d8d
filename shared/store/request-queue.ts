import { sql } from 'kysely';

import type { ProviderRequestRow } from './provider-requests.ts';
import { askedStates, finalStates } from './states/provider-request.ts';
import type { Db } from './tables.ts';

/** Which requests to providers are next: to be sent, or to be asked about. */

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

const isBefore = sql<boolean>`(${placeOf('earlier')}, earlier.id) < (${placeOf('request')}, request.id)`;
