import type { Clock } from '../shared/runtime/clock.ts';
import type { JobKey } from '../shared/runtime/config-schema.ts';
import type { Emit } from '../shared/runtime/events.ts';
import type { Db } from '../shared/store/tables.ts';
import type { Worker } from '../shared/store/workers.ts';

/** What a job works with. */
export interface JobContext {
  readonly db: Db;
  readonly worker: Worker;
  readonly clock: Clock;
  readonly emit: Emit;
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
