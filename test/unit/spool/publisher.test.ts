import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { onFailPoint, type FailPoint } from '../../../shared/runtime/fail-point.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import { InboxWorker } from '../../../shared/spool/inbox-worker.ts';
import { Publisher, type PublisherOptions } from '../../../shared/spool/publisher.ts';
import { recordAudit } from '../../../shared/store/audit.ts';
import type { Delivery } from '../../../shared/store/deliveries.ts';
import { queuePublication } from '../../../shared/store/publications.ts';
import { registerWorker } from '../../../shared/store/workers.ts';
import { auditOf } from '../../support/store-lookups.ts';
import { loadedTexts, loading } from '../../support/loading.ts';
import {
  filesUnder,
  inboxName,
  ledger,
  onlyRow,
  temporarySpool,
  type TemporarySpool,
} from '../../support/temporary-spool.ts';
import { watchedDb } from '../../support/watched-db.ts';

const folder = `${inboxName}/in`;
const never = new AbortController().signal;

let at: TemporarySpool;
let sealed: string[];
let published: number[];
beforeEach(async () => {
  at = await temporarySpool();
  sealed = [];
  published = [];
});
afterEach(async () => {
  onFailPoint(() => undefined);
  await at.close();
});

/** Sealing gives other bytes each time, as encryption does. */
const seal = (row: Delivery): Promise<Uint8Array> => {
  sealed.push(`sealed ${sealed.length + 1}: ${row.content ?? ''}`);
  return Promise.resolve(Buffer.from(sealed.at(-1) ?? ''));
};

const publisher = (own: Partial<PublisherOptions> = {}) =>
  new Publisher('publish', {
    spool: at.spool,
    db: at.store.db,
    worker: at.inbox.worker,
    lease: at.inbox.lease,
    clock: at.clock,
    emit: at.inbox.emit,
    purposes: ['generic-request'],
    seal,
    onPublished: (_, rows) => Promise.resolve(void published.push(...rows.map((row) => row.id))),
    ...own,
  });

const publish = (own?: Partial<PublisherOptions>) => publisher(own).step(never);

const queue = (name: string, content = `content of ${name}`, into = folder) =>
  queuePublication(
    at.store.db,
    { folder: into, name, purpose: 'generic-request', content, batchId: null, providerRequestId: null },
    at.clock.now(),
  );

const visible = () => filesUnder(at.inbox.folders.in);
const path = (name: string) => join(at.inbox.folders.in, name);
const text = (name: string) => readFile(path(name), 'utf8');
const digestOf = (bytes: string) => createHash('sha256').update(bytes).digest('hex');

describe('a queued document', () => {
  test('is sealed, published, and done', async () => {
    await queue('x');
    expect(await publish()).toEqual({ worked: 1, refused: 0, waiting: 0 });
    expect(await visible()).toEqual(['x']);
    expect(await text('x')).toBe('sealed 1: content of x');
    expect(await onlyRow(at.store.db)).toMatchObject({
      state: 'done',
      place: `${folder}/x`,
      content: null,
      digest: digestOf('sealed 1: content of x'),
      size: 22,
      moved_at: at.clock.now().toISOString(),
    });
    expect(published).toEqual([1]);
    expect(at.events.map((event) => event.name)).toEqual(['file.published']);
    expect(await publish()).toMatchObject({ worked: 0 });
  });

  test('is left to the living process that has it, and taken from a dead one', async () => {
    await queue('x');
    const other = await registerWorker(at.store.db, 'other', at.clock.now());
    await at.store.db.updateTable('delivery').set({ worker_id: other.id }).execute();
    expect(await publish()).toMatchObject({ worked: 0 });
    await at.store.db.updateTable('worker').set({ pid_start: '0' }).where('id', '=', other.id).execute();
    expect(await publish()).toMatchObject({ worked: 1 });
  });

  test('of another purpose is not ours', async () => {
    await queue('x');
    expect(await publish({ purposes: ['generic-response'] })).toMatchObject({ worked: 0 });
  });
});

/** Publishes until the n-th writing call to the store, where the process ends. */
async function crashAt(call: number): Promise<void> {
  let calls = 0;
  const db = watchedDb(at.store.db, (name) => {
    if (name !== 'committed' && ++calls === call) throw new Error('the end');
  });
  await expect(publish({ db })).rejects.toMatchObject({ code: 'BUG' });
}

