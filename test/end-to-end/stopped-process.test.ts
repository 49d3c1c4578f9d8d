import { lstat, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { retryFile } from '../../shared/operator/file-actions.ts';
import { inboxFolders, makeInbox } from '../../shared/spool/layout.ts';
import { openStore } from '../../shared/store/open-store.ts';
import { queuePublication } from '../../shared/store/publications.ts';
import type { Db } from '../../shared/store/tables.ts';
import { answered, everythingApplied, foundOf } from '../support/answered-orders.ts';
import { registerWorker, signOff } from '../../shared/store/workers.ts';
import { HostProcess, leasesEnded, transactionsEnded, type HostWork } from '../support/host-process.ts';
import { loadedTexts } from '../support/loading.ts';
import { patiently, PostgresStores } from '../support/temporary-postgres.ts';
import { contentsOf, filesUnder, finalFiles, inboxName, ledger } from '../support/temporary-spool.ts';
import { testRuntime } from '../support/test-runtime.ts';
import { createStore } from '../support/temporary-store.ts';

/**
 * A process is stopped, on a host of its own, until its lease has ended. A process of another host takes over what it had
 * in hand, and brings it to its end; then the first goes on. Whatever it was about to do, it changes nothing any more.
 */

type Engine = 'SQLite' | 'PostgreSQL';

let stores: PostgresStores;
beforeAll(async () => {
  stores = await PostgresStores.start();
}, 60_000);
afterAll(() => stores.close());

interface Scene extends HostWork {
  readonly db: Db;
}

async function inScene<T>(
  kind: HostWork['kind'],
  engine: Engine,
  work: (scene: Scene) => Promise<T>,
): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'hosts-'));
  const file = join(home, 'enrol.db');
  if (engine === 'SQLite') await createStore(file);
  const store = engine === 'SQLite' ? file : await stores.create();
  const db = await openStore(engine === 'SQLite' ? { file, busySeconds: 10 } : patiently(store));
  await mkdir(join(home, 'spool'));
  try {
    return await work({ kind, home, store, db });
  } finally {
    await db.destroy();
    await rm(home, { recursive: true });
  }
}

/**
 * Every file of the spool by its path, with its inode and its bytes, and every row that somebody could change. Of drafts of
 * the first process, which it alone gives such names, it may clear away what it likes.
 */
async function picture({ home, db }: Scene): Promise<object> {
  const spool = join(home, 'spool');
  const paths = (await filesUnder(spool)).filter((path) => !/\/\.tmp-\d+\.1-/.test(path));
  const files = await Promise.all(
    paths.map(async (path) => {
      const { ino, nlink } = await lstat(join(spool, path));
      return [path, ino, nlink, await readFile(join(spool, path), 'latin1')];
    }),
  );
  const tables = ['delivery', 'batch', 'batch_item', 'batch_stage', 'job_run', 'device', 'audit'] as const;
  const rows = await Promise.all(
    tables.map(async (table) => [
      table,
      (await db.selectFrom(table).selectAll().execute()).map((row) => JSON.stringify(row)).sort(),
    ]),
  );
  return { files, rows };
}

/** Where all of the work is done. */
const finished = ['publish.committed'];

/** What is to be played at every point where a process may be stopped. */
interface Play {
  readonly kind: HostWork['kind'];
  /** What the first process finds. */
  prepare(scene: Scene): Promise<void>;
  /** Everything has come to its end, once. */
  expectDone(scene: Scene): Promise<void>;
  /** What happens then, before the first process goes on. */
  meanwhile?(scene: Scene): Promise<void>;
}

/** @returns the point at which the first process was stopped; undefined when it has ended before */
async function playAt(play: Play, engine: Engine, count: number): Promise<string | undefined> {
  return inScene(play.kind, engine, async (scene) => {
    await play.prepare(scene);
    const first = new HostProcess('host-a', scene, count);
    try {
      const point = await first.stopped();
      if (point === undefined) {
        expect(await first.ended).toMatchObject({ code: 0, stderr: '' });
        return undefined;
      }
      await leasesEnded(scene.db);
      await transactionsEnded(scene.db);
      await expectEnd(new HostProcess('host-b', scene), point);
      await play.expectDone(scene);
      await play.meanwhile?.(scene);
      const before = await picture(scene);
      first.goOn();
      const { code, lines, stderr } = await first.ended;
      // Who has nothing in hand any more may have ended before he finds out.
      const lost = lines.includes('LEASE_LOST') || !finished.includes(point);
      expect({ point, code, stderr }).toEqual({ point, code: lost ? 10 : 0, stderr: '' });
      expect({ point, ...(await picture(scene)) }).toEqual({ point, ...before });
      return point;
    } finally {
      first.kill();
    }
  });
}

async function expectEnd(process: HostProcess, point: string): Promise<void> {
  const { code, stderr } = await process.ended;
  expect({ point, code, stderr }).toEqual({ point, code: 0, stderr: '' });
}

/** Processes that are stopped at the same time. */
const atOnce = 4;

/** @returns the points at which a process was stopped, in their order */
async function playEverywhere(play: Play): Promise<string[]> {
  const points: (string | undefined)[] = [];
  let next = 0;
  let past = false;
  const lane = async () => {
    try {
      while (!past) {
        const count = next++;
        points[count] = await playAt(play, 'PostgreSQL', count + 1);
        past ||= points[count] === undefined;
      }
    } finally {
      past = true; // Nothing is begun that a failure would cut off.
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, lane));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return points.filter((point) => point !== undefined);
}

