import { execFile } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';

import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { PrivateKey } from 'openpgp';

import type { KeyRing } from '../../../shared/pgp/key-ring.ts';
import { openMessage, type OpenPolicy } from '../../../shared/pgp/open.ts';
import { sealMessage } from '../../../shared/pgp/seal.ts';
import { PgpThreads } from '../../../shared/pgp/threads.ts';
import { toFault } from '../../../shared/runtime/faults.ts';
import { changePacket, encryptBytes, makeKey, ringOf, signPackets } from '../../support/pgp.ts';

const day = 86_400_000;
const now = new Date('2026-03-01T12:00:00Z');
const at = (milliseconds: number): Date => new Date(now.getTime() + milliseconds);
const policy: OpenPolicy = { signature: 'required', signedBy: ['warehouse'], maxPlaintextBytes: 100_000 };
const contentOf = (number: number): Buffer => Buffer.from(`content ${number}`);
/** Enough that threads are started, and have something to do. */
const many = 200;

let us: PrivateKey;
let usOld: PrivateKey;
let warehouse: PrivateKey;
let stranger: PrivateKey;
let ring: KeyRing;
let messages: Uint8Array[];

beforeAll(async () => {
  [us, usOld, warehouse, stranger] = await Promise.all([
    makeKey({ date: at(-100 * day) }),
    makeKey({ date: at(-200 * day) }),
    makeKey({ date: at(-100 * day), keyExpirationTime: (130 * day) / 1000 }),
    makeKey({ date: at(-100 * day) }),
  ]);
  ring = ringOf([us, usOld], { warehouse: [warehouse.toPublic()], nobody: [] });
  const theirs = ringOf([warehouse], { us: [us.toPublic()] });
  const seal = (_: unknown, number: number) =>
    sealMessage(contentOf(number), theirs, { encryptTo: ['us'] }, now);
  messages = await Promise.all(Array.from({ length: many }, seal));
});

let pgp: PgpThreads;
afterEach(() => pgp.close());

/** Threads that are ready, because so much was asked for. */
async function withThreads(): Promise<PgpThreads> {
  pgp = new PgpThreads(ring);
  while (pgp.threads.ready === 0) await Promise.all(openAll(pgp));
  return pgp;
}

const openAll = (pool: PgpThreads) => messages.map((message) => pool.open(message, policy, now));

/** What came of it. */
const said = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((thrown: unknown) => {
    const { code, class: kind, detail, cause } = toFault(thrown);
    return { code, kind, detail, withStack: typeof (cause as Error | undefined)?.stack };
  });