const draft = '.tmp-1.1-x';
const beforeMarkSealed = 2;
const beforeDone = 3;

describe('E01: a crash', () => {
  /** What must be true after the next run. */
  async function expectPublishedOnce(bytes: string): Promise<void> {
    const [row] = await ledger(at.store.db);
    expect(row).toMatchObject({ direction: 'out', digest: digestOf(bytes), state: 'done' });
    expect(published).toEqual([1]);
    expect(await publish()).toMatchObject({ worked: 0 });
  }

  test('after the draft: it is written anew, nothing of it was seen', async () => {
    await queue('x');
    await crashAt(beforeMarkSealed);
    expect(await visible()).toEqual([draft]);
    await publish();
    expect(await visible()).toEqual(['x']);
    expect(await text('x')).toBe('sealed 2: content of x');
    await expectPublishedOnce('sealed 2: content of x');
  });

  test('after the digest was recorded: exactly these bytes are published', async () => {
    await queue('x');
    await crashAt(beforeDone);
    await rename(path('x'), path(draft));
    await publish();
    expect(sealed).toHaveLength(1);
    expect(await visible()).toEqual(['x']);
    expect(await text('x')).toBe(sealed[0]);
    await expectPublishedOnce('sealed 1: content of x');
  });

  test('after the link: only the draft is removed', async () => {
    await queue('x');
    await crashAt(beforeDone);
    await link(path('x'), path(draft));
    await publish();
    expect(sealed).toHaveLength(1);
    expect(await visible()).toEqual(['x']);
    await expectPublishedOnce('sealed 1: content of x');
  });

  test('after the removal of the draft: nothing is left but the row', async () => {
    await queue('x');
    await crashAt(beforeDone);
    await publish();
    expect(await visible()).toEqual(['x']);
    await expectPublishedOnce('sealed 1: content of x');
  });

  test('after the removal of the draft, and the reader has taken the file: it does not come again', async () => {
    await queue('x');
    await crashAt(beforeDone);
    await rm(path('x'));
    await publish();
    expect(await visible()).toEqual([]);
    expect(sealed).toHaveLength(1);
    await expectPublishedOnce('sealed 1: content of x');
  });

  test('after the link, and the reader has taken the file: it does not come again', async () => {
    await queue('x');
    await crashAt(beforeDone);
    await link(path('x'), path(draft));
    await read();
    await publish();
    expect(await readdir(at.inbox.folders.in)).toEqual([]);
    const codes = (await ledger(at.store.db)).map((row) => row.fault_code ?? row.state);
    expect(codes).toEqual(['done', 'done']);
    expect(await loadedTexts(at.store.db)).toEqual(['sealed 1: content of x']);
  });
});

/** The reader, as another process: two looks. */
async function read(): Promise<void> {
  const reader = new InboxWorker(at.inbox, loading);
  await reader.step(never);
  at.clock.advance(2);
  await reader.step(never);
}

test('E03: a reader never sees a part of a file', async () => {
  const content = 'x'.repeat(3_000_000);
  for (let count = 0; count < 10; count++) await queue(`x${count}`, content);
  const sizes = new Set<number>();
  let writing = true;
  const watch = async () => {
    while (writing) {
      for (const name of await readdir(at.inbox.folders.in)) {
        if (!name.startsWith('.')) sizes.add((await readFile(path(name))).length);
      }
    }
  };
  const watching = watch();
  await publish();
  writing = false;
  await watching;
  expect(await visible()).toHaveLength(10);
  expect(sizes.size).toBeGreaterThan(0);
  expect(sealed.map((text) => text.length)).toEqual(expect.arrayContaining([...sizes]));
});

describe('E04: a name that another file has', () => {
  test('is a fault, nothing is overwritten, and the others are published', async () => {
    await writeFile(path('x'), 'a stranger’s');
    await queue('x');
    await queue('y');
    await expect(publish()).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    expect(await text('x')).toBe('a stranger’s');
    expect(await text('y')).toContain('content of y');
    expect((await ledger(at.store.db)).map((row) => row.state)).toEqual(['claimed', 'done']);
  });

  test('is published when the other file has been moved away, with the bytes of the first time', async () => {
    await writeFile(path('x'), 'a stranger’s');
    await queue('x');
    await expect(publish()).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    await rm(path('x'));
    await publish();
    expect(sealed).toHaveLength(1);
    expect(await text('x')).toBe(sealed[0]);
    expect(await visible()).toEqual(['x']);
  });
});