const spoolOf = ({ home }: Scene) => join(home, 'spool');
const foldersOf = (scene: Scene) => inboxFolders(join(spoolOf(scene), inboxName));

async function drop(scene: Scene, name: string, text: string): Promise<void> {
  await writeFile(join(foldersOf(scene).in, name), text);
  await writeFile(join(foldersOf(scene).in, `${name}.ok`), '');
}

const inbox: Play = {
  kind: 'inbox',
  prepare: async (scene) => {
    await makeInbox(join(spoolOf(scene), inboxName));
    await drop(scene, 'x', 'good');
    await drop(scene, 'y', 'bad');
  },
  expectDone: async (scene) => {
    const files = await finalFiles({ folders: foldersOf(scene) });
    expect(contentsOf(files, 'done')).toEqual(['', 'good']);
    expect(contentsOf(files, 'rejected')).toEqual(['', 'bad']);
    expect(await loadedTexts(scene.db)).toEqual(['good']);
    for (const folder of ['in', 'work', 'tmp', 'hold'] as const)
      expect([folder, ...(await filesUnder(foldersOf(scene)[folder]))]).toEqual([folder]);
  },
  /** The sender uses the names again, and an operator sends the refused file back. */
  meanwhile: async (scene) => {
    await drop(scene, 'x', 'good, and newer');
    await drop(scene, 'y', 'bad, and newer');
    const refused = (await ledger(scene.db)).find((row) => row.state === 'rejected');
    const operator = { who: 'alice', reason: 'again', now: new Date() };
    await retryFile(scene.db, spoolOf(scene), operator, refused?.id ?? 0);
  },
};

const outbox = 'out';
const publisher: Play = {
  kind: 'publisher',
  prepare: async (scene) => {
    await mkdir(join(spoolOf(scene), outbox));
    for (const name of ['a', 'b']) {
      const publication = { folder: outbox, name, purpose: 'generic-request', content: name } as const;
      await queuePublication(
        scene.db,
        { ...publication, batchId: null, providerRequestId: null },
        new Date(),
      );
    }
  },
  expectDone: async ({ home, db }) => {
    const published = await db.selectFrom('audit').select('subject').orderBy('subject').execute();
    expect(published.map(({ subject }) => subject)).toEqual(['a', 'b']);
    expect(await filesUnder(join(home, 'spool', outbox))).toEqual(expect.arrayContaining(['a', 'b']));
  },
  /** Their reader takes the files away. */
  meanwhile: async (scene) => {
    for (const name of ['a', 'b']) await rm(join(spoolOf(scene), outbox, name));
  },
};

let batches: readonly number[] = [];
/** One after the other: within this process, too, a job runs once at a time. */
let preparing = Promise.resolve();

const job: Play = {
  kind: 'job',
  prepare: (scene) => (preparing = preparing.then(() => prepareJob(scene))),
  expectDone: async (scene) => expect(await foundOf(scene, batches)).toEqual(everythingApplied),
};

/** The batches have the same numbers in each scene. */
async function prepareJob({ db }: Scene): Promise<void> {
  const rt = await testRuntime();
  const worker = await registerWorker(db, 'test', rt.clock.now());
  batches = await answered({ ...rt, db, worker });
  await signOff(db, worker, rt.clock.now());
  await rt.close();
}

/** The points of a list, in the order in which they were come to first. */
const distinct = (points: readonly string[]): string[] => [...new Set(points)];

test('K05: files, wherever it was stopped; the sender and an operator have gone on', async () => {
  const points = await playEverywhere(inbox);
  expect(distinct(points)).toEqual([
    ...[
      'claim.recorded',
      'claim.linked',
      'claim.moved-aside',
      'claim.taken',
      'claim.synced',
      'claim.claimed',
    ],
    ...['work.counted', 'work.read', 'work.decided', 'work.written', 'work.committed'],
    ...['settle.linked', 'settle.unlinked', 'settle.companion-linked', 'settle.moved'],
    ...['work.refused', 'settle.reason-drafted', 'settle.reason-written'],
  ]);
}, 300_000);

test('E05: documents that are published, wherever it was stopped; their reader has gone on', async () => {
  const points = await playEverywhere(publisher);
  expect(distinct(points)).toEqual([
    ...['publish.taken', 'publish.drafted', 'publish.sealed', 'publish.linked'],
    ...['publish.unlinked', 'publish.written', 'publish.committed'],
  ]);
}, 300_000);

test('a job, wherever it was stopped: its run is interrupted, and its work is done by another', async () => {
  const points = await playEverywhere(job);
  expect(distinct(points)).toEqual([
    ...['job.started', 'job.batch-taken', 'job.item-written', 'job.item-committed', 'job.batch-settled'],
    'job.worked',
  ]);
}, 300_000);

/** Not within a transaction, where a process that is stopped keeps all others from writing: many hosts have a server. */
test.each([inbox, publisher, job])(
  'on SQLite, too: $kind',
  async (play) => {
    expect(await playAt(play, 'SQLite', 1)).toBeDefined();
  },
  60_000,
);
