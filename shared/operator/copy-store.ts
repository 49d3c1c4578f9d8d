import { sql } from 'kysely';

import { Fault } from '../runtime/faults.ts';
import { compareRows, type Compared } from '../store/copy/compare-rows.ts';
import { copyRows, type Progress } from '../store/copy/copy-rows.ts';
import { copyPlan, untyped, type CopyPlan } from '../store/copy/plan.ts';
import { engineOf } from '../store/engine.ts';
import { checkStore, migrateStore } from '../store/migrate.ts';
import { inTransaction } from '../store/open-store.ts';
import type { Db } from '../store/tables.ts';
import { aliveWorkers } from '../store/workers.ts';

export interface CopiedStore {
  /** False when something is not the same: then nothing is in the target. */
  readonly copied: boolean;
  readonly tables: readonly Compared[];
  /** What the triggers of both sides have counted. */
  readonly counts: readonly Compared[];
}

/** Is told what is done with which table, and how many rows of it are through. */
export type CopyProgress = (step: 'copied' | 'compared', table: string, rows: number) => void;

/**
 * Copies an embedded store into an empty one on a server, and compares every row afterwards. All of it is in the target
 * then, or nothing; while it lasts, nobody writes into either of them. The source stays as it is.
 *
 * @throws Fault NOT_ALLOWED when a process of the installation lives, or the target is not empty; STORE_SCHEMA when the
 *   target is of another version; STORE_ROW; STORE_OUTCOME_UNKNOWN: it is complete if the target is not empty
 */
export async function copyStore(source: Db, target: Db, progress: CopyProgress): Promise<CopiedStore> {
  if (engineOf(source) !== 'sqlite')
    throw new Fault('NOT_ALLOWED', 'the store of this installation is on a server already');
  return inTransaction(source, async (from) => {
    await requireStandstill(from);
    await prepare(target);
    const plan = await copyPlan(from, target);
    try {
      return await inTransaction(target, async (to) => {
        await requireEmpty(to, plan);
        const result = await copyAndCompare(from, to, plan, progress);
        if (!result.copied) throw new Different(result);
        return result;
      });
    } catch (thrown) {
      if (thrown instanceof Different) return thrown.result;
      throw thrown;
    }
  });
}

/** Takes back the transaction that wrote what is not the same. */
class Different extends Error {
  readonly result: CopiedStore;

  constructor(result: CopiedStore) {
    super('the copy differs');
    this.result = result;
  }
}

/** What a process has in memory would be lost, or come too late. @throws Fault NOT_ALLOWED */
async function requireStandstill(from: Db): Promise<void> {
  const alive = await aliveWorkers(from, new Date());
  if (alive.length === 0) return;
  const names = alive.map(({ daemon, host, pid }) => `${daemon} (${host}, process ${pid})`).join(', ');
  throw new Fault('NOT_ALLOWED', `stop every process of the installation first: ${names}`);
}

/** Makes the tables of a target that has none. @throws Fault NOT_ALLOWED, STORE_SCHEMA */
async function prepare(target: Db): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = current_schema()`.execute(target);
  const names = rows.map(({ name }) => name);
  if (names.length === 0) await migrateStore(target);
  else if (names.includes('kysely_migration')) await checkStore(target);
  else
    throw new Fault('NOT_ALLOWED', `the target is no store, and has tables of its own: ${names.join(', ')}`);
}

/** Nobody else writes until the end, and nobody has written before. @throws Fault NOT_ALLOWED */
async function requireEmpty(to: Db, { tables }: CopyPlan): Promise<void> {
  const names = tables.map(({ name }) => name);
  // Before the first query, which fixes what this transaction sees.
  await sql`lock table ${sql.join(names.map((name) => sql.table(name)))} in exclusive mode`.execute(to);
  for (const name of names) {
    const row = await untyped(to).selectFrom(name).select(sql.lit(1).as('one')).limit(1).executeTakeFirst();
    if (row) throw new Fault('NOT_ALLOWED', `the target is not empty: it has rows in ${name}`);
  }
}

async function copyAndCompare(
  from: Db,
  to: Db,
  { tables, counts }: CopyPlan,
  progress: CopyProgress,
): Promise<CopiedStore> {
  const tell =
    (step: 'copied' | 'compared'): Progress =>
    (table, rows) =>
      progress(step, table, rows);
  for (const table of tables) await copyRows(from, to, table, tell('copied'));
  const compared: Compared[] = [];
  for (const table of tables) compared.push(await compareRows(from, to, table, tell('compared')));
  const counted: Compared[] = [];
  for (const count of counts) counted.push(await compareRows(from, to, count, tell('compared')));
  const copied = [...compared, ...counted].every(({ differences }) => differences === 0);
  return { copied, tables: compared, counts: counted };
}
