import { sql } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';

import { Fault, toFault } from '../runtime/faults.ts';
import { engineOf } from './engine.ts';
import * as initial from './migrations/0001-initial.ts';
import * as companions from './migrations/0002-companions.ts';
import * as batchHeader from './migrations/0003-batch-header.ts';
import * as providerExchanges from './migrations/0004-provider-exchanges.ts';
import * as consoleUsers from './migrations/0005-console.ts';
import * as operatorsLists from './migrations/0006-operators-lists.ts';
import * as schedules from './migrations/0007-schedules.ts';
import * as intakePauses from './migrations/0008-intake-pauses.ts';
import * as probes from './migrations/0009-probes.ts';
import * as apiTokens from './migrations/0010-api-tokens.ts';
import * as settings from './migrations/0011-settings.ts';
import * as consoleLists from './migrations/0012-console-lists.ts';
import * as retention from './migrations/0013-retention.ts';
import * as ledgerIndexes from './migrations/0014-ledger-indexes.ts';
import * as leases from './migrations/0015-leases.ts';
import * as doorbell from './migrations/0016-doorbell.ts';
import * as plainChecks from './migrations/0017-plain-checks.ts';
import * as requestMessages from './migrations/0018-request-messages.ts';
import type { Db, Tables } from './tables.ts';

/** Every migration, by name; they run in the order of their names. */
const migrations: Readonly<Record<string, Migration>> = {
  '0001-initial': initial,
  '0002-companions': companions,
  '0003-batch-header': batchHeader,
  '0004-provider-exchanges': providerExchanges,
  '0005-console': consoleUsers,
  '0006-operators-lists': operatorsLists,
  '0007-schedules': schedules,
  '0008-intake-pauses': intakePauses,
  '0009-probes': probes,
  '0010-api-tokens': apiTokens,
  '0011-settings': settings,
  '0012-console-lists': consoleLists,
  '0013-retention': retention,
  '0014-ledger-indexes': ledgerIndexes,
  '0015-leases': leases,
  '0016-doorbell': doorbell,
  '0017-plain-checks': plainChecks,
  '0018-request-messages': requestMessages,
};

/** Tables that a complete store has. The type demands that every table of `Tables` is named. */
const tables: Readonly<Record<keyof Tables, true>> = {
  worker: true,
  sales_order: true,
  sales_order_organisation: true,
  sales_order_line: true,
  dispatch: true,
  device: true,
  device_history: true,
  batch: true,
  batch_item: true,
  batch_stage: true,
  enrolment_request: true,
  enrolment_request_device: true,
  delivery: true,
  job_run: true,
  job_wish: true,
  job_setting: true,
  job_clock: true,
  job_tick: true,
  job_run_batch: true,
  intake_pause: true,
  settlement_wish: true,
  workflow_event: true,
  module_property: true,
  provider_request: true,
  provider_request_message: true,
  provider_request_order: true,
  provider_request_device: true,
  provider_exchange: true,
  provider_rest: true,
  audit: true,
  console_user: true,
  console_session: true,
  sign_in_failure: true,
  api_token: true,
  probe_round: true,
  probe_state: true,
  probe_change: true,
  notice: true,
  device_count: true,
  device_move_count: true,
  file_count: true,
  settled_file_count: true,
  batch_count: true,
  retention_run: true,
};

/**
 * Brings the store to this program's version, under a lock, all or nothing.
 *
 * @returns names of the migrations that were applied now
 * @throws Fault STORE_SCHEMA when the store is newer than the program or half migrated; whatever made a migration fail
 */
export async function migrateStore(db: Db): Promise<string[]> {
  await refuseNewer(db);
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) throw toFault(error);
  await checkStore(db);
  return (results ?? []).map((result) => result.migrationName);
}

/**
 * Refuses to work on a store of another version.
 *
 * @throws Fault STORE_SCHEMA when the store is older, newer or half migrated
 */
export async function checkStore(db: Db): Promise<void> {
  const applied = await refuseNewer(db);
  const known = Object.keys(migrations);
  const missing = known.filter((name) => !applied.includes(name));
  if (missing.length > 0) {
    throw new Fault(
      'STORE_SCHEMA',
      `the store is at ${applied.at(-1) ?? 'no version'}, this program at ${known.at(-1) ?? ''}: run enrol migrate`,
    );
  }
  const present = await tableNames(db);
  const absent = Object.keys(tables).filter((name) => !present.includes(name));
  if (absent.length > 0) {
    throw new Fault(
      'STORE_SCHEMA',
      `the store is half migrated: it says ${applied.at(-1) ?? ''}, as this program, but has no table ${absent.join(', ')}`,
    );
  }
}

/**
 * The last migration that the store has had, and whether it is this program's last.
 *
 * @throws Fault STORE_SCHEMA when the store is newer
 */
export async function storeVersion(
  db: Db,
): Promise<{ readonly version: string; readonly isCurrent: boolean }> {
  const version = (await refuseNewer(db)).at(-1) ?? 'no version';
  return { version, isCurrent: version === Object.keys(migrations).at(-1) };
}

/** Names of the migrations that the store has had. */
async function refuseNewer(db: Db): Promise<string[]> {
  if (!(await tableNames(db)).includes('kysely_migration')) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  const applied = rows.map((row) => row.name);
  const newer = applied.filter((name) => !Object.hasOwn(migrations, name));
  if (newer.length > 0) {
    throw new Fault(
      'STORE_SCHEMA',
      `the store is newer (${newer.join(', ')}) than this program (${Object.keys(migrations).at(-1) ?? ''})`,
    );
  }
  return applied;
}

/**
 * Names of the tables and views of the store; of a server, those of our schema, also those that we may not read. Asked of
 * the catalogue in one short statement: the introspection of the query builder reads every column of every schema, which
 * at each start of each process costs a busy server seconds.
 */
async function tableNames(db: Db): Promise<string[]> {
  const statement =
    engineOf(db) === 'sqlite'
      ? sql<{ name: string }>`select name from sqlite_master where type in ('table', 'view')`
      : sql<{ name: string }>`select relname as name from pg_class
          where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v')`;
  const { rows } = await statement.execute(db);
  return rows.map((row) => row.name);
}
