import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, statfs, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { inboxFolders, makeInbox, type InboxFolders } from '../../shared/spool/layout.ts';
import { listBatches } from '../../shared/store/batches.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { sealedDispatch, type OrderInHand } from '../support/dispatches.ts';
import { startInbox } from '../support/inbox-process.ts';
import { install, type Program, type TestInstallation } from '../support/installation.ts';
import { loadedTexts } from '../support/loading.ts';
import { filesUnder, inboxName, ledger } from '../support/temporary-spool.ts';
import { temporaryStore, type TemporaryStore } from '../support/temporary-store.ts';
import { waitFor } from '../support/wait-for.ts';

/** How files arrive, with real processes. */

const memory = '/dev/shm';
const orderOf = (id: string): OrderInHand => ({ id, devices: [`ZZ${id}`] });

describe('a real loader', () => {
  let installation: TestInstallation;
  let warehouse: KeyRing;
  let loader: Program | undefined;

  beforeEach(async () => {
    installation = await install();
    warehouse = await installation.addPartner('warehouse');
  });
  afterEach(() => installation.close());

  const drop = async (name: string) =>
    installation.drop(inboxName, name, await sealedDispatch(orderOf(name.replace(/\D/g, '')), warehouse));
  const done = (name: string) =>
    waitFor(`${name} in done/`, async () => {
      const files = await installation.files(inboxName, 'done');
      return files.some((path) => path.endsWith(`/${name}`)) || undefined;
    });
  const inDrop = () => installation.spool(inboxName, 'in');
  /** The log line of an event, the n-th of its name. */
  const told = async (event: string, count = 1): Promise<Record<string, unknown>> => {
    const line = await waitFor(`${event} in the log`, () =>
      (loader?.stdout ?? '')
        .split('\n')
        .filter((text) => text.includes(`"event":"${event}"`))
        .at(count - 1),
    );
    return JSON.parse(line) as Record<string, unknown>;
  };

  test('A14 A12: its drop folder is deleted and made anew: it stops, resumes, and hears of later files', async () => {
    // No scan by itself for an hour: what is found is found by the watch.
    await installation.configure([[['spool', 'scanSeconds'], 3600]]);
    loader = installation.start(['loader']);
    await loader.logged('daemon.ready');
    await drop('1001.pgp');
    await done('1001.pgp');
    await rm(inDrop(), { recursive: true });
    expect(await told('task.stopped')).toMatchObject({
      task: `inbox ${inboxName}`,
      code: 'SPOOL_MISSING',
      detail: `${inDrop()} is missing`,
    });
    await mkdir(inDrop());
    await told('task.resumed');
    expect(await told('inbox.replaced')).toMatchObject({ inbox: inboxName });
    for (const name of ['1002.pgp', '1003.pgp']) {
      await drop(name);
      await done(name);
    }
    const { code } = await loader.end('SIGTERM');
    expect(code).toBe(0);
  });

  test('A12: without notices of the kernel, as on a file server, the scan finds its files', async () => {
    await installation.configure([[['spool', 'scanSeconds'], 0.5]]);
    const deaf = fileURLToPath(new URL('../support/deaf-preload.ts', import.meta.url));
    loader = installation.start(['loader'], { env: { NODE_OPTIONS: `--import=${deaf}` } });
    await loader.logged('daemon.ready');
    for (const name of ['1001.pgp', '1002.pgp']) {
      await drop(name);
      await done(name);
    }
    expect((await loader.end('SIGTERM')).code).toBe(0);
  });

  test('A13: on a file server a file is quiet for longer than clients remember its size', async () => {
    await installation.configure([[['inboxes', inboxName, 'quietSeconds'], 2]]);
    const preload = fileURLToPath(new URL('../support/file-server-preload.ts', import.meta.url));
    loader = installation.start(['loader'], { env: { NODE_OPTIONS: `--import=${preload}` } });
    await loader.logged('daemon.ready');
    expect(await told('inbox.on-network')).toMatchObject({
      fileSystem: 'NFS',
      quietSeconds: 2,
      waitsSeconds: 61,
    });
    await drop('1001.pgp');
    const dropped = performance.now();
    await done('1001.pgp');
    // Minutes of the process are two seconds here.
    expect(performance.now() - dropped).toBeGreaterThan((61 * 1000) / 30);
    expect((await loader.end('SIGTERM')).code).toBe(0);
  });

  // Another device needs one; where /dev/shm is none, the reporter names what was left out, and under CI it fails.
  const twoDevices = existsSync(memory) ? test : test.skip;
  twoDevices(
    'A14 K07: its drop folder comes back on another device: it stops until that is mended',
    async () => {
      expect((await statfs(memory)).type).not.toBe((await statfs(tmpdir())).type);
      const elsewhere = await mkdtemp(join(memory, 'enrol-'));
      try {
        loader = installation.start(['loader']);
        await loader.logged('daemon.ready');
        await rename(inDrop(), installation.spool('unmounted'));
        await symlink(elsewhere, inDrop());
        await waitFor('SPOOL_DEVICES', () => loader?.stdout.includes('"code":"SPOOL_DEVICES"'));
        await drop('1001.pgp');
        await rm(inDrop());
        await rename(installation.spool('unmounted'), inDrop());
        await told('task.resumed');
        await drop('1002.pgp');
        await done('1002.pgp');
        expect(await listBatches(await installation.store(), { limit: 9, order: 'oldest' })).toHaveLength(1);
        expect(await filesUnder(elsewhere)).toEqual(['1001.pgp']);
      } finally {
        await rm(elsewhere, { recursive: true });
      }
    },
  );

  test('A05 A06 A07: with markers: files wait for them, and are what their manifests say', async () => {
    await installation.configure([
      [['inboxes', inboxName, 'marker'], '.ok'],
      [['inboxes', inboxName, 'markerSeconds'], 1],
    ]);
    const bytes = await sealedDispatch(orderOf('1001'), warehouse);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const manifest = (records: number) => JSON.stringify({ size: bytes.length, sha256, records });
    loader = installation.start(['loader']);
    await loader.logged('daemon.ready');
    await installation.drop(inboxName, 'a.pgp', bytes);
    await installation.drop(inboxName, 'b.pgp.ok', Buffer.from(''));
    const lacks = [await told('file.unpaired'), await told('file.unpaired', 2)];
    expect(lacks.map((line) => [line.file, line.lacks]).sort()).toEqual([
      ['a.pgp', 'its marker'],
      ['b.pgp.ok', 'its file'],
    ]);
    await installation.drop(inboxName, 'a.pgp.ok', Buffer.from(manifest(2)));
    await told('file.rejected');
    expect(await installation.files(inboxName, 'rejected')).toEqual([
      'a.pgp',
      'a.pgp.ok',
      'a.pgp.reason.json',
    ]);
    expect(await told('file.rejected')).toMatchObject({
      code: 'MANIFEST_MISMATCH',
      detail: 'the manifest says 2 record(s), the file has 1',
    });
    await installation.drop(inboxName, 'c.pgp', bytes);
    await installation.drop(inboxName, 'c.pgp.ok', Buffer.from(manifest(1)));
    await done('c.pgp.ok');
    expect(await installation.files(inboxName, 'in')).toEqual(['b.pgp.ok']);
    expect(await listBatches(await installation.store(), { limit: 9, order: 'oldest' })).toMatchObject([
      { record_count: 1 },
    ]);
    expect(loader.events.filter((event) => event === 'file.unpaired')).toHaveLength(2);
  });
});

