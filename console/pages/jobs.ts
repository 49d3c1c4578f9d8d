import { html, type Html } from '../html.ts';
import { jobLink, jobStanding, jobStatus, runForm, schedulerWarning } from '../job-standing.ts';
import type { Context, Page } from '../page.ts';
import { table, time } from '../parts.ts';
import { may } from '../shown.ts';
import { jobs } from '../../jobs/registry.ts';

/** The jobs with their schedules and last runs. */
export const jobsPage: Page = {
  path: '/jobs',
  title: 'Jobs',
  menu: 'Daily Operations',
  role: 'viewer',
  refreshSeconds: 10,
  render: renderJobs,
};

async function renderJobs(context: Context): Promise<Html> {
  const standings = await Promise.all(jobs.map((job) => jobStanding(context, job)));
  return html`
    ${await schedulerWarning(context.db, context.clock.now())}
    ${table(
      'Jobs, in the order of a device’s life',
      ['Job', 'What it does', 'Runs', 'Next run (UTC)', 'Last run (UTC)', 'Status', 'By hand'],
      standings.map((standing) => [
        jobLink(standing.job),
        standing.job.description,
        standing.starts,
        time(standing.next?.toISOString()),
        time(standing.last?.started_at),
        jobStatus(standing),
        may(context, 'operator') && runForm(context, standing),
      ]),
    )}
  `;
}
