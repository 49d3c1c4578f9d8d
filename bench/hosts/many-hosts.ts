import { setTimeout as pause } from 'node:timers/promises';

import { sql } from 'kysely';

import { openStore } from '../../shared/store/open-store.ts';
import type { Db } from '../../shared/store/tables.ts';
import { patiently, type PostgresStores } from '../../test/support/temporary-postgres.ts';
import { timed } from '../figures.ts';
import { Waiting } from '../scene/drop.ts';
import type { Keys } from '../scene/home.ts';
import type { Where } from '../scene/ledger.ts';
import type { BenchProcess } from '../scene/process.ts';
import { accountOf, perThing, type Account } from './server-account.ts';
import { Site } from './site.ts';
import type { Dropped, Stage } from './stage.ts';
import { watchWaits, type Waited } from './waits.ts';

/** What each process works off first, so that it is measured as it runs all day, and not as it starts. */
const warmUpOf = (files: number, hosts: number): number => Math.min(150, files) * hosts;
const lookMilliseconds = 100;
/** Nothing has come to its end for so long: it never will. */
const patienceSeconds = 150;

/** One kind of daemon on some hosts. */
export interface HostsRun {
  readonly daemon: string;
  readonly hosts: number;
  readonly files: number;
  readonly perSecond: number;
  /** Things of which nothing has come. */
  readonly lost: number;
  /** What has come of things more than once. */
  readonly duplicates: number;
  /** Files that were put off on the way, and those that were refused. */
  readonly deferred: number;
  readonly refused: number;
  /** Of the daemons, all together; in seconds for a file. */
  readonly daemonCpu: number;
  /** For a file. */
  readonly server: Account;
  readonly waited: Waited;
  /** Files that each of the hosts has worked on, by the ledger; fewest first. */
  readonly shares: readonly number[];
}

/** A store with what the work is about, and the files that are dropped for it. */
export interface Prepared {
  readonly url: string;
  readonly files: readonly Dropped[];
  readonly count: number;
}

/** So much is prepared for runs on so many hosts at most. */
export const preparedCount = (files: number, hosts: number): number => files + warmUpOf(files, hosts);

export async function prepare(
  stage: Stage,
  stores: PostgresStores,
  keys: Keys,
  count: number,
): Promise<Prepared> {
  const url = await stores.create();
  const site = await Site.make(keys);
  try {
    const host = await site.addHost(url, stage.settings);
    return { url, files: await stage.prepare(host, count), count };
  } finally {
    await site.close();
  }
}

export async function runOnHosts(
  stage: Stage,
  stores: PostgresStores,
  keys: Keys,
  prepared: Prepared,
  { hosts, files }: { readonly hosts: number; readonly files: number },
): Promise<HostsRun> {
  const url = await stores.copy(prepared.url);
  const site = await Site.make(keys);
  const db = await openStore(patiently(url));
  try {
    for (let n = 0; n < hosts; n++) await site.addHost(url, stage.settings);
    const waiting = new Waiting(site, stage.inbox);
    const warmUp = warmUpOf(files, hosts);
    await waiting.add(prepared.files.slice(0, warmUp + files));
    const processes = await site.everywhere(stage.daemon);
    const work = async (from: number, count: number) => {
      await stage.release(db, waiting, from, count);
      await settled(db, stage.ends, from + count, processes);
    };
    await work(0, warmUp);
    const database = new URL(url).pathname.slice(1);
    const cpu = () => processes.reduce((total, process) => total + process.cpuSeconds(), 0);
    const before = { server: await accountOf(stores.server, database), cpu: cpu() };
    const { result: seconds, waited } = await watchWaits(url, () => timed(() => work(warmUp, files)));
    const after = { server: await accountOf(stores.server, database), cpu: cpu() };
    for (const process of processes) await process.stop();
    const { things, results } = await stage.outcome(db, site);
    return {
      daemon: stage.daemon,
      hosts,
      files,
      perSecond: files / seconds,
      lost: warmUp + files - things,
      duplicates: results - things,
      ...(await troubles(db, stage.ends)),
      daemonCpu: (after.cpu - before.cpu) / files,
      server: perThing(before.server, after.server, files),
      waited,
      shares: await sharesOf(db, stage.ends),
    };
  } finally {
    await db.destroy();
    await site.close();
  }
}

/** Waits until so many files have come to their end, and lie where they belong. @throws when a process ends, or nothing happens */
async function settled(
  db: Db,
  where: Where,
  count: number,
  processes: readonly BenchProcess[],
): Promise<void> {
  let last = 0;
  let since = performance.now();
  for (;;) {
    for (const process of processes) process.mustRun();
    const ended = await filesIn(db, where, ['done', 'rejected', 'held']);
    if (ended >= count && !(await onTheirWay(db, where))) return;
    if (ended > last) [last, since] = [ended, performance.now()];
    if (performance.now() - since > patienceSeconds * 1000)
      throw new Error(
        `${ended} of ${count} files came to their end, and then nothing for ${patienceSeconds} s`,
      );
    await pause(lookMilliseconds);
  }
}

async function filesIn(db: Db, { direction, folder }: Where, states: readonly string[]): Promise<number> {
  const { rows } = await sql<{ files: number }>`
    select coalesce(sum(files), 0) as files from file_count
    where direction = ${direction} and folder = ${folder} and state in (${sql.join(states)})`.execute(db);
  return rows[0]?.files ?? 0;
}

async function onTheirWay(db: Db, { direction, folder }: Where): Promise<boolean> {
  const { rows } = await sql`
    select 1 from delivery where direction = ${direction} and folder = ${folder} and moved_at is null limit 1`.execute(
    db,
  );
  return rows.length > 0;
}

async function troubles(db: Db, where: Where): Promise<Pick<HostsRun, 'deferred' | 'refused'>> {
  const { rows } = await sql<{ deferred: number }>`
    select count(*) as deferred from delivery
    where direction = ${where.direction} and folder = ${where.folder} and attempts > 1`.execute(db);
  return { deferred: rows[0]?.deferred ?? 0, refused: await filesIn(db, where, ['rejected', 'held']) };
}

async function sharesOf(db: Db, { direction, folder }: Where): Promise<number[]> {
  const { rows } = await sql<{ files: number }>`
    select count(*) as files from delivery inner join worker on worker.id = delivery.worker_id
    where direction = ${direction} and folder = ${folder} group by worker.host order by files`.execute(db);
  return rows.map(({ files }) => files);
}
