import { html, type Html } from '../html.ts';
import { jobLink, resultOf } from '../job-standing.ts';
import type { Context, Page, PageRequest } from '../page.ts';
import { fetched, nextKey, pager, shownRows } from '../paging.ts';
import { facts, table, time } from '../parts.ts';
import { batchLink, batchStatus, faultFacts, itemStatus, lines, orderLink, runStatus } from '../shown.ts';
import { jobNamed } from '../../jobs/registry.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import type { BatchItem } from '../../shared/store/batches.ts';
import { batchesOfRun, itemsOfRun, type ItemPlace } from '../../shared/store/job-run-batches.ts';
import { requireRun, type JobRun } from '../../shared/store/job-runs.ts';

/** One run of a job: what it did, how far it is, and what it met. */
export const jobRunPage: Page = {
  path: '/jobs/:job/runs/:run',
  title: 'Run',
  heading: ({ params }) => `${jobNamed(params.text('job')).name}, run ${params.text('run')}`,
  role: 'viewer',
  refreshSeconds: 5,
  render: renderRun,
};

async function renderRun({ db }: Context, request: PageRequest): Promise<Html> {
  const job = jobNamed(request.params.text('job'));
  const run = await requireRun(db, job.key, request.params.number('run'));
  const { batches, records, problems } = resultOf(run);
  return html`
    ${facts([
      ['Job', jobLink(job)],
      ['State', runStatus(run.state)],
      ['Started by', run.cause],
      ['Began (UTC)', time(run.started_at)],
      ['Ended (UTC)', run.finished_at && time(run.finished_at)],
      ['Progress', progressOf(run)],
      ['Batches', run.result_json && batches],
      ['Records', run.result_json && records],
      ...faultFacts(run.fault_code, run.detail),
    ])}
    <h2>Problems</h2>
    ${
      problems.length === 0
        ? html`<p>${run.result_json === null ? 'None are recorded.' : 'None: everything went through.'}</p>`
        : html`<ul>
            ${problems.slice(0, shownProblems).map((problem) => html`<li>${problem}</li>`)}
          </ul>`
    }
    ${
      problems.length > shownProblems &&
      html`<p>${problems.length - shownProblems} more; the items below have their errors.</p>`
    }
    ${await batchList(db, request, run.id)} ${await itemList(db, request, run.id)}
  `;
}

const shownProblems = 100;

/** Where a run stands that is under way, or was when it was cut off. */
function progressOf(run: JobRun): Html | null {
  const { progress_done: done, progress_total: total, progress_at: at } = run;
  if (run.state === 'complete' || done === null) return null;
  const words = total === null ? `${done} done` : `${done} of ${total} done`;
  return html`
    ${total !== null && html`<progress value="${done}" max="${total}" aria-label="Progress"></progress>`}
    ${words}, as of ${time(at)} UTC
  `;
}

const forward = { first: 'First', next: 'Next' };

async function batchList(db: Context['db'], request: PageRequest, runId: number): Promise<Html> {
  const after = request.query.optionalNumber('batch') ?? 0;
  const found = await batchesOfRun(db, runId, after, fetched);
  if (found.length === 0 && after === 0) return html``;
  return html`
    <h2>Batches</h2>
    ${table(
      'Batches of the run, as they stand now',
      [
        { title: 'Batch', number: true },
        'The run has',
        'Interface',
        'Provider',
        { title: 'Records', number: true },
        'Stands at',
      ],
      shownRows(found).map((batch) => [
        batchLink(batch.id),
        `${batch.what} it`,
        batch.type,
        batch.provider_id,
        batch.record_count,
        batchStatus(batch),
      ]),
    )}
    ${pager(request, {
      name: 'batch',
      of: 'batches',
      keep: { after: request.query.optional('after') },
      next: nextKey(found, (batch) => batch.id),
      words: forward,
    })}
  `;
}

async function itemList(db: Context['db'], request: PageRequest, runId: number): Promise<Html> {
  const after = request.query.optional('after');
  const found = await itemsOfRun(db, runId, after === undefined ? atFirst : placeOf(after), fetched);
  if (found.length === 0 && after === undefined) return html``;
  return html`
    <h2>Items</h2>
    ${itemTable(shownRows(found))}
    ${pager(request, {
      name: 'after',
      of: 'items',
      keep: { batch: request.query.optional('batch') },
      next: nextKey(found, (item) => `${item.batch_id}-${item.sequence}`),
      words: forward,
    })}
  `;
}

const itemTable = (items: readonly BatchItem[]): Html =>
  table(
    'Items of these batches, as they stand now',
    [
      { title: 'Batch', number: true },
      { title: 'Sequence', number: true },
      'Order',
      'Description',
      'Status',
      'Errors',
    ],
    items.map((item) => [
      batchLink(item.batch_id),
      item.sequence,
      orderLink(item.customer_reference),
      item.description,
      itemStatus(item.status),
      lines(item.error),
    ]),
  );

const atFirst: ItemPlace = { batchId: 0, sequence: 0 };

/** `12-50`: behind item 50 of batch 12. @throws Fault BAD_INPUT */
function placeOf(text: string): ItemPlace {
  const [, batch, sequence] = /^(\d{1,15})-(\d{1,15})$/.exec(text) ?? [];
  if (batch === undefined || sequence === undefined) {
    throw new Fault('BAD_INPUT', 'after must be batch and sequence, like 12-50');
  }
  return { batchId: Number(batch), sequence: Number(sequence) };
}
