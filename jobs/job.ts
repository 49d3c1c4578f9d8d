import type { Clock } from '../shared/runtime/clock.ts';
import type { LoadedConfig } from '../shared/runtime/config.ts';
import type { JobKey } from '../shared/runtime/config-schema.ts';
import type { Emit } from '../shared/runtime/events.ts';
import type { RunBatch } from '../shared/store/job-run-batches.ts';
import type { Db } from '../shared/store/tables.ts';
import type { Worker } from '../shared/store/workers.ts';

/** What a process that runs jobs has at hand. */
export interface JobHost {
  readonly db: Db;
  readonly loaded: LoadedConfig;
  readonly worker: Worker;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** What a job works with. */
export interface JobContext extends JobHost {
  readonly run: RunNotes;
  /** Of the loaded batches this one alone: to see what the job would do with it. */
  readonly onlyBatch?: number;
}

/** What people see of a run while it is under way, and afterwards; and that it is under way. */
export interface RunNotes {
  /**
   * Asked in every transaction in which a job changes something, and before what cannot be undone: nothing is changed any
   * more when others have ended the run, who took this process for dead.
   *
   * @throws Fault LEASE_LOST
   */
  readonly hold: (db: Db) => Promise<void>;
  /** Such a transaction. */
  transaction<T>(work: (trx: Db) => Promise<T>): Promise<T>;
  /** So many records are done, of so many if that is known. Not within a transaction; written now and then only. */
  progress(done: number, total?: number): Promise<void>;
  /** The run made these batches, works them off, or sets them back; part of the transaction in which it does. */
  batches(trx: Db, batchIds: readonly number[], what: RunBatch['what']): Promise<void>;
}

/** What a run did: counts for people, and the problems it met without stopping. */
export interface JobResult {
  readonly batches: number;
  readonly records: number;
  readonly problems: readonly string[];
}

export interface Job {
  readonly key: JobKey;
  /** CMP's name. */
  readonly name: string;
  readonly description: string;
  /** Type of the inbound batches whose arrival starts the job. */
  readonly trigger?: string;
  run(context: JobContext): Promise<JobResult>;
}