test('E02: a missing folder is a fault; the document waits and the others are published', async () => {
  await queue('x', 'one', 'provider/apple/outbound');
  await queue('y');
  await expect(publish()).rejects.toMatchObject({ code: 'SPOOL_MISSING' });
  expect(await visible()).toEqual(['y']);
  await mkdir(join(at.spool, 'provider/apple/outbound'), { recursive: true });
  expect(await publish()).toMatchObject({ worked: 1 });
  expect(await filesUnder(join(at.spool, 'provider/apple/outbound'))).toEqual(['x']);
});

test('what follows from the publication is part of one transaction with it', async () => {
  await queue('x');
  const onPublished: PublisherOptions['onPublished'] = async (trx, [row]) => {
    await trx
      .updateTable('delivery')
      .set({ detail: 'published' })
      .where('id', '=', row?.id ?? 0)
      .execute();
    throw new Error('the end');
  };
  await expect(publish({ onPublished })).rejects.toMatchObject({ code: 'BUG' });
  expect(await onlyRow(at.store.db)).toMatchObject({ state: 'claimed', detail: null });
  await publish();
  expect(await onlyRow(at.store.db)).toMatchObject({ state: 'done' });
});

describe('documents side by side', () => {
  const five = ['a', 'b', 'c', 'd', 'e'];
  const states = async () => (await ledger(at.store.db)).map((row) => `${row.name} ${row.state}`);
  const failing = (name: string, fault: Error) => ({
    seal: (row: Delivery) => (row.name === name ? Promise.reject(fault) : seal(row)),
  });
  /** Noted with the publication, in its transaction. */
  const noting: PublisherOptions['onPublished'] = async (trx, rows) => {
    for (const { name } of rows) {
      const entry = { who: 'test', action: 'published', subject: name };
      await recordAudit(trx, { ...entry, reason: null, before: null, after: null }, at.clock.now());
    }
  };

  /** Every document is out, once, with the bytes whose digest is in the store. */
  async function expectAllOnce(names: readonly string[]): Promise<void> {
    expect(await visible()).toEqual([...names].sort());
    for (const row of await ledger(at.store.db)) {
      expect(row).toMatchObject({ state: 'done', content: null, place: `${folder}/${row.name}` });
      expect([row.name, row.digest]).toEqual([row.name, digestOf(await text(row.name))]);
      expect([row.name, (await auditOf(at.store.db, row.name)).length]).toEqual([row.name, 1]);
    }
  }

  test('are sealed at once, are published in their order, and share the commits', async () => {
    const names = Array.from({ length: 150 }, (_, index) => `x${String(index).padStart(3, '0')}`);
    for (const name of names) await queue(name);
    let [now, most, writes] = [0, 0, 0];
    const slow = async (row: Delivery) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      return seal(row);
    };
    const db = watchedDb(at.store.db, () => writes++);
    const own = publisher({ db, seal: slow, onPublished: noting });
    expect(await own.step(never)).toMatchObject({ worked: 128 });
    expect(await own.step(never)).toMatchObject({ worked: 22 });
    expect(await own.step(never)).toMatchObject({ worked: 0 });
    expect(most).toBe(64);
    expect(writes).toBeLessThan(20);
    expect(at.events.map(({ fields }) => (fields as { file: string }).file)).toEqual(names);
    await expectAllOnce(names);
  });

  test('that are large go alone, so that not many are held in memory', async () => {
    for (const name of five) await queue(name, name.repeat(3_000_000));
    let [now, most] = [0, 0];
    const slow = async (row: Delivery) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      return seal(row);
    };
    expect(await publish({ seal: slow, onPublished: noting })).toMatchObject({ worked: 5 });
    expect(most).toBe(1);
    await expectAllOnce(five);
  });

  test('a stop ends the round between two groups, and what was begun is finished', async () => {
    for (const name of five) await queue(name, name.repeat(3_000_000));
    const stop = new AbortController();
    const own = publisher({
      seal: (row) => {
        if (row.name === 'b') stop.abort();
        return seal(row);
      },
    });
    expect(await own.step(stop.signal)).toMatchObject({ worked: 2 });
    expect(await states()).toEqual(['a done', 'b done', 'c seen', 'd seen', 'e seen']);
  });

  test('one that cannot be sealed does not keep the others', async () => {
    for (const name of five) await queue(name);
    await expect(publish(failing('c', new Fault('PGP_KEY_EXPIRED', 'key')))).rejects.toMatchObject({
      code: 'PGP_KEY_EXPIRED',
    });
    expect(await states()).toEqual(['a done', 'b done', 'c seen', 'd done', 'e done']);
    expect(await visible()).toEqual(['a', 'b', 'd', 'e']);
    expect(await publish()).toMatchObject({ worked: 1 });
  });

  test('the fault of the first is told; a bug at once, and nothing is left under way', async () => {
    for (const name of five) await queue(name);
    await writeFile(path('b'), 'a stranger’s');
    await expect(publish(failing('d', new Fault('KEY_MISSING', 'no key')))).rejects.toMatchObject({
      code: 'KEY_MISSING',
    });
    await expect(publish(failing('d', new Error('broken')))).rejects.toMatchObject({ code: 'BUG' });
    expect(await states()).toEqual(['a done', 'b claimed', 'c done', 'd seen', 'e done']);
  });

  test('one whose publication cannot be recorded does not keep the others from it', async () => {
    for (const name of five) await queue(name);
    const onPublished: PublisherOptions['onPublished'] = async (trx, rows) => {
      await noting(trx, rows);
      if (rows.some((row) => row.name === 'c')) throw new Fault('NOT_FOUND', 'there is no batch 7');
    };
    await expect(publish({ onPublished })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await states()).toEqual(['a done', 'b done', 'c claimed', 'd done', 'e done']);
    await publish({ onPublished: noting });
    await expectAllOnce(five);
    expect(sealed).toHaveLength(5);
  });

  test('one in a folder that is gone does not keep those in others, before and after the digest', async () => {
    const elsewhere = join(at.spool, 'elsewhere');
    await mkdir(elsewhere);
    await queue('a', 'a', 'elsewhere');
    await queue('b');
    onFailPoint((point) => {
      if (point === 'publish.sealed') rmSync(elsewhere, { recursive: true, force: true });
    });
    await expect(publish()).rejects.toMatchObject({ code: 'SPOOL_MISSING' });
    expect(await states()).toEqual(['a claimed', 'b done']);
  });

  const points = ['taken', 'drafted', 'sealed', 'linked', 'unlinked', 'written', 'committed'] as const;
  const crashes = points.flatMap((point) => [1, 3, 5].map((nth) => [point, nth] as const));

  test.each(crashes)('E01: a crash at publish.%s of the document %d of 5', async (point, nth) => {
    for (const name of five) await queue(name);
    let left = nth;
    onFailPoint((passed: FailPoint) => {
      if (passed === `publish.${point}` && --left === 0) throw new Error('the end');
    });
    await expect(publish({ onPublished: noting })).rejects.toMatchObject({ code: 'BUG' });
    onFailPoint(() => undefined);
    await publish({ onPublished: noting });
    await expectAllOnce(five);
    const again = point === 'drafted' ? 5 : 0;
    expect(sealed).toHaveLength(5 + again);
  });

  test('E05: two processes publish at once, each document once', async () => {
    const names = Array.from({ length: 400 }, (_, index) => `x${index}`);
    for (const name of names) await queue(name);
    const program = new URL('../../support/publisher-program.ts', import.meta.url).pathname;
    const start = async () => {
      const env = { ...process.env, NODE_OPTIONS: '' };
      const child = spawn(process.execPath, [program, at.store.file, at.spool], {
        env,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      return child;
    };
    const both = await Promise.all([start(), start()]);
    const ended = both.map((child) => once(child, 'exit'));
    for (const child of both) child.stdin.end();
    expect(await Promise.all(ended)).toEqual([
      [0, null],
      [0, null],
    ]);
    await expectAllOnce(names);
    expect((await ledger(at.store.db)).filter((row) => row.attempts !== 1)).toEqual([]);
  });
});