describe('an inbox process', () => {
  let store: TemporaryStore;
  let spool: string;
  let folders: InboxFolders;

  async function scene(): Promise<void> {
    store = await temporaryStore();
    spool = join(store.folder, 'spool');
    folders = inboxFolders(join(spool, inboxName));
    await makeInbox(join(spool, inboxName));
  }

  /** Runs it to its end. @returns whether it killed itself */
  async function run(own: { killAt?: string; marker?: string } = {}): Promise<boolean> {
    const { child, exited } = startInbox({ store: store.file, spool, ...own });
    child.stdin?.end();
    const { code, signal, stderr } = await exited;
    if (signal !== 'SIGKILL' && code !== 0) throw new Error(`exit ${code ?? signal ?? ''}: ${stderr}`);
    return signal === 'SIGKILL';
  }

  test('A05 K01: that is killed, wherever it is, keeps a file and its marker together', async () => {
    let kills = 0;
    for (let past = false; !past;) {
      await scene();
      for (const [name, text] of [
        ['a', 'one'],
        ['b', 'bad two'],
      ] as const) {
        await writeFile(join(folders.in, name), text);
        await writeFile(join(folders.in, `${name}.ok`), `{"size": ${text.length}}`);
      }
      if (await run({ killAt: `point:${kills + 1}`, marker: '.ok' })) kills++;
      else past = true;
      await run({ marker: '.ok' });
      const day = (await filesUnder(folders.done))[0]?.slice(0, 10) ?? '';
      expect({ kills, done: await filesUnder(folders.done) }).toEqual({
        kills,
        done: [`${day}/a`, `${day}/a.ok`],
      });
      expect(await filesUnder(folders.rejected)).toEqual(['b', 'b.ok', 'b.reason.json']);
      for (const folder of [folders.in, folders.work, folders.tmp, folders.hold])
        expect({ kills, files: await filesUnder(folder) }).toEqual({ kills, files: [] });
      expect(await loadedTexts(store.db)).toEqual(['one']);
      await store.close();
    }
    // Claim, attempt, load, archive of the one; claim, attempt, refusal, reason, move of the other; at each a few.
    expect(kills).toBeGreaterThanOrEqual(28);
  }, 300_000);

  test('A11: a burst of files is worked off by the scan alone, all of them, each once', async () => {
    await scene();
    const count = 1200;
    for (let number = 0; number < count; number++) writeFileSync(join(folders.in, `x${number}`), `${number}`);
    expect(await run()).toBe(false);
    expect(await filesUnder(folders.in)).toEqual([]);
    expect(await filesUnder(folders.done)).toHaveLength(count);
    expect(new Set(await loadedTexts(store.db)).size).toBe(count);
    expect((await ledger(store.db)).every((row) => row.state === 'done' && row.attempts === 1)).toBe(true);
    await store.close();
  }, 300_000);

  test('A16: among 30,000 files that wait for their markers, a new one is found, in bounded memory', async () => {
    store = await temporaryStore();
    // Where so many names cost least.
    const root = await mkdtemp(join(existsSync(memory) ? memory : tmpdir(), 'crowd-'));
    try {
      await makeInbox(join(root, inboxName));
      folders = inboxFolders(join(root, inboxName));
      // First, since a file system in memory lists the newest first.
      for (const name of ['new', 'new.ok']) writeFileSync(join(folders.in, name), '');
      for (let number = 0; number < 30_000; number++) writeFileSync(join(folders.in, `stuck${number}`), '');
      const program = new URL('../support/scan-program.ts', import.meta.url).pathname;
      // A small heap. With 200,000 files, by hand: found after 40 looks, 104 MB before and 270 MB at most.
      const words = ['--max-old-space-size=64', program, store.file, root];
      const { stdout } = await promisify(execFile)(process.execPath, words, {
        env: { ...process.env, NODE_OPTIONS: '' },
      });
      console.log(stdout.trim());
      const said = JSON.parse(stdout) as { found: string; looks: number; megabytesAtMost: number };
      expect(said.found).toBe('new');
      expect(said.looks).toBeLessThanOrEqual(24);
      expect(said.megabytesAtMost).toBeLessThan(400);
    } finally {
      await rm(root, { recursive: true });
      await store.close();
    }
  }, 300_000);
});
