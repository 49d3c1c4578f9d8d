import type { Kysely } from 'kysely';

import { engineOf } from '../engine.ts';
import { countOnPostgres } from '../postgres/counts.ts';
import { countOnSqlite } from '../sqlite/counts.ts';

/**
 * What a page shows must not cost more because the store has grown. Counts are kept beside the rows by triggers, in the
 * transaction that changes the rows: they are right after a crash and whoever writes. Lists get an index of their own.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await (engineOf(db) === 'sqlite' ? countOnSqlite(db) : countOnPostgres(db));
  await indexes(db);
}

async function indexes(db: Kysely<unknown>): Promise<void> {
  const index = (name: string, table: string, columns: string[]) =>
    db.schema.createIndex(name).on(table).columns(columns).execute();
  await index('batch_of_type_and_status', 'batch', ['type', 'status', 'id']);
  await index('batch_of_direction_and_status', 'batch', ['direction', 'status', 'id']);
  await index('device_history_time', 'device_history', ['device', 'at', 'id']);
  await index('dispatch_of_order', 'dispatch', ['order_id', 'id']);
  await index('enrolment_request_list_of_order', 'enrolment_request', ['order_id', 'id']);
  await index('provider_request_open', 'provider_request', ['state', 'provider_id', 'sent_at']);
  await index('provider_request_transaction_id', 'provider_request', ['transaction_id']);
  await index('workflow_event_time', 'workflow_event', ['reference_number', 'created_at', 'id']);
  await db.schema.dropIndex('device_history_device').execute();
}