describe('many at once', () => {
  test('each gives what it gives without threads, in its own place', async () => {
    const pool = await withThreads();
    const opened = await Promise.all(openAll(pool));
    const alone = await Promise.all(messages.map((message) => openMessage(message, ring, policy, now)));
    expect(opened.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(
      messages.map((_, number) => contentOf(number).toString()),
    );
    expect(opened.map((each) => ({ ...each, bytes: [] }))).toEqual(
      alone.map((each) => ({ ...each, bytes: [] })),
    );
  });

  test('sealed messages can be opened by those that they are for', async () => {
    const pool = await withThreads();
    const seal = (_: unknown, number: number) =>
      pool.seal(contentOf(number), { encryptTo: ['warehouse'] }, now);
    const sealed = await Promise.all(messages.map(seal));
    const theirs = ringOf([warehouse], { us: [us.toPublic()] });
    const open = (bytes: Uint8Array) => openMessage(bytes, theirs, { ...policy, signedBy: ['us'] }, now);
    const opened = await Promise.all(sealed.map(open));
    expect(opened.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(
      messages.map((_, number) => contentOf(number).toString()),
    );
  });

  test('the caller keeps its bytes, also where they are a part of a larger Buffer', async () => {
    const pool = await withThreads();
    const together = Buffer.concat(messages);
    let end = 0;
    const parts = messages.map(({ length }) => together.subarray(end, (end += length)));
    await Promise.all(parts.map((part) => pool.open(part, policy, now)));
    expect(together.equals(Buffer.concat(messages))).toBe(true);
  });

  test('as many threads as the machine runs at once, and no more', async () => {
    const pool = await withThreads();
    for (let round = 0; round < 5; round++) await Promise.all(openAll(pool));
    expect(pool.threads.started).toBeLessThanOrEqual(availableParallelism());
  });
});

test('messages that come one by one need no thread, nor do a few at once', async () => {
  pgp = new PgpThreads(ring);
  for (const message of messages) await pgp.open(message, policy, now);
  await Promise.all(messages.slice(0, 10).map((message) => pgp.open(message, policy, now)));
  expect(pgp.threads.started).toBe(0);
});

test('the date is that of the caller, and a retired key is told of', async () => {
  const pool = await withThreads();
  const theirs = ringOf([warehouse], { us: [usOld.toPublic()] });
  const retired = await sealMessage(contentOf(1), theirs, { encryptTo: ['us'] }, now);
  const opened = await inThread(pool, () => pool.open(retired, policy, now));
  expect(opened).toMatchObject({ retiredKey: true, decryptedWith: usOld.getKeyID().toHex() });
  const later = said(inThread(pool, () => pool.open(retired, policy, at(40 * day))));
  expect(await later).toMatchObject({ code: 'PGP_KEY_EXPIRED' });
});

test('P22 other keys count for what is asked from then on, in every thread; what is under way ends with those before', async () => {
  const pool = await withThreads();
  const codesOf = (openings: Promise<unknown>[]) =>
    Promise.all(openings.map(async (each) => ((await said(each)) as { code?: string }).code));
  const before = codesOf(openAll(pool));
  pool.renew(ringOf([us], { warehouse: [stranger.toPublic()] }));
  const after = codesOf(openAll(pool));
  expect((await before)[0]).toBeUndefined();
  expect(new Set(await after)).toEqual(new Set(['PGP_UNKNOWN_SIGNER']));
  pool.renew(ring);
  expect(new Set(await codesOf(openAll(pool)))).toEqual(new Set([undefined]));
});

/** Beside others, so that it is not the one that the caller's thread does. */
async function inThread<T>(pool: PgpThreads, work: () => Promise<T>): Promise<T> {
  const [, result] = await Promise.all([pool.open(messages[0] ?? contentOf(0), policy, now), work()]);
  return result;
}

test('every kind of fault is the same as without threads', async () => {
  const pool = await withThreads();
  const [good = contentOf(0)] = messages;
  const badPolicy = { ...policy, signedBy: undefined as unknown as string[] };
  const cases: [Uint8Array, OpenPolicy, Date][] = [
    [contentOf(0), policy, now],
    [new Uint8Array(), policy, now],
    [good.subarray(0, -1), policy, now],
    [changePacket(good, 18, (body) => body.with(40, (body[40] ?? 0) ^ 1)), policy, now],
    [good, { ...policy, signedBy: [] }, now],
    [good, { ...policy, signature: 'forbidden' }, now],
    [good, { ...policy, maxPlaintextBytes: 5 }, now],
    [good, policy, at(-day)],
    [good, policy, at(31 * day)],
    [await encryptBytes(contentOf(1), { encryptionKeys: stranger, date: now }), policy, now],
    [await encryptBytes(contentOf(1), { encryptionKeys: us, date: now }), policy, now],
    [await encryptBytes(contentOf(1), { encryptionKeys: us, signingKeys: stranger, date: now }), policy, now],
    [await signPackets('x', warehouse, { date: now }), policy, now],
    [good, badPolicy, now],
  ];
  const codes = new Set<unknown>();
  for (const [bytes, as, when] of cases) {
    const alone = await said(openMessage(bytes, ring, as, when));
    expect(await said(inThread(pool, () => pool.open(bytes, as, when)))).toEqual(alone);
    codes.add((alone as { code: string }).code);
  }
  expect(codes.size).toBe(11);
  const nobody = { encryptTo: ['nobody'] };
  const sealing = await said(sealMessage(contentOf(1), ring, nobody, now));
  expect(sealing).toMatchObject({ code: 'KEY_MISSING' });
  expect(await said(inThread(pool, () => pool.seal(contentOf(1), nobody, now)))).toEqual(sealing);
});

describe('a thread that dies', () => {
  /** The threads that are started meanwhile. */
  async function workersOf(work: () => Promise<unknown>): Promise<Worker[]> {
    const found: Worker[] = [];
    const note = (message: unknown) => {
      found.push((message as { worker: Worker }).worker);
    };
    channel('worker_threads').subscribe(note);
    try {
      await work();
    } finally {
      channel('worker_threads').unsubscribe(note);
    }
    return found;
  }

  const outcomes = async (asked: Promise<unknown>[]): Promise<Set<unknown>> =>
    new Set(
      (await Promise.allSettled(asked)).map((each) =>
        each.status === 'fulfilled' ? 'opened' : toFault(each.reason).message,
      ),
    );

  /** With an order that is none. */
  const fail = (worker: Worker): Promise<unknown> => {
    worker.postMessage(null);
    return Promise.resolve();
  };

  test.each([
    ['by an error', fail, /thread ended: .*null/],
    ['from outside', (worker: Worker) => worker.terminate(), /thread ended: exit code 1/],
  ])('%s rejects what it had, as a bug, and another is started', async (_, kill, message) => {
    const workers = await workersOf(withThreads);
    const asked = openAll(pgp);
    await Promise.all(workers.map(kill));
    const came = await outcomes(asked);
    came.delete('opened');
    expect([...came]).toEqual([expect.stringMatching(message)]);
    expect([...came]).toEqual([expect.stringMatching(/^BUG: /)]);
    while (pgp.threads.ready === 0) expect(await outcomes(openAll(pgp))).toEqual(new Set(['opened']));
  });

  test('before it was ready rejects what waits', async () => {
    const broken = Object.assign(await makeKey(), { write: () => Uint8Array.of(1) });
    pgp = new PgpThreads(ringOf([us], { warehouse: [warehouse.toPublic()], broken: [broken] }));
    let came = new Set<unknown>();
    while (!came.has('BUG')) {
      const settled = await outcomes([...openAll(pgp), ...openAll(pgp)]);
      came = new Set([...settled].map((each) => String(each).split(':')[0]));
    }
    expect(came).toEqual(new Set(['opened', 'BUG']));
  });
});

describe('the end', () => {
  test('comes after everything that was asked for, and nothing may be asked for afterwards', async () => {
    const pool = await withThreads();
    const asked = openAll(pool);
    await pool.close();
    expect(pool.threads.started).toBe(0);
    expect((await Promise.all(asked)).length).toBe(many);
    await expect(pool.open(messages[0] ?? contentOf(0), policy, now)).rejects.toMatchObject({ code: 'BUG' });
  });

  test('of the process is not kept off by threads that nobody closed', async () => {
    const urlOf = (path: string): string => new URL(`../../../${path}`, import.meta.url).href;
    const program = `
      import { makeKey, ringOf } from '${urlOf('test/support/pgp.ts')}';
      import { PgpThreads } from '${urlOf('shared/pgp/threads.ts')}';
      const key = await makeKey();
      const pgp = new PgpThreads(ringOf([key]));
      const seal = () => pgp.seal(Buffer.from('x'), { encryptTo: ['own'] }, new Date());
      while (pgp.threads.ready === 0) await Promise.all(Array.from({ length: 200 }, seal));
      await Promise.all(Array.from({ length: 200 }, seal));
      process.stdout.write('done');`;
    expect((await promisify(execFile)(process.execPath, ['--eval', program])).stdout).toBe('done');
  });
});
