import { dirname, join } from 'node:path';

import type { Clock } from '../runtime/clock.ts';
import type { LoadedConfig } from '../runtime/config.ts';
import { syncFolder } from '../runtime/durable.ts';
import { failPoint } from '../runtime/fail-point.ts';
import { spoolFolder } from '../runtime/paths.ts';
import { inspectArchived, removeArchived, type Doubt } from '../spool/archived-file.ts';
import { deliveryAt, type Delivery } from '../store/deliveries.ts';
import { inTransaction } from '../store/open-store.ts';
import {
  archivedAfter,
  archivedBytes,
  countOld,
  noteGone,
  noteRemoval,
  removalsUnderWay,
  removeOld,
  type ArchivedState,
  type OldRows,
  type Removal,
} from '../store/retention.ts';
import {
  addToRetentionRun,
  finishRetentionRun,
  lastDryRunByHand,
  openRetentionRun,
  type RetentionRun,
} from '../store/retention-runs.ts';
import type { Db } from '../store/tables.ts';
import { archiveLimits, cutOff, isLetGo, letsGo } from './retention-rules.ts';
import { unrecordedFiles } from './spool-check.ts';

/**
 * Lets go of what has been kept long enough: archived files of which the store knows every byte, and old rows. A file's
 * row says that it goes before it goes, so that a crash in between is finished by the next run.
 */

export interface RetentionHost {
  readonly db: Db;
  readonly loaded: LoadedConfig;
  readonly clock: Clock;
  /** Asked before every change. @throws Fault LEASE_LOST when the run is another's by now */
  readonly hold: (db: Db) => Promise<void>;
}

export interface RetentionRequest {
  readonly kind: RetentionRun['kind'];
  /** Number of the job's run. */
  readonly jobRun: number;
  readonly byHand: boolean;
  /** Is told of every file that goes, or would go. */
  readonly onFile?: (file: Delivery) => void;
  /** Is told now and then how many files have been looked at. */
  readonly onProgress?: (files: number) => Promise<void>;
}

export interface ArchiveReport {
  readonly files: number;
  readonly bytes: number;
  /** When the first and the last of them were settled. */
  readonly oldest: string | null;
  readonly newest: string | null;
}

/** A file that the settings let go, and that stays all the same. */
export interface Stayed {
  readonly file: number;
  readonly place: string;
  readonly why: Doubt;
}

export interface RetentionReport {
  readonly done: ArchiveReport;
  readonly rejected: ArchiveReport;
  readonly rows: Readonly<Record<OldRows, number>>;
  /** The first of them; there may be more. */
  readonly stayed: readonly Stayed[];
  readonly stayedCount: number;
  /** Files that the store does not know: they are never removed. The first of them. */
  readonly unrecorded: readonly string[];
  readonly unrecordedCount: number;
}

/** Rows, and files, taken at a time. */
const pageSize = 100;
/** Files that a report names. */
const named = 20;

/** The settings as they are compared: a dry run counts for exactly these. */
export const settingsOf = ({ config }: LoadedConfig): string => JSON.stringify(config.retention);

/** Whether the newest dry run that somebody asked for was one of the present settings: nothing is removed before. */
export async function isAnnounced(db: Db, loaded: LoadedConfig): Promise<boolean> {
  return (await lastDryRunByHand(db))?.settings_json === settingsOf(loaded);
}

/** Whether the settings let anything go. */
export const isRetentionSet = ({ config }: LoadedConfig): boolean => letsGo(config.retention);

/** One run; a dry one changes nothing but its own record. Whether it may run is for the caller to ask. */
export async function retain(
  { db, loaded, clock, hold }: RetentionHost,
  { kind, jobRun, byHand, onFile, onProgress }: RetentionRequest,
): Promise<{ readonly run: RetentionRun; readonly report: RetentionReport }> {
  const now = clock.now();
  const begun = { kind, job_run_id: jobRun, by_hand: byHand ? 1 : 0, settings_json: settingsOf(loaded) };
  const run = await openRetentionRun(db, begun, now);
  const sweep = new Sweep({ db, hold, spool: spoolFolder(loaded), run, now, onFile, onProgress });
  const archives = {
    done: await sweep.archive('done', loaded),
    rejected: await sweep.archive('rejected', loaded),
  };
  const rows = await oldRows(db, loaded, run, now);
  const unrecorded: string[] = [];
  let unrecordedCount = 0;
  for await (const place of unrecordedFiles(loaded, db)) {
    if (++unrecordedCount <= named) unrecorded.push(place);
  }
  const { stayed, stayedCount } = sweep;
  const report = { ...archives, rows, stayed, stayedCount, unrecorded, unrecordedCount };
  return { run: await finishRetentionRun(db, run.id, report, clock.now()), report };
}

interface SweepContext extends Pick<RetentionHost, 'db' | 'hold'> {
  readonly spool: string;
  readonly run: RetentionRun;
  readonly now: Date;
  readonly onFile: RetentionRequest['onFile'];
  readonly onProgress: RetentionRequest['onProgress'];
}

/** Goes through the archived files, the longest settled first, until one may stay. */
class Sweep {
  readonly stayed: Stayed[] = [];
  stayedCount = 0;
  readonly #context: SweepContext;
  #looked = 0;

  constructor(context: SweepContext) {
    this.#context = context;
  }

