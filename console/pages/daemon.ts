import { stringify } from 'yaml';

import { daemonNamed, type DaemonInfo } from '../daemon-list.ts';
import { html, type Html } from '../html.ts';
import { inboxTable } from '../inbox-table.ts';
import type { Context, Page, PageRequest } from '../page.ts';
import { facts, status, table, time } from '../parts.ts';
import { lines, requestLink, runLink } from '../shown.ts';
import { logSection } from './daemon-log.ts';
import { fileTable } from './files.ts';
import { intakeSection } from './intake.ts';
import { batchTable } from './interfaces.ts';
import { jobs } from '../../jobs/registry.ts';
import { inboxStandings } from '../../shared/operator/overview.ts';
import { listBatches } from '../../shared/store/batches.ts';
import { filesInNeed } from '../../shared/store/delivery-lists.ts';
import { lastRun } from '../../shared/store/job-runs.ts';
import { failedExchanges } from '../../shared/store/provider-exchanges.ts';
import type { Db } from '../../shared/store/tables.ts';
import { isAlive, workersOf, type KnownWorker } from '../../shared/store/workers.ts';

/** One daemon: its processes, inboxes, settings, last failures and last log lines. */
export const daemonPage: Page = {
  path: '/daemons/:daemon',
  title: 'Daemon',
  heading: ({ params }) => `Daemon ${params.text('daemon')}`,
  role: 'viewer',
  render: renderDaemon,
};

const listed = 20;

async function renderDaemon(context: Context, request: PageRequest): Promise<Html> {
  const { db, loaded, clock } = context;
  const name = request.params.text('daemon');
  const daemon = daemonNamed(name);
  const names = daemon.inboxes(loaded.config);
  const inboxes = (await inboxStandings(loaded, db, clock.now())).filter((inbox) =>
    names.includes(inbox.name),
  );
  return html`
    ${facts([
      ['Type', daemon.type],
      ['Category', daemon.category],
      ['Activity', daemon.activity],
      ['Details', daemon.details],
      ['Direction', daemon.direction],
      ['Publishes into', daemon.outboxes(loaded.config).join(', ')],
    ])}
    ${processTable(await workersOf(db, name, 10, clock.now()))}
    ${
      inboxes.length > 0 &&
      html`<h2>Inboxes</h2>
        ${inboxTable('Files of its inboxes, waiting by age', inboxes, clock.now())}`
    }
    ${await intakeSection(context, name)}
    <h2>Last failures</h2>
    ${await failuresOf(context, daemon, names)}
    <h2>Configuration</h2>
    <pre tabindex="0" aria-label="Settings">${stringify(daemon.settings(loaded.config))}</pre>
    <h2 id="log">Last lines of its log</h2>
    ${await logSection(context, name, request)}
  `;
}

const processTable = (workers: readonly KnownWorker[]): Html =>
  table(
    'Its processes, newest first',
    [
      'Host',
      { title: 'Process', number: true },
      'State',
      'Started (UTC)',
      'Last activity (UTC)',
      'Stopped (UTC)',
    ],
    workers.map((worker) => [
      worker.host,
      worker.pid,
      isAlive(worker) ? status('ok', 'running') : status('idle', 'not running'),
      time(worker.started_at),
      time(worker.heartbeat_at),
      time(worker.stopped_at),
    ]),
  );

async function failuresOf({ db }: Context, { name }: DaemonInfo, inboxes: readonly string[]): Promise<Html> {
  const parts = [
    inboxes.length > 0 && (await refusedFiles(db, inboxes)),
    name === 'extractor' && (await failedBatches(db)),
    name === 'adaptor' && (await failedCalls(db)),
    name === 'scheduler' && (await failedRuns(db)),
  ].filter((part) => part !== false);
  return parts.length === 0 ? html`<p>None: nothing failed.</p>` : html`${parts}`;
}

async function refusedFiles(db: Db, inboxes: readonly string[]): Promise<Html | false> {
  const found = await Promise.all(inboxes.map((folder) => filesInNeed(db, { folder, limit: listed })));
  const newest = found
    .flat()
    .sort((a, b) => b.id - a.id)
    .slice(0, listed);
  return newest.length > 0 && fileTable('Files refused or deferred, newest first', newest);
}

async function failedBatches(db: Db): Promise<Html | false> {
  const found = await listBatches(db, {
    direction: 'outbound',
    status: 'Error',
    limit: listed,
    order: 'newest',
  });
  return found.length > 0 && batchTable('Outbound batches in error, newest first', found);
}

async function failedCalls(db: Db): Promise<Html | false> {
  const calls = await failedExchanges(db, listed);
  return (
    calls.length > 0 &&
    table(
      'Calls of providers that failed, newest first',
      [
        'Request',
        'Provider',
        'For',
        'Began (UTC)',
        { title: 'HTTP status', number: true },
        'Fault',
        'Detail',
      ],
      calls.map((call) => [
        requestLink(call.transaction_id),
        call.provider_id,
        call.question,
        time(call.started_at),
        call.http_status,
        html`<span class="code">${call.fault_code}</span>`,
        lines(call.detail),
      ]),
    )
  );
}

async function failedRuns(db: Db): Promise<Html | false> {
  const runs = await Promise.all(jobs.map((job) => lastRun(db, job.key)));
  const failed = runs.filter((run) => run?.state === 'error');
  return (
    failed.length > 0 &&
    table(
      'Jobs whose last run failed',
      [{ title: 'Run', number: true }, 'Job', 'Began (UTC)', 'Fault', 'Detail'],
      failed.flatMap((run) =>
        run === undefined
          ? []
          : [
              [
                runLink(run.job, run.id),
                run.job,
                time(run.started_at),
                html`<span class="code">${run.fault_code}</span>`,
                lines(run.detail),
              ],
            ],
      ),
    )
  );
}
