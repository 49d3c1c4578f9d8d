import type { Runtime } from '../shared/daemon/process.ts';
import { dueTimes, nextTimes } from '../shared/schedule/due-times.ts';
import type { Schedule } from '../shared/schedule/schedule.ts';
import { recentSpans } from '../shared/store/job-runs.ts';
import {
  dueTick,
  findJobClock,
  missDueTick,
  pruneTicks,
  recordTicks,
  setJobClock,
  type JobTick,
} from '../shared/store/job-ticks.ts';
import { inTransaction } from '../shared/store/open-store.ts';
import type { Db } from '../shared/store/tables.ts';
import type { Job } from './job.ts';
import { activeSchedule, jobSettings, type JobSettings } from './schedule.ts';
import { planTicks } from './tick-rules.ts';

/** Recorded of one look: after a year in which nobody looked, nobody reads a row for each minute of it. */
const recordedAtOnce = 100;
/** A clock that is set back by less finds every tick again, and starts nothing twice. */
const keptDays = 35;
const dayMilliseconds = 86_400_000;

/** What a schedule looked like last time, so that a look at which nothing is due costs nothing. */
interface Seen {
  readonly schedule: string;
  readonly from: Date;
  readonly next: Date | undefined;
}

/** What a look comes to. */
interface Look {
  /** From now on. */
  readonly missed: readonly JobTick[];
  readonly remembered: Seen;
  /** Seconds by which the clock was set back. */
  readonly setBack: number;
}

/**
 * Records the times at which a job is due, once each, however many schedulers look: that of the last time is kept in the
 * store. A schedule that is new, or was changed, begins now and has no past.
 */
export class Ticker {
  readonly #runtime: Runtime;
  readonly #job: Job;
  #seen: Seen | undefined;

  constructor(runtime: Runtime, job: Job) {
    this.#runtime = runtime;
    this.#job = job;
  }

  /** @param settings of the job, as they are in the store now */
  async look(settings: JobSettings): Promise<void> {
    const now = this.#runtime.clock.now();
    const seen = this.#seen;
    const same = seen?.schedule === textOf(activeSchedule(settings)) && seen.from <= now;
    if (same && (seen.next === undefined || now < seen.next)) return;
    const { db } = this.#runtime;
    const { missed, remembered, setBack } = await inTransaction(db, (trx) => this.#record(trx, now));
    // Only now: what was not committed is looked for again.
    this.#seen = remembered;
    if (setBack > 0)
      this.#runtime.emit('scheduler.clock-set-back', { job: this.#job.name, seconds: setBack });
    const last = missed.at(-1);
    if (last) {
      const fields = { job: this.#job.name, ticks: missed.length, due: last.due_at };
      this.#runtime.emit('job.missed', { ...fields, detail: last.reason ?? '' });
    }
  }

  async #record(trx: Db, now: Date): Promise<Look> {
    const { key } = this.#job;
    // Read anew: another process may have looked meanwhile, and somebody changed the schedule.
    const schedule = activeSchedule(await jobSettings(trx, this.#runtime.loaded.config, key));
    const text = textOf(schedule);
    const clock = await findJobClock(trx, key);
    if (schedule === undefined || clock?.schedule_json !== text) {
      const remembered = await this.#remember(trx, schedule, now, clock?.schedule_json !== text);
      const changed =
        schedule === undefined ? 'the job has no schedule any more' : 'its schedule was changed';
      const missed = clock && clock.schedule_json !== text && (await missDueTick(trx, key, changed));
      return { missed: missed ? [missed] : [], remembered, setBack: 0 };
    }
    // A clock that was set back comes to the same times again: they are recorded, and what was never due yet is due then.
    const considered = new Date(clock.considered_until);
    const setBack = Math.max(0, Math.round((considered.getTime() - now.getTime()) / 1000));
    const from = considered <= now ? considered : now;
    const { times, more } = dueTimes(schedule, from, now, recordedAtOnce);
    const ticks = planTicks({
      due: times,
      more,
      now,
      catchUp: schedule.catchUp,
      spans: await recentSpans(trx, key, now),
      waits: (await dueTick(trx, key)) !== undefined,
    });
    const recorded = await recordTicks(trx, key, ticks, now);
    if (recorded.length > 0) await pruneTicks(trx, key, new Date(now.getTime() - keptDays * dayMilliseconds));
    const until = times.at(-1) ?? from;
    const write = until.toISOString() !== clock.considered_until;
    const remembered = await this.#remember(trx, schedule, until, write);
    return { missed: recorded.filter((tick) => tick.state === 'missed'), remembered, setBack };
  }

  async #remember(trx: Db, schedule: Schedule | undefined, until: Date, write: boolean): Promise<Seen> {
    const text = textOf(schedule);
    if (write) {
      const considered_until = until.toISOString();
      await setJobClock(trx, { job: this.#job.key, schedule_json: text, considered_until });
    }
    const next = schedule === undefined ? undefined : nextTimes(schedule, until, 1)[0];
    return { schedule: text, from: until, next };
  }
}

const textOf = (schedule: Schedule | undefined): string =>
  schedule === undefined ? '' : JSON.stringify(schedule);
