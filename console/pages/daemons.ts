import { configWarnings } from '../config-warnings.ts';
import { daemonList, intakesOf, type DaemonInfo } from '../daemon-list.ts';
import { html, type Html, type Value } from '../html.ts';
import { pathTo } from '../links.ts';
import type { Context, Page } from '../page.ts';
import { status, table, time } from '../parts.ts';
import { configState } from '../../shared/operator/config-state.ts';
import type { Config } from '../../shared/runtime/config-schema.ts';
import { daemonStandings, inboxStandings, type InboxOverview } from '../../shared/operator/overview.ts';
import { countFiles } from '../../shared/store/delivery-lists.ts';
import { listPauses, type IntakePause } from '../../shared/store/intake-pauses.ts';

/** The daemons: what each is for, whether it runs, and what it has done. */
export const daemonsPage: Page = {
  path: '/daemons',
  title: 'Daemons',
  menu: 'Daily Operations',
  role: 'viewer',
  refreshSeconds: 10,
  render: renderDaemons,
};

async function renderDaemons({ db, loaded, clock }: Context): Promise<Html> {
  const now = clock.now();
  const standings = await daemonStandings(db, now);
  const inboxes = await inboxStandings(loaded, db, now);
  const produced = await countFiles(db, 'out');
  const pauses = await listPauses(db);
  const rows = daemonList.flatMap((daemon) => {
    const processes = standings.filter((standing) => standing.name === daemon.name);
    const counts = [
      ...countsOf(daemon, loaded.config, inboxes, produced),
      intakeOf(intakesOf(daemon, loaded.config), pauses),
    ];
    if (processes.length === 0)
      return [[...naming(daemon), status('error', 'never ran'), '', '', '', ...counts]];
    return processes.map(({ running, host, pid, heard }) => [
      ...naming(daemon),
      running ? status('ok', 'running') : status('error', 'not running'),
      host,
      pid,
      time(heard),
      ...counts,
    ]);
  });
  const list = table(
    'Daemons, with their files',
    [
      'Daemon',
      'Type',
      'Category',
      'Activity',
      'Details',
      'Direction',
      'State',
      'Host',
      { title: 'Process', number: true },
      'Last activity (UTC)',
      { title: 'Waiting', number: true },
      { title: 'Done', number: true },
      { title: 'Refused', number: true },
      { title: 'Published', number: true },
      'Intake',
    ],
    rows,
  );
  return html`${configWarnings(await configState(loaded, db, now))} ${list}`;
}

/** Nothing where the daemon takes nothing in. */
function intakeOf(intakes: readonly string[], pauses: readonly IntakePause[]): Value {
  if (intakes.length === 0) return null;
  const paused = intakes.filter((name) => pauses.some(({ intake }) => intake === name)).length;
  if (paused === 0) return status('ok', 'open');
  return status('warn', paused === intakes.length ? 'paused' : `${paused} of ${intakes.length} paused`);
}

const naming = (daemon: DaemonInfo) => [
  html`<a href="${pathTo('/daemons/:daemon', { daemon: daemon.name })}">${daemon.name}</a>`,
  daemon.type,
  daemon.category,
  daemon.activity,
  daemon.details,
  daemon.direction,
];

type Counts = Awaited<ReturnType<typeof countFiles>>;

/** Waiting, done, refused, published; nothing where the daemon has no files of that kind. */
function countsOf(daemon: DaemonInfo, config: Config, inboxes: readonly InboxOverview[], produced: Counts) {
  const names = daemon.inboxes(config);
  const own = inboxes.filter((inbox) => names.includes(inbox.name));
  const outboxes = daemon.outboxes(config);
  const total = (of: (inbox: InboxOverview) => number) =>
    names.length === 0 ? null : own.reduce((sum, inbox) => sum + of(inbox), 0);
  const published = produced
    .filter(({ folder, state }) => state === 'done' && outboxes.includes(folder))
    .reduce((sum, { count }) => sum + count, 0);
  return [
    total(waitingIn),
    total(({ done }) => done),
    total(({ rejected, held }) => rejected + held),
    outboxes.length === 0 ? null : published,
  ];
}

const waitingIn = ({ backlog, deferred }: InboxOverview): number =>
  Object.values(backlog).reduce((sum, count) => sum + count, deferred);
