import { firstPiece, piecesOf, type Piece } from '../activity-rules.ts';
import { activitySection } from '../activity-section.ts';
import { html, type Html } from '../html.ts';
import { inboxTable } from '../inbox-table.ts';
import { jobLink, jobStanding, jobStatus } from '../job-standing.ts';
import { pathTo } from '../links.ts';
import type { Context, Page, PageRequest } from '../page.ts';
import { status, table, time } from '../parts.ts';
import { lookList } from '../probe-parts.ts';
import { deviceStatus } from '../shown.ts';
import { fileTable } from './files.ts';
import { batchTable } from './interfaces.ts';
import { requestTable } from './provider-requests.ts';
import { jobs } from '../../jobs/registry.ts';
import { overview, type Overview } from '../../shared/operator/overview.ts';
import { readProbes } from '../../shared/probes/measure.ts';
import { stuckReason } from '../../shared/probes/request-rules.ts';
import { deviceMovesSince, filesPerHour } from '../../shared/store/activity.ts';
import { deviceStatuses } from '../../shared/store/states/device.ts';

/** Is everything well? In one look, and what is not well first. */
export const overviewPage: Page = {
  path: '/',
  title: 'Overview',
  menu: 'Operation Monitoring',
  role: 'viewer',
  refreshSeconds: 15,
  render: renderOverview,
};

const listed = 10;

async function renderOverview(context: Context, request: PageRequest): Promise<Html> {
  const { db, loaded, clock } = context;
  const now = clock.now();
  const keys = jobs.map((job) => job.key);
  const seen = await overview(loaded, db, keys, now);
  const files = await filesPerHour(db, firstPiece('24h', now));
  const lastDay = piecesOf('24h', now, { files, moves: [] });
  const today = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()));
  const { responses } = loaded.config.probes;
  const stuck = seen.openRequests.filter((request) => stuckReason(request, responses, now) !== undefined);
  return html`
    ${lookList(await readProbes(loaded, db, now))}
    <p class="quiet">As of ${time(now.toISOString())} UTC</p>
    <div class="cards">
      ${daemonCard(seen)} ${todayCard(lastDay, today)} ${deviceCard(await deviceMovesSince(db, today))}
    </div>
    ${await activitySection(context, request)}
    <h2 id="backlog">Inboxes</h2>
    ${inboxTable('Files in the inboxes, waiting by age', seen.inboxes, now)} ${roomSection(seen)}
    ${restSection(seen)}
    ${section('Files that need somebody', seen.problems.slice(0, listed), '/files', (files) => fileTable('Rejected, held and deferred files, newest first', files))}
    ${section('Batches in error', seen.batchesInError.slice(0, listed), '/interfaces?status=Error', (batches) => batchTable('Batches that stopped, newest first', batches))}
    ${section('Provider requests that need a look', stuck.slice(0, listed), '/requests', (requests) => requestTable('Requests, oldest first', requests, context))}
    <h2>Jobs</h2>
    ${await jobTable(context)}
  `;
}

const daemonCard = ({ daemons }: Overview): Html => html`
  <section aria-label="Daemons">
    <h2>Daemons</h2>
    <ul class="plain">
      ${daemons.map(
        ({ name, running, host, pid }) => html`
          <li>
            <a href="${pathTo('/daemons/:daemon', { daemon: name })}">${name}</a>
            ${running ? status('ok', 'running') : status('error', 'not running')}
            <span class="quiet">${host}, process ${pid}</span>
          </li>
        `,
      )}
    </ul>
    ${daemons.length === 0 && html`<p>No daemon has run yet: <code>enrol up</code> starts them all.</p>`}
  </section>
`;

function todayCard(lastDay: readonly Piece[], today: Date): Html {
  const ofToday = lastDay.filter(({ begin }) => begin >= today);
  const total = (of: (piece: Piece) => number) => ofToday.reduce((sum, piece) => sum + of(piece), 0);
  return html`
    <section aria-label="Files today">
      <h2>Files today (UTC)</h2>
      <ul class="plain">
        <li>${status('ok', 'done')} ${total(({ filesDone }) => filesDone)}</li>
        <li>${status('error', 'rejected')} ${total(({ filesRejected }) => filesRejected)}</li>
        <li>${status('warn', 'held')} ${total(({ filesHeld }) => filesHeld)}</li>
      </ul>
    </section>
  `;
}

const deviceCard = (moves: Awaited<ReturnType<typeof deviceMovesSince>>): Html => html`
  <section aria-label="Devices today">
    <h2>Devices today (UTC)</h2>
    <ul class="plain">
      ${deviceStatuses
        .filter((word) => moves[word] !== undefined)
        .map((word) => html`<li>${deviceStatus(word)} ${moves[word]}</li>`)}
    </ul>
    ${Object.keys(moves).length === 0 && html`<p>No device has changed its status.</p>`}
  </section>
`;

const roomSection = ({ shortOfRoom }: Overview): Html | false =>
  shortOfRoom.length > 0 &&
  html`
    <h2 id="disks">Disks that are too full</h2>
    ${table(
      'Nothing new is taken in until there is room',
      ['Folder', { title: 'MB free', number: true }, { title: 'MB in reserve', number: true }],
      shortOfRoom.map((room) => [room.folder, room.freeMegabytes, room.reserveMegabytes]),
    )}
  `;

const restSection = ({ resting }: Overview): Html | false =>
  resting.length > 0 &&
  html`
    <h2 id="resting">Providers that are left alone for a while</h2>
    ${table(
      'They are called again by themselves when the time is over',
      ['Provider', 'Until (UTC)', 'Fault', 'Detail'],
      resting.map((rest) => [
        rest.provider_id,
        time(rest.rests_until),
        html`<span class="code">${rest.fault_code}</span>`,
        rest.detail,
      ]),
    )}
  `;

/** What is in order takes no room. */
const section = <T>(
  title: string,
  rows: readonly T[],
  all: string,
  show: (rows: readonly T[]) => Html,
): Html | false =>
  rows.length > 0 &&
  html`
    <h2>${title}</h2>
    ${show(rows)}
    <p><a href="${all}">All of them</a></p>
  `;

async function jobTable(context: Context): Promise<Html> {
  const standings = await Promise.all(jobs.map((job) => jobStanding(context, job)));
  return table(
    'Jobs: next and last runs',
    ['Job', 'Next run (UTC)', 'Last run (UTC)', 'Status'],
    standings.map((standing) => [
      jobLink(standing.job),
      time(standing.next?.toISOString()),
      time(standing.last?.started_at),
      jobStatus(standing),
    ]),
  );
}
