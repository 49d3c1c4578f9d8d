import { auditSection } from '../audit-section.ts';
import { html, type Html } from '../html.ts';
import {
  enabledStatus,
  jobStanding,
  jobStatus,
  resultOf,
  runForm,
  schedulerWarning,
} from '../job-standing.ts';
import { pathTo } from '../links.ts';
import { operatorOf, type Action, type Context, type Page, type PageRequest } from '../page.ts';
import { keyPage, newestFirst, shownRows } from '../paging.ts';
import { facts, table, time } from '../parts.ts';
import { firstLine, may, runLink, runStatus } from '../shown.ts';
import { settingForms } from '../job-settings-forms.ts';
import { jobNamed } from '../../jobs/registry.ts';
import { withdrawWish, wishRun } from '../../shared/operator/job-actions.ts';
import { listRuns, type JobRun } from '../../shared/store/job-runs.ts';

/** One job with its runs. */
export const jobPage: Page = {
  path: '/jobs/:job',
  title: 'Job',
  heading: ({ params }) => jobNamed(params.text('job')).name,
  role: 'viewer',
  refreshSeconds: 10,
  render: renderJob,
};

/** The console runs no job itself: it tells the scheduler, so that a run does not depend on a browser or on the console. */
export const runJobAction: Action = {
  path: '/jobs/:job/run',
  title: 'Run now',
  role: 'operator',
  run: async (context, request) => {
    const { key, name } = jobNamed(request.params.text('job'));
    await wishRun(context.db, operatorOf(context, request), key);
    const notice = `The scheduler runs the job ${name} at its next look; the run appears below.`;
    return { to: pathTo('/jobs/:job', { job: key }), notice };
  },
};

export const withdrawJobAction: Action = {
  path: '/jobs/:job/withdraw',
  title: 'Do not run',
  role: 'operator',
  run: async (context, request) => {
    const { key, name } = jobNamed(request.params.text('job'));
    await withdrawWish(context.db, operatorOf(context, request), key);
    return {
      to: pathTo('/jobs/:job', { job: key }),
      notice: `The job ${name} is not asked to run any more.`,
    };
  },
};

async function renderJob(context: Context, request: PageRequest): Promise<Html> {
  const job = jobNamed(request.params.text('job'));
  const standing = await jobStanding(context, job);
  const runs = await listRuns(context.db, job.key, keyPage(request));
  return html`
    ${await schedulerWarning(context.db, context.clock.now())}
    ${facts([
      ['What it does', job.description],
      ['Kind', standing.kind],
      [
        'Runs',
        html`${standing.starts} · <a href="${pathTo('/schedules/:job', { job: job.key })}">schedule</a>`,
      ],
      ['Enabled', enabledStatus(standing.settings)],
      ['Priority', `${standing.settings.priority} (1 goes first, 99 last)`],
      ['Next run (UTC)', standing.next && time(standing.next.toISOString())],
      ['Status', jobStatus(standing)],
      ['Asked for', standing.wish && html`by ${standing.wish.who} at ${time(standing.wish.wished_at)} UTC`],
    ])}
    ${may(context, 'operator') && html`<div class="actions">${runForm(context, standing)} ${settingForms(context, standing)}</div>`}
    <h2>Runs</h2>
    ${runs.length === 0 ? html`<p>The job has not run yet.</p>` : runTable(shownRows(runs))}
    ${newestFirst(request, runs)} ${await auditSection(context, request, `job ${job.key}`)}
  `;
}

const runTable = (runs: readonly JobRun[]): Html =>
  table(
    'Runs, newest first',
    [
      { title: 'Run', number: true },
      'Began (UTC)',
      'Ended (UTC)',
      'Started by',
      'State',
      { title: 'Batches', number: true },
      { title: 'Records', number: true },
      { title: 'Problems', number: true },
      'Failure',
    ],
    runs.map((run) => {
      const { batches, records, problems } = resultOf(run);
      return [
        runLink(run.job, run.id),
        time(run.started_at),
        time(run.finished_at),
        run.cause,
        runStatus(run.state),
        batches,
        records,
        problems.length,
        run.fault_code && html`<span class="code">${run.fault_code}</span> ${firstLine(run.detail)}`,
      ];
    }),
  );
