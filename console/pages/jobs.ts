import { html, type Html } from '../html.ts';
import {
  enabledStatus,
  jobLink,
  jobStanding,
  jobStatus,
  runForm,
  schedulerWarning,
} from '../job-standing.ts';
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
      [
        'Job',
        'Kind',
        { title: 'Priority', number: true },
        'Enabled',
        'Runs',
        'Next run (UTC)',
        'Last run (UTC)',
        'Status',
        'By hand',
      ],
      standings.map((standing) => [
        html`${jobLink(standing.job)}<br /><span class="quiet">${standing.job.description}</span>`,
        standing.kind,
        standing.settings.priority,
        enabledStatus(standing.settings),
        standing.starts,
        time(standing.next?.toISOString()),
        time(standing.last?.started_at),
        jobStatus(standing),
        may(context, 'operator') && runForm(context, standing),
      ]),
    )}
  `;
}
