import { html, type Html } from '../html.ts';
import { jobLink, jobStanding, runForm, schedulerWarning } from '../job-standing.ts';
import type { Context, Page, PageRequest } from '../page.ts';
import { keyPage, newestFirst, shownRows } from '../paging.ts';
import { facts, status, table, time } from '../parts.ts';
import { fileLink, may, runLink } from '../shown.ts';
import { jobNamed } from '../../jobs/registry.ts';
import {
  isAnnounced,
  isRetentionSet,
  type ArchiveReport,
  type RetentionReport,
} from '../../shared/operator/retention.ts';
import { lastDryRunByHand, listRetentionRuns, type RetentionRun } from '../../shared/store/retention-runs.ts';

/** How long things are kept, what would go, and what went. */
export const retentionPage: Page = {
  path: '/retention',
  title: 'Retention',
  menu: 'System Configuration',
  role: 'viewer',
  refreshSeconds: 30,
  render: renderRetention,
};

async function renderRetention(context: Context, request: PageRequest): Promise<Html> {
  const { db, loaded, clock } = context;
  const runs = await listRetentionRuns(db, keyPage(request));
  const dryRun = await lastDryRunByHand(db);
  return html`
    ${await schedulerWarning(db, clock.now())}
    ${standing(isRetentionSet(loaded), await isAnnounced(db, loaded))} ${settingFacts(context)}
    ${may(context, 'operator') && (await jobForms(context))}
    <h2>What would go</h2>
    ${
      dryRun === undefined
        ? html`<p>Nobody has made a dry run yet: it counts what would go, and deletes nothing.</p>`
        : announcement(dryRun)
    }
    <h2>Runs</h2>
    ${runs.length === 0 ? html`<p>There was no run yet.</p>` : runTable(shownRows(runs))}
    ${newestFirst(request, runs)}
  `;
}

function standing(set: boolean, announced: boolean): Html {
  if (!set) return html`<p>${status('idle', 'keeps all')} No setting lets anything go.</p>`;
  return announced
    ? html`<p>
        ${status('ok', 'ready')} The newest dry run was one of the present settings: the job deletes.
      </p>`
    : html`<p class="warning">
        The newest dry run was not one of the present settings: the job deletes nothing until somebody has
        made one.
      </p>`;
}

const days = (count: number): string => (count === 0 ? 'for ever' : `${count} days`);

function settingFacts({ loaded }: Context): Html {
  const { done, rejected, minimumDays, auditDays, exchangeDays, jobRunDays } = loaded.config.retention;
  const kept = ({ days: count, gigabytes }: typeof done) =>
    gigabytes === 0
      ? days(count)
      : `${days(count)}, and ${gigabytes} GB at most, of which files of the last ${minimumDays} days always stay`;
  return facts([
    ['Files in done/', kept(done)],
    ['Files in rejected/', kept(rejected)],
    ['Audit', days(auditDays)],
    ['Messages and answers of calls', days(exchangeDays)],
    ['Runs of jobs that had nothing to do', days(jobRunDays)],
  ]);
}

async function jobForms(context: Context): Promise<Html> {
  const standings = await Promise.all(
    ['retentionDryRun', 'retention'].map((key) => jobStanding(context, jobNamed(key))),
  );
  return html`${standings.map(
    (each) =>
      html`<h3>${jobLink(each.job)}</h3>
        <p>${each.job.description}</p>
        <div class="actions">${runForm(context, each)}</div>`,
  )}`;
}

function reportOf({ report_json: json }: RetentionRun): RetentionReport | undefined {
  if (json === null) return undefined;
  const report = JSON.parse(json) as RetentionReport;
  // Runs of an earlier program have counted fewer kinds of rows.
  return {
    ...report,
    rows: { jobRuns: 0, ...(report.rows as Partial<RetentionReport['rows']>) } as RetentionReport['rows'],
  };
}

function announcement(run: RetentionRun): Html {
  const report = reportOf(run);
  if (report === undefined) return html``;
  const row = (name: string, { files, bytes, oldest, newest }: ArchiveReport) => [
    name,
    files,
    bytes,
    time(oldest),
    time(newest),
  ];
  return html`
    ${table(
      `Files, as of ${run.started_at.slice(0, 19).replace('T', ' ')} UTC`,
      [
        'Folder',
        { title: 'Files', number: true },
        { title: 'Bytes', number: true },
        'Oldest settled (UTC)',
        'Newest settled (UTC)',
      ],
      [row('done/', report.done), row('rejected/', report.rejected)],
    )}
    ${facts([
      ['Rows of the audit', report.rows.audit],
      ['Calls whose messages go', report.rows.exchanges],
      ['Runs of jobs', report.rows.jobRuns],
    ])}
    ${stayedTable(report)} ${unrecordedList(report)}
  `;
}

const stayedTable = ({ stayed, stayedCount }: RetentionReport): Html | false =>
  stayedCount > 0 &&
  table(
    `Files that would go, and stay: ${stayedCount}`,
    [{ title: 'File', number: true }, 'Place', 'Why'],
    stayed.map(({ file, place, why }) => [fileLink(file), place, why]),
  );

const unrecordedList = ({ unrecorded, unrecordedCount }: RetentionReport): Html | false =>
  unrecordedCount > 0 &&
  html`
    <p>
      ${unrecordedCount} file(s) lie in done/ or rejected/ that the store does not know. They are never
      deleted:
      <code>enrol spool check</code> tells more.
    </p>
    <ul>
      ${unrecorded.map((place) => html`<li><code>${place}</code></li>`)}
    </ul>
  `;

const runTable = (runs: readonly RetentionRun[]): Html =>
  table(
    'Runs, newest first',
    [
      { title: 'Run', number: true },
      'Kind',
      'Began (UTC)',
      'Ended (UTC)',
      { title: 'Files', number: true },
      { title: 'Bytes', number: true },
      { title: 'Rows', number: true },
      'Run of the job',
    ],
    runs.map((run) => {
      const rows = reportOf(run)?.rows;
      return [
        run.id,
        run.kind === 'run' ? 'deleted' : 'dry run',
        time(run.started_at),
        run.finished_at === null ? 'not recorded' : time(run.finished_at),
        run.files,
        run.bytes,
        rows && rows.audit + rows.exchanges + rows.jobRuns,
        runLink(run.kind === 'run' ? 'retention' : 'retentionDryRun', run.job_run_id),
      ];
    }),
  );
