import { html, type Html } from '../html.ts';
import { jobLink, resultOf } from '../job-standing.ts';
import type { Context, Page, PageRequest } from '../page.ts';
import { facts, time } from '../parts.ts';
import { faultFacts, runStatus } from '../shown.ts';
import { jobNamed } from '../../jobs/registry.ts';
import { requireRun } from '../../shared/store/job-runs.ts';

/** One run of a job: what it did, and what it met. */
export const jobRunPage: Page = {
  path: '/jobs/:job/runs/:run',
  title: 'Run',
  heading: ({ params }) => `${jobNamed(params.text('job')).name}, run ${params.text('run')}`,
  role: 'viewer',
  render: renderRun,
};

async function renderRun({ db }: Context, { params }: PageRequest): Promise<Html> {
  const job = jobNamed(params.text('job'));
  const run = await requireRun(db, job.key, params.number('run'));
  const { batches, records, problems } = resultOf(run);
  return html`
    ${facts([
      ['Job', jobLink(job)],
      ['State', runStatus(run.state)],
      ['Started by', run.cause],
      ['Began (UTC)', time(run.started_at)],
      ['Ended (UTC)', run.finished_at && time(run.finished_at)],
      ['Batches', run.result_json && batches],
      ['Records', run.result_json && records],
      ...faultFacts(run.fault_code, run.detail),
    ])}
    <h2>Problems</h2>
    ${
      problems.length === 0
        ? html`<p>${run.result_json === null ? 'None are recorded.' : 'None: everything went through.'}</p>`
        : html`<ul>
            ${problems.map((problem) => html`<li>${problem}</li>`)}
          </ul>`
    }
  `;
}
