import { html, type Html } from '../html.ts';
import { enabledStatus, jobStanding, schedulerWarning, type JobStanding } from '../job-standing.ts';
import { pathTo } from '../links.ts';
import type { Context, Page } from '../page.ts';
import { table, time } from '../parts.ts';
import { nextRuns, tickStatus, tickTable } from '../schedule-tables.ts';
import { jobs } from '../../jobs/registry.ts';
import { activeSchedule } from '../../jobs/schedule.ts';
import { catchUpInWords, exclusionsInWords, scheduleInWords } from '../../shared/schedule/in-words.ts';
import { listTicks, type JobTick } from '../../shared/store/job-ticks.ts';

/** When every job runs by itself. */
export const schedulesPage: Page = {
  path: '/schedules',
  title: 'Schedules',
  menu: 'Daily Operations',
  role: 'viewer',
  refreshSeconds: 30,
  render: renderSchedules,
};

/** Due times shown of each job; its own page has all of them. */
const shownTicks = 5;

interface Row {
  readonly standing: JobStanding;
  readonly ticks: readonly JobTick[];
}

async function renderSchedules(context: Context): Promise<Html> {
  const rows = await Promise.all(
    jobs.map(async (job): Promise<Row> => ({
      standing: await jobStanding(context, job),
      ticks: await listTicks(context.db, job.key, { limit: shownTicks }),
    })),
  );
  const now = context.clock.now();
  return html`
    ${await schedulerWarning(context.db, now)}
    ${table(
      'Jobs with their schedules',
      [
        'Job',
        'Kind',
        'Enabled',
        'Schedule',
        'Time zone',
        'Days excluded',
        'Catch-up',
        'Next run (UTC)',
        'Last due time (UTC)',
      ],
      rows.map(scheduleRow),
    )}
    ${rows.filter(({ standing, ticks }) => standing.next !== undefined || ticks.length > 0).map((row) => details(row, now))}
  `;
}

function scheduleRow({ standing, ticks: [last] }: Row) {
  const { job, kind, settings, next } = standing;
  const { schedule } = settings;
  const scheduled = schedule.kind !== 'none';
  return [
    html`<a href="${pathTo('/schedules/:job', { job: job.key })}">${job.name}</a>`,
    kind,
    enabledStatus(settings),
    scheduled ? scheduleInWords(schedule) : 'none',
    scheduled && schedule.timeZone,
    scheduled && exclusionsInWords(schedule),
    scheduled && catchUpInWords(schedule),
    time(next?.toISOString()),
    last && html`${time(last.due_at)} ${tickStatus(last)}`,
  ];
}

const details = ({ standing, ticks }: Row, now: Date): Html => html`
  <details>
    <summary>${standing.job.name}: next ten runs and last due times</summary>
    ${nextRuns(activeSchedule(standing.settings), now)} ${tickTable(ticks, standing.job.key)}
  </details>
`;
