import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { describe, expect, test } from '@jest/globals';

import { inboxFolders, makeInbox, type InboxFolders } from '../../shared/spool/layout.ts';
import { startInbox } from '../support/inbox-process.ts';
import { loadedTexts } from '../support/loading.ts';
import { contentsOf, filesUnder, finalFiles, inboxName, ledger } from '../support/temporary-spool.ts';
import { temporaryStore, type TemporaryStore } from '../support/temporary-store.ts';
import { waitFor } from '../support/wait-for.ts';

/** A spool with files dropped, and processes on it that get killed. */
interface Scene {
  readonly store: TemporaryStore;
  readonly spool: string;
  readonly folders: InboxFolders;
  drop(texts: readonly string[]): Promise<void>;
  /** Runs a process to its end; true when it killed itself. */
  run(killAt?: string): Promise<boolean>;
}

async function scene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const store = await temporaryStore();
  const spool = join(store.folder, 'spool');
  const folders = inboxFolders(join(spool, inboxName));
  await makeInbox(join(spool, inboxName));
  let dropped = 0;
  try {
    await work({
      store,
      spool,
      folders,
      drop: async (texts) => {
        for (const text of texts) await writeFile(join(folders.in, `x${dropped++}`), text);
      },
      run: async (killAt) => {
        const { child, exited } = start({ store, spool }, killAt);
        child.stdin?.end();
        const { code, signal, stderr } = await exited;
        if (signal !== 'SIGKILL' && code !== 0) throw new Error(`exit ${code ?? signal ?? ''}: ${stderr}`);
        return signal === 'SIGKILL';
      },
    });
  } finally {
    await store.close();
  }
}

const start = ({ store, spool }: Pick<Scene, 'store' | 'spool'>, killAt?: string) =>
  startInbox({ store: store.file, spool, ...(killAt !== undefined && { killAt }) });

/** Every file has come to exactly one end, its record is in the store if and only if it was loaded. */
async function expectSettled(
  { store, folders }: Scene,
  texts: readonly string[],
  held: string[] = [],
): Promise<void> {
  const files = await finalFiles({ folders });
  const expected = (state: string) => texts.filter((text) => stateOf(text, held) === state).sort();
  for (const folder of ['done', 'rejected', 'hold'] as const) {
    expect([folder, contentsOf(files, folder)]).toEqual([folder, expected(folder)]);
  }
  expect(await loadedTexts(store.db)).toEqual(expected('done'));
  for (const folder of ['in', 'work', 'tmp'] as const) expect(await filesUnder(folders[folder])).toEqual([]);
  for (const row of await ledger(store.db)) {
    expect(row).toMatchObject({ moved_at: expect.any(String), place: expect.any(String) });
    if (row.state === 'done') expect(row.batch_id).not.toBeNull();
    else expect(await reasonCode(folders, row.place ?? '')).toBe(row.fault_code);
  }
}

function stateOf(text: string, held: readonly string[]): 'done' | 'rejected' | 'hold' {
  if (held.includes(text)) return 'hold';
  return text.startsWith('bad') ? 'rejected' : 'done';
}

async function reasonCode(folders: InboxFolders, place: string): Promise<unknown> {
  const path = `${folders.in.slice(0, -`${inboxName}/in`.length)}${place}.reason.json`;
  return (JSON.parse(await readFile(path, 'utf8')) as { code: unknown }).code;
}

/** Processes at a time. */
const atOnce = 2;

/** Kills a process at the first, second, … time that it comes there, until it never comes there so often. */
async function killEverywhere(where: string): Promise<number> {
  let next = 1;
  let past = false;
  let kills = 0;
  const lane = async () => {
    while (!past) {
      const point = `${where}:${next++}`;
      await scene(async (scene) => {
        const texts = ['one', 'bad two'];
        await scene.drop(texts);
        if (await scene.run(point)) kills++;
        else past = true;
        await scene.drop(['fresh']);
        expect(await scene.run()).toBe(false);
        await expectSettled(scene, [...texts, 'fresh']);
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return kills;
}

describe('a process that is killed', () => {
  // A good file and a bad one, together: rows; begin and commit of claim, load and archiving; refusal, begin and commit.
  test('K01 K03 K04: at any call to the store, leaves every file to one end and every record once', async () => {
    expect(await killEverywhere('store')).toBe(10);
  });

  test('K01: between the steps of a claim', async () => {
    expect(await killEverywhere('tmp')).toBe(8);
  });

  test('K01: with its records written and not committed', async () => {
    expect(await killEverywhere('commit')).toBe(1);
  });

  test('K01: at moments of chance, again and again', async () => {
    await scene(async (scene) => {
      const texts = Array.from({ length: 600 }, (_, index) =>
        index % 5 === 0 ? `bad ${index}` : `good ${index}`,
      );
      await scene.drop(texts);
      const delays: number[] = [];
      for (let round = 0; round < 6; round++) {
        const { child, events, exited } = start(scene);
        child.stdin?.end();
        const begun = () => events.includes('file.claimed') || child.exitCode !== null;
        await waitFor('the first file, or the end', () => begun() || undefined);
        const delay = Math.random() * 40;
        delays.push(delay);
        await pause(delay);
        child.kill('SIGKILL');
        if ((await exited).signal !== 'SIGKILL') break;
      }
      expect({ delays, enough: delays.length >= 2 }).toMatchObject({ enough: true });
      await scene.drop(['fresh']);
      expect(await scene.run()).toBe(false);
      // Chance may kill thrice on one file, which is held then.
      const held = contentsOf(await finalFiles(scene), 'hold');
      await expectSettled(scene, [...texts, 'fresh'], held);
    });
  });

  test('K11: three times on one file, puts that file on hold while the others go on', async () => {
    await scene(async (scene) => {
      await scene.drop(['one', 'poison', 'two']);
      for (let death = 0; death < 3; death++) expect(await scene.run('poison:1')).toBe(true);
      expect(await scene.run('poison:1')).toBe(false);
      await expectSettled(scene, ['one', 'poison', 'two'], ['poison']);
      const held = (await ledger(scene.store.db)).filter((row) => row.state === 'held');
      expect(held).toMatchObject([{ fault_code: 'CRASH_LOOP', crashes: 3 }]);
    });
  });
});

test('K05: two processes on one inbox take no file twice and forget none', async () => {
  await scene(async (scene) => {
    const texts = Array.from({ length: 1000 }, (_, index) =>
      index % 10 === 0 ? `bad ${index}` : `good ${index}`,
    );
    await scene.drop(texts);
    const processes = [start(scene), start(scene)];
    for (const { events } of processes) await waitFor('ready', () => events.includes('ready') || undefined);
    for (const { child } of processes) child.stdin?.end();
    for (const { exited } of processes) expect(await exited).toMatchObject({ code: 0, stderr: '' });
    await expectSettled(scene, texts);
    const rows = await ledger(scene.store.db);
    expect(rows.map((row) => row.crashes + row.attempts)).toEqual(rows.map(() => 1));
    expect(new Set(rows.map((row) => row.worker_id)).size).toBe(2);
  });
});