  async archive(state: ArchivedState, { config }: LoadedConfig): Promise<ArchiveReport> {
    const { db, now, onProgress } = this.#context;
    const limits = archiveLimits(config.retention, state, now);
    let bytes = limits.bytes === undefined ? 0 : await archivedBytes(db, state);
    let after: Delivery | undefined;
    let report: ArchiveReport = { files: 0, bytes: 0, oldest: null, newest: null };
    for (;;) {
      const page = await archivedAfter(db, state, after, pageSize);
      const removals: Removal[] = [];
      for (const row of page) {
        if (!isLetGo(new Date(row.settled_at ?? ''), limits, bytes)) break;
        after = row;
        this.#looked++;
        const removal = await this.#inspect(row);
        if (removal === undefined) continue;
        removals.push(removal);
        bytes -= row.size ?? 0;
      }
      report = addTo(report, await this.#let(removals));
      await onProgress?.(this.#looked);
      if (page.length === 0 || after?.id !== page.at(-1)?.id) return report;
    }
  }

  async #inspect(row: Delivery): Promise<Removal | undefined> {
    const inspection = await inspectArchived(this.#context.spool, row);
    if ('mark' in inspection) return { row, mark: inspection.mark };
    if (++this.stayedCount <= named) {
      this.stayed.push({ file: row.id, place: row.place ?? '', why: inspection.doubt });
    }
    return undefined;
  }

  /** Those that go, or would go. */
  async #let(removals: readonly Removal[]): Promise<Delivery[]> {
    const { db, hold, spool, run, now, onFile } = this.#context;
    if (removals.length === 0) return [];
    const rows =
      run.kind === 'dry run'
        ? removals.map(({ row }) => row)
        : await inTransaction(db, async (trx) => {
            await hold(trx);
            return noteRemovals(trx, removals, run, now);
          });
    if (run.kind === 'dry run') await addToRetentionRun(db, run.id, rows.length, bytesOf(rows));
    else await removeNoted({ db, hold }, spool, rows);
    for (const row of rows) onFile?.(row);
    return rows;
  }
}

async function noteRemovals(
  trx: Db,
  removals: readonly Removal[],
  run: RetentionRun,
  now: Date,
): Promise<Delivery[]> {
  const noted: Delivery[] = [];
  for (const removal of removals) {
    const row = await noteRemoval(trx, removal, run.id, now);
    if (row !== undefined) noted.push(row);
  }
  await addToRetentionRun(trx, run.id, noted.length, bytesOf(noted));
  return noted;
}

/**
 * The names are off the disk before the rows say that the files are gone. Each removal is asked for: when another run has
 * removed the file meanwhile, a newer one may have its name in rejected/.
 */
async function removeNoted(
  { db, hold }: Pick<RetentionHost, 'db' | 'hold'>,
  spool: string,
  rows: readonly Delivery[],
): Promise<void> {
  failPoint('retention.recorded');
  for (const row of rows) {
    failPoint('retention.unlinking');
    await hold(db);
    await removeArchived(spool, row);
  }
  failPoint('retention.unlinked');
  const folders = new Set(rows.map((row) => dirname(join(spool, row.place ?? ''))));
  for (const folder of folders) await syncFolder(folder);
  await noteGone(
    db,
    rows.map((row) => row.id),
  );
  failPoint('retention.finished');
}

/**
 * Removes the files that a run which died was about to remove; not a file that lies at such a place by now and is
 * another, or was put there later. May be repeated after a crash at any point.
 *
 * @returns the files that stay where they are, though their rows say that they went
 */
export async function finishRemovals({ db, loaded, hold }: RetentionHost): Promise<Stayed[]> {
  const spool = spoolFolder(loaded);
  const stayed: Stayed[] = [];
  for (;;) {
    const rows = await removalsUnderWay(db, pageSize);
    if (rows.length === 0) return stayed;
    const [there, gone]: [Delivery[], Delivery[]] = [[], []];
    for (const row of rows) {
      const doubt = await doubtOf(db, spool, row);
      (doubt === undefined ? there : gone).push(row);
      if (doubt !== undefined && doubt !== 'it is not there') {
        stayed.push({ file: row.id, place: row.place ?? '', why: doubt });
      }
    }
    await removeNoted({ db, hold }, spool, there);
    await noteGone(
      db,
      gone.map((row) => row.id),
    );
  }
}

async function doubtOf(db: Db, spool: string, row: Delivery): Promise<Doubt | undefined> {
  const inspection = await inspectArchived(spool, row);
  if ('doubt' in inspection) return inspection.doubt;
  const newest = await deliveryAt(db, row.place ?? '');
  const same = newest?.id === row.id && inspection.mark === row.removed_mark;
  return same ? undefined : 'it was changed, or put there, later';
}

async function oldRows(
  db: Db,
  { config }: LoadedConfig,
  { kind }: RetentionRun,
  now: Date,
): Promise<Record<OldRows, number>> {
  const { auditDays, exchangeDays, jobRunDays } = config.retention;
  const count = async (rows: OldRows, days: number) => {
    const before = cutOff(days, now);
    if (before === undefined) return 0;
    return kind === 'dry run' ? countOld(db, rows, before) : removeOld(db, rows, before);
  };
  return {
    audit: await count('audit', auditDays),
    exchanges: await count('exchanges', exchangeDays),
    jobRuns: await count('jobRuns', jobRunDays),
  };
}

const bytesOf = (rows: readonly Delivery[]): number => rows.reduce((sum, { size }) => sum + (size ?? 0), 0);

const addTo = (report: ArchiveReport, rows: readonly Delivery[]): ArchiveReport => ({
  files: report.files + rows.length,
  bytes: report.bytes + bytesOf(rows),
  oldest: report.oldest ?? rows[0]?.settled_at ?? null,
  newest: rows.at(-1)?.settled_at ?? report.newest,
});
