import { html, type Html } from './html.ts';
import { pathTo, withQuery } from './links.ts';
import { status, type Kind } from './parts.ts';
import { stuckReason } from './stuck-rules.ts';
import type { Overview } from '../shared/operator/overview.ts';
import type { DeliveryState } from '../shared/store/states/delivery.ts';

/** What somebody has to look at, from an overview. Pure. */

export interface Finding {
  readonly kind: Extract<Kind, 'warn' | 'error'>;
  readonly text: string;
  /** Where it is seen, and mended. */
  readonly to: string;
}

/** Without these nothing goes on. */
const needed = ['loader', 'extractor', 'adaptor', 'scheduler'];

/**
 * The worst first.
 *
 * @param rejected files rejected of late: the older ones stay in rejected/, and are old news
 */
export function findingsOf(seen: Overview, rejected: number, now: Date): Finding[] {
  const found = [
    ...daemonFindings(seen),
    ...placeFindings(seen),
    ...fileFindings(seen, rejected),
    ...workFindings(seen, now),
  ];
  return [...found.filter(({ kind }) => kind === 'error'), ...found.filter(({ kind }) => kind === 'warn')];
}

function daemonFindings({ daemons }: Overview): Finding[] {
  const running = new Set(daemons.filter((daemon) => daemon.running).map(({ name }) => name));
  return needed
    .filter((name) => !running.has(name))
    .map((name) => ({
      kind: 'error',
      text: `The ${name} is not running: start enrol ${name}.`,
      to: pathTo('/daemons/:daemon', { daemon: name }),
    }));
}

const placeFindings = ({ shortOfRoom, resting }: Overview): Finding[] => [
  ...shortOfRoom.map(({ folder, freeMegabytes, reserveMegabytes }) => ({
    kind: 'error' as const,
    text: `The disk of ${folder} is too full: ${freeMegabytes} MB free, ${reserveMegabytes} MB are kept in reserve. Nothing new is taken in until there is room.`,
    to: '#disks',
  })),
  ...resting.map(({ provider_id: provider }) => ({
    kind: 'warn' as const,
    text: `The provider ${provider} failed and is left alone for a while.`,
    to: '#resting',
  })),
];

function fileFindings({ inboxes }: Overview, rejected: number): Finding[] {
  const total = (state: 'held' | 'deferred') => inboxes.reduce((sum, inbox) => sum + inbox[state], 0);
  const old = inboxes.filter((inbox) => inbox.backlog.older > 0);
  const finding = (state: DeliveryState, kind: Finding['kind'], count: number, what: string): Finding[] =>
    count === 0 ? [] : [{ kind, text: `${count} file(s) ${what}`, to: withQuery('/files', { state }) }];
  return [
    ...finding('held', 'error', total('held'), 'are held and wait for a decision.'),
    ...finding(
      'rejected',
      'warn',
      rejected,
      'were rejected in the last 24 hours: see why, and ask the sender.',
    ),
    ...finding('deferred', 'warn', total('deferred'), 'are deferred, and tried again by themselves.'),
    ...old.map(({ name, backlog }) => ({
      kind: 'warn' as const,
      text: `${backlog.older} file(s) have waited in ${name} for more than an hour.`,
      to: '#backlog',
    })),
  ];
}

function workFindings({ batchesInError, openRequests, jobs }: Overview, now: Date): Finding[] {
  const stuck = openRequests.filter((request) => stuckReason(request, now) !== undefined);
  const failed = jobs.filter(({ lastRun }) => lastRun?.state === 'error');
  return [
    ...failed.map(({ job }) => ({
      kind: 'error' as const,
      text: `The last run of the job ${job} failed.`,
      to: pathTo('/jobs/:job', { job }),
    })),
    ...(batchesInError.length === 0
      ? []
      : [
          {
            kind: 'error' as const,
            text: `${batchesInError.length} batch(es) stopped in error.`,
            to: withQuery('/interfaces', { status: 'Error' }),
          },
        ]),
    ...(stuck.length === 0
      ? []
      : [
          {
            kind: 'error' as const,
            text: `${stuck.length} provider request(s) need a look.`,
            to: '/requests',
          },
        ]),
  ];
}

export const findingList = (findings: readonly Finding[]): Html =>
  findings.length === 0
    ? html`<p class="notice">${status('ok', 'All is well')} Nothing needs anybody.</p>`
    : html`
        <p class="${findings.some(({ kind }) => kind === 'error') ? 'fault' : 'warning'}">
          ${findings.length} thing(s) need a look:
        </p>
        <ul class="findings">
          ${findings.map(
            ({ kind, text, to }) => html`
              <li>${status(kind, kind === 'error' ? 'act' : 'look')} <a href="${to}">${text}</a></li>
            `,
          )}
        </ul>
      `;
