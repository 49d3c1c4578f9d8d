import { actionForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { operatorOf, type Action, type Context, type Page, type PageRequest } from '../page.ts';
import { keyPage, nextKey, pager, shownRows } from '../paging.ts';
import { status, table, time, type Kind } from '../parts.ts';
import { lookList, probeStatus } from '../probe-parts.ts';
import { firstLine, may } from '../shown.ts';
import { testNotices } from '../../shared/operator/notice-actions.ts';
import { needsLook } from '../../shared/probes/probe-rules.ts';
import { readProbes } from '../../shared/probes/measure.ts';
import type { Reading } from '../../shared/probes/probe.ts';
import { channelsOf } from '../../shared/probes/notice-channels.ts';
import { listNotices, type Notice } from '../../shared/store/notices.ts';
import { lastRound, listChanges, listStandings, type ProbeChange } from '../../shared/store/probes.ts';
import type { NoticeState } from '../../shared/store/states/probe.ts';

/** Everything that is looked at, what has changed, and who was told. */
export const probesPage: Page = {
  path: '/probes',
  title: 'Probes',
  menu: 'Operation Monitoring',
  role: 'viewer',
  refreshSeconds: 30,
  render: renderProbes,
};

/** The scheduler sends it: what the console does depends on no mail server. */
export const testNoticeAction: Action = {
  path: '/probes/test-notice',
  title: 'Send a test notice',
  role: 'operator',
  run: async (context, request) => {
    const sent = await testNotices(context.loaded, context.db, operatorOf(context, request));
    const channels = sent.map(({ channel }) => channel).join(' and ');
    return {
      to: '/probes',
      notice: `The scheduler sends a test by ${channels}; what became of it stands below.`,
    };
  },
};

async function renderProbes(context: Context, request: PageRequest): Promise<Html> {
  const { db, loaded, clock } = context;
  const readings = await readProbes(loaded, db, clock.now());
  const standings = new Map((await listStandings(db)).map((standing) => [standing.probe, standing]));
  const changes = await listChanges(db, keyPage(request, 'change'));
  const sinceOf = ({ probe, state }: Reading) => {
    const known = standings.get(probe);
    return known?.state === state ? time(known.since) : 'just now';
  };
  const good = readings.filter((reading) => !needsLook(reading));
  return html`
    ${good.length === readings.length && lookList(readings)}
    <p class="quiet">
      As of ${time(clock.now().toISOString())} UTC. ${roundText(await lastRound(db))} Targets are settings
      (<code>probes</code>).
    </p>
    ${good.length < readings.length && probeTable('Probes that need a look, the worst first', readings.filter(needsLook), sinceOf)}
    ${probeTable('Probes that are green', good, sinceOf)}
    <h2 id="changes">Changes</h2>
    ${changes.length === 0 ? html`<p>No probe has changed its state yet.</p>` : changeTable(shownRows(changes))}
    ${pager(request, { name: 'change', of: 'changes', next: nextKey(changes, (change) => change.id) })}
    ${await noticeSection(context, request)}
  `;
}

const roundText = (at: string | undefined): Html =>
  at === undefined
    ? html`The scheduler has not evaluated them yet: no change is noted.`
    : html`The scheduler evaluated them last at ${time(at)}.`;

const probeTable = (
  caption: string,
  readings: readonly Reading[],
  sinceOf: (reading: Reading) => Html | string,
): Html =>
  table(
    caption,
    ['Probe', 'State', { title: 'Value', number: true }, 'Unit', 'Target', 'Since (UTC)', 'What it says'],
    readings.map((reading) => [
      reading.probe,
      probeStatus(reading.state),
      reading.value,
      reading.unit,
      reading.target,
      sinceOf(reading),
      html`<a href="${reading.link}">${reading.sentence}</a>`,
    ]),
  );

const changeTable = (changes: readonly ProbeChange[]): Html =>
  table(
    'Changes, newest first: a state counts when it was seen twice in a row',
    ['Time (UTC)', 'Probe', 'Before', 'After', { title: 'Value', number: true }, 'Unit', 'What it said'],
    changes.map((change) => [
      time(change.at),
      change.probe,
      change.before === null ? 'not looked at' : probeStatus(change.before),
      probeStatus(change.after),
      change.value,
      change.unit,
      html`<a href="${change.link}">${change.sentence}</a>`,
    ]),
  );

async function noticeSection(context: Context, request: PageRequest): Promise<Html> {
  const { db, loaded } = context;
  const channels = channelsOf(loaded.config.probes.notices);
  const notices = await listNotices(db, keyPage(request, 'notice'));
  return html`
    <h2 id="notices">Notices</h2>
    ${
      channels.length === 0
        ? html`<p>
            Nobody is told of changes: neither e-mail nor webhook is set (<code>probes.notices</code>).
          </p>`
        : may(context, 'operator') &&
          html`<div class="actions">
            ${actionForm(context, { action: testNoticeAction.path, label: 'Send a test notice', reason: true })}
          </div>`
    }
    ${notices.length === 0 ? html`<p>No notice was sent yet.</p>` : noticeTable(shownRows(notices))}
    ${pager(request, { name: 'notice', of: 'notices', next: nextKey(notices, (notice) => notice.id) })}
  `;
}

const noticeKinds: Readonly<Record<NoticeState, Kind>> = { waiting: 'idle', sent: 'ok', failed: 'error' };

const noticeTable = (notices: readonly Notice[]): Html =>
  table(
    'Notices, newest first',
    [
      { title: 'Notice', number: true },
      'By',
      'State',
      'About',
      'Made (UTC)',
      'Sent or given up (UTC)',
      { title: 'Attempts', number: true },
      'Next try (UTC)',
      'Failure',
    ],
    notices.map((notice) => [
      notice.id,
      notice.channel,
      status(noticeKinds[notice.state], notice.state),
      aboutOf(notice),
      time(notice.created_at),
      time(notice.settled_at),
      notice.attempts,
      time(notice.next_try_at),
      html`${notice.fault_code && html`<span class="code">${notice.fault_code}</span>`}
      ${firstLine(notice.detail)}`,
    ]),
  );

function aboutOf({ first_change: first, last_change: last }: Notice): string {
  if (first === null || last === null) return 'a test';
  return first === last ? '1 change' : `${last - first + 1} changes`;
}
