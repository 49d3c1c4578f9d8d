import { html, type Html } from './html.ts';
import { status, table, time } from './parts.ts';
import { runLink } from './shown.ts';
import { nextTimesShown } from '../shared/schedule/in-words.ts';
import type { Schedule } from '../shared/schedule/schedule.ts';
import type { JobTick } from '../shared/store/job-ticks.ts';

const previewed = 10;

/** The next ten runs, as the clocks of the schedule show them, and in UTC. */
export function nextRuns(schedule: Schedule | undefined, now: Date): Html {
  const times = schedule === undefined ? [] : nextTimesShown(schedule, now, previewed);
  if (schedule === undefined) return html`<p>No schedule starts the job.</p>`;
  if (times.length === 0) {
    return html`<p class="warning">By this schedule the job never runs: the days are all excluded.</p>`;
  }
  const run = { title: 'Run', number: true };
  const shown = times.map(({ local, utc }) => [local, time(utc.toISOString())]);
  return schedule.timeZone === 'UTC'
    ? table(
        'Next runs',
        [run, 'UTC'],
        shown.map(([, utc], index) => [index + 1, utc]),
      )
    : table(
        'Next runs',
        [run, schedule.timeZone, 'UTC'],
        shown.map(([local, utc], index) => [index + 1, local, utc]),
      );
}

/** What became of the times at which a job was due, newest first. */
export const tickTable = (ticks: readonly JobTick[], job: string): Html =>
  ticks.length === 0
    ? html`<p>The job was not due yet.</p>`
    : table(
        'Due times, newest first',
        ['Due (UTC)', 'Outcome', { title: 'Run', number: true }, 'Why it was missed'],
        ticks.map((tick) => [
          time(tick.due_at),
          tickStatus(tick),
          tick.run_id !== null && runLink(job, tick.run_id),
          tick.reason,
        ]),
      );

export function tickStatus({ state, late }: JobTick): Html {
  switch (state) {
    case 'due':
      return status('idle', 'waits for its run');
    case 'run':
      return late === 1 ? status('ok', 'caught up') : status('ok', 'ran');
    case 'missed':
      return status('warn', 'missed');
  }
}
