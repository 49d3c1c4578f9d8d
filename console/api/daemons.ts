import { z } from 'zod';

import {
  daemonStandings,
  inboxStandings,
  type DaemonStanding,
  type InboxOverview,
} from '../../shared/operator/overview.ts';
import { daemonList } from '../daemon-list.ts';
import { lookup, type Endpoint } from './endpoint.ts';
import { answer, count, time } from './fields.ts';

/** The processes of the product, and what lies in their inboxes. */

const process = answer('Process', {
  running: z.boolean(),
  host: z.string(),
  pid: z.int(),
  startedAt: time,
  heardAt: time.describe('When it was heard of last.'),
});

const toProcess = (standing: DaemonStanding): z.input<typeof process> => ({
  running: standing.running,
  host: standing.host,
  pid: standing.pid,
  startedAt: standing.since,
  heardAt: standing.heard,
});

export const daemon = answer('Daemon', {
  name: z.string(),
  type: z.string(),
  category: z.string(),
  activity: z.string(),
  details: z.string(),
  direction: z.string(),
  processes: z.array(process).describe('Those that run, else the last that did; empty: it never ran.'),
});

export const toDaemons = (standings: readonly DaemonStanding[]): z.input<typeof daemon>[] =>
  daemonList.map(({ name, type, category, activity, details, direction }) => ({
    name,
    type,
    category,
    activity,
    details,
    direction,
    processes: standings.filter((standing) => standing.name === name).map(toProcess),
  }));

export const inbox = answer('Inbox', {
  name: z.string(),
  waiting: answer('Backlog', {
    underOneMinute: count,
    underTenMinutes: count,
    underOneHour: count,
    longer: count,
  }).describe('Files that nobody has taken up yet, by how long they have been there.'),
  deferred: count,
  rejected: count,
  held: count,
  done: count,
});

export const toInbox = ({
  name,
  backlog,
  deferred,
  rejected,
  held,
  done,
}: InboxOverview): z.input<typeof inbox> => ({
  name,
  waiting: {
    underOneMinute: backlog['under 1 min'],
    underTenMinutes: backlog['under 10 min'],
    underOneHour: backlog['under 1 h'],
    longer: backlog.older,
  },
  deferred,
  rejected,
  held,
  done,
});

export const daemonEndpoints: readonly Endpoint[] = [
  lookup({
    path: '/daemons',
    id: 'listDaemons',
    role: 'viewer',
    summary: 'The daemons and their processes',
    response: answer('DaemonList', { items: z.array(daemon) }),
    run: async ({ db, clock }) => ({ items: toDaemons(await daemonStandings(db, clock.now())) }),
  }),
  lookup({
    path: '/inboxes',
    id: 'listInboxes',
    role: 'viewer',
    summary: 'The inboxes, with the files in them',
    response: answer('InboxList', { items: z.array(inbox) }),
    run: async ({ db, loaded, clock }) => ({
      items: (await inboxStandings(loaded, db, clock.now())).map(toInbox),
    }),
  }),
];
