import { createHash } from 'node:crypto';
import { mkdir, readFile, rmdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, describe, expect, test } from '@jest/globals';

import { contentDigest } from '../../../shared/https/content-digest.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import type { FileHandler } from '../../../shared/spool/file-work.ts';
import { InboxWorker } from '../../../shared/spool/inbox-worker.ts';
import { ledger, onlyRow } from '../../support/temporary-spool.ts';
import { answerTo, EndpointScene, inboxName, token, type SceneOptions } from './endpoint-scene.ts';

let scene: EndpointScene;
afterEach(() => scene.close());
const open = async (options?: SceneOptions) => {
  scene = await EndpointScene.open(options);
};

const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');
const inFolder = (name: string) => join(scene.inbox.folders.in, name);
const nothingLeft = async () => expect(await scene.files('tmp')).toEqual([]);

describe('a posted file', () => {
  test('is in in/, under its name, when the sender is told so', async () => {
    await open();
    const answer = await scene.post('a.pgp', 'sealed');
    expect(answer).toMatchObject({ status: 201, text: 'It has come.\n' });
    expect(await readFile(inFolder('a.pgp'), 'utf8')).toBe('sealed');
    await nothingLeft();
    expect(scene.told('endpoint.received')).toEqual([
      {
        folder: inboxName,
        file: 'a.pgp',
        digest: sha256('sealed'),
        size: 6,
        known: false,
        milliseconds: 0,
      },
    ]);
    expect((await scene.endpoint.step()).worked).toBe(1);
    expect((await scene.endpoint.step()).worked).toBe(0);
  });

  test('wakes the loop', async () => {
    await open();
    let rung = 0;
    scene.endpoint.listen(() => rung++);
    await scene.post('a.pgp', 'sealed');
    expect(rung).toBe(1);
  });

  test('may come in pieces, without its length being said before', async () => {
    await open();
    const sending = scene.begin('a.pgp');
    for (const piece of ['one ', 'two ', 'three']) sending.write(piece);
    sending.end();
    expect(await answerTo(sending)).toMatchObject({ status: 201 });
    expect(await readFile(inFolder('a.pgp'), 'utf8')).toBe('one two three');
  });

  test('may be announced first', async () => {
    await open();
    const sending = scene.begin('a.pgp', { headers: { expect: '100-continue', 'content-length': 6 } });
    sending.on('continue', () => sending.end('sealed'));
    sending.flushHeaders();
    expect(await answerTo(sending)).toMatchObject({ status: 201 });
    const refused = scene.begin('.a', { headers: { expect: '100-continue', 'content-length': 6 } });
    let told = false;
    refused.on('continue', () => (told = true));
    refused.flushHeaders();
    expect([await answerTo(refused), told]).toMatchObject([{ status: 400 }, false]);
  });
});

describe('bytes that came before', () => {
  test('and lie in in/: 200, and they lie there once', async () => {
    await open();
    await scene.post('a.pgp', 'sealed');
    expect(await scene.post('a.pgp', 'sealed')).toMatchObject({ status: 200, text: 'It had come before.\n' });
    expect(await scene.files('in')).toEqual(['a.pgp']);
    await nothingLeft();
    expect(scene.told('endpoint.received')).toMatchObject([{ known: false }, { known: true }]);
  });

  /** Works off what lies there. */
  async function workOff(handle: FileHandler): Promise<void> {
    const worker = new InboxWorker(scene.inbox, handle);
    const never = new AbortController().signal;
    await worker.step(never);
    await worker.step(never);
  }
  const load: FileHandler = () =>
    Promise.resolve(() => Promise.resolve({ batchId: null, summary: 'loaded' }));
  const failing = (fault: Fault) => (): never => {
    throw fault;
  };

  test.each<[string, FileHandler, string]>([
    ['were processed', load, 'done'],
    ['wait for their next try', failing(new Fault('BATCH_NOT_READY', 'x')), 'deferred'],
    ['are in hand, in a task that rests', failing(new Fault('NO_SPACE', 'x')), 'claimed'],
  ])('and %s: 200, and nothing is taken twice', async (_, handle, state) => {
    await open();
    await scene.post('a.pgp', 'sealed');
    await workOff(handle).catch(() => undefined);
    expect((await onlyRow(scene.runtime.db)).state).toBe(state);
    expect(await scene.post('a.pgp', 'sealed')).toMatchObject({ status: 200 });
    expect(await scene.files('in')).toEqual([]);
    await workOff(load).catch(() => undefined);
    expect(await ledger(scene.runtime.db)).toHaveLength(1);
    await nothingLeft();
  });

  test('and are on hold: 200', async () => {
    await open();
    await scene.post('a.pgp', 'sealed');
    const worker = new InboxWorker(
      { ...scene.inbox, retry: { ...scene.inbox.retry, maxAttempts: 1 } },
      failing(new Fault('BATCH_NOT_READY', 'x')),
    );
    const never = new AbortController().signal;
    await worker.step(never);
    await worker.step(never);
    expect((await onlyRow(scene.runtime.db)).state).toBe('held');
    expect(await scene.post('a.pgp', 'sealed')).toMatchObject({ status: 200 });
    expect(await scene.files('in')).toEqual([]);
  });

  test('and were processed under another name: 200, as the inbox would refuse them', async () => {
    await open();
    await scene.post('a.pgp', 'sealed');
    await workOff(load);
    expect(await scene.post('b.pgp', 'sealed')).toMatchObject({ status: 200 });
    expect(await scene.files('in')).toEqual([]);
  });

  test('and were processed under another name, where the name counts too: they are taken', async () => {
    await open({ config: { inboxes: { duplicate: 'name and content' } } });
    await scene.post('a.pgp', 'sealed');
    await workOff(load);
    expect(await scene.post('b.pgp', 'sealed')).toMatchObject({ status: 201 });
    expect(await scene.post('a.pgp', 'sealed')).toMatchObject({ status: 200 });
  });

  test('and were rejected: they are taken, since the cause may be mended', async () => {
    await open();
    await scene.post('a.pgp', 'sealed');
    await workOff(failing(new Fault('PGP_NO_KEY', 'x')));
    expect(await scene.post('a.pgp', 'sealed')).toMatchObject({ status: 201 });
    expect(await scene.files('in')).toEqual(['a.pgp']);
  });

  test('other bytes under a name that is in hand or done are taken', async () => {
    await open();
    await scene.post('a.pgp', 'sealed');
    await workOff(load);
    expect(await scene.post('a.pgp', 'others')).toMatchObject({ status: 201 });
  });
});

describe('a name that is taken in in/', () => {
  test.each([
    ['of the same length', 'Sealed'],
    ['of another length', 'sealed and more'],
  ])('by other bytes %s: 409, and what lies there stays', async (_, other) => {
    await open();
    await scene.post('a.pgp', 'sealed');
    expect(await scene.post('a.pgp', other)).toMatchObject({ status: 409 });
    expect(await readFile(inFolder('a.pgp'), 'utf8')).toBe('sealed');
    await nothingLeft();
    expect(scene.told('endpoint.refused')).toEqual([
      { from: '127.0.0.1', file: 'a.pgp', status: 409, detail: 'Another file of this name waits here.' },
    ]);
  });

  test('by a folder or a link: 409', async () => {
    await open();
    await mkdir(inFolder('folder'));
    await writeFile(join(scene.runtime.loaded.home, 'elsewhere'), 'sealed');
    await symlink(join(scene.runtime.loaded.home, 'elsewhere'), inFolder('link'));
    for (const name of ['folder', 'link'])
      expect(await scene.post(name, 'sealed')).toMatchObject({ status: 409 });
  });

  test('by an upload at the same time: one comes, the same bytes are known, others are refused', async () => {
    await open({ limits: { uploads: 8 } });
    const bodies = ['same', 'same', 'other', 'same'];
    const sendings = bodies.map((body) => {
      const sending = scene.begin('a.pgp', { headers: { 'content-length': body.length } });
      sending.write(body.slice(0, -1));
      return sending;
    });
    for (const [index, sending] of sendings.entries()) sending.end(bodies[index]?.slice(-1));
    const answers = await Promise.all(sendings.map(answerTo));
    const lies = await readFile(inFolder('a.pgp'), 'utf8');
    const expected = bodies.map((body) => (body === lies ? [200, 201] : [409]));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const [index, { status }] of answers.entries()) expect(expected[index]).toContain(status);
    expect(await scene.files('in')).toEqual(['a.pgp']);
    await nothingLeft();
  });
});

describe('what is not taken', () => {
  test.each([
    ['a name with a slash', 'x/y'],
    ['a way out of the folder', '../../../etc/passwd'],
    ['a name in percent-encoding', '%2e%2e%2fx'],
    ['no name', ''],
    ['a name of 201 characters', 'x'.repeat(201)],
    ['a name that is ignored', 'a.part'],
    ['a hidden name', '.a'],
    ['a name with a query', 'a?b=c'],
  ])('%s', async (_, name) => {
    await open();
    expect(await scene.post(name, 'sealed')).toMatchObject({ status: 400 });
    expect(await scene.files('in')).toEqual([]);
    await nothingLeft();
    expect(scene.told('endpoint.refused')).toMatchObject([{ status: 400 }]);
    expect(scene.told('endpoint.refused')[0]).not.toHaveProperty('file');
  });

  test('other paths and methods', async () => {
    await open();
    for (const path of ['/', '/inboundSalesOrderDispatch/a', `/${inboxName}`, `/x/${inboxName}/a`])
      expect(await scene.post('', 'sealed', { path })).toMatchObject({ status: 404 });
    for (const method of ['GET', 'PUT', 'DELETE', 'HEAD']) {
      const answer = await scene.post('a.pgp', '', { method });
      expect(answer).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    }
  });

  test('a file without bytes, an encoded one', async () => {
    await open();
    expect(await scene.post('a.pgp', '')).toMatchObject({ status: 400, text: 'The file has no bytes.\n' });
    const headers = { 'content-encoding': 'gzip' };
    expect(await scene.post('a.pgp', 'sealed', { headers })).toMatchObject({ status: 415 });
    expect(await scene.files('in')).toEqual([]);
    await nothingLeft();
  });

  const large = Buffer.alloc(1024 * 1024 + 1, 'x');

  test('a file that is larger than the inbox takes, as soon as its length is said', async () => {
    await open();
    const sending = scene.begin('a.pgp', { headers: { 'content-length': large.length } });
    sending.flushHeaders();
    expect(await answerTo(sending)).toMatchObject({
      status: 413,
      text: 'The file is larger than 1048576 bytes, the limit here.\n',
    });
    sending.destroy();
  });

  test('a file that turns out to be larger; its sender gets the answer while he still sends', async () => {
    await open();
    const sending = scene.begin('a.pgp');
    sending.write(large);
    expect(await answerTo(sending)).toMatchObject({ status: 413 });
    sending.destroy();
    await nothingLeft();
    // One who listens only when he has sent everything must not be stuck.
    const deaf = scene.begin('a.pgp');
    deaf.on('response', (response) => response.resume());
    const sent = new Promise((resolve) => deaf.once('finish', () => resolve('sent')).once('error', resolve));
    deaf.end(Buffer.alloc(32 * 1024 * 1024));
    expect(await sent).toBe('sent');
    expect(await scene.post('b.pgp', large.subarray(1))).toMatchObject({ status: 201 });
    expect(await scene.files('in')).toEqual(['b.pgp']);
  });
});

describe('Content-Digest', () => {
  const post = (value: string) => scene.post('a.pgp', 'sealed', { headers: { 'content-digest': value } });
  const good = contentDigest(sha256('sealed'));
  const wrong = contentDigest(sha256('others'));

  test.each([
    ['the right one', good],
    ['the right one beside others', `sha-512=:AAAA:, ${good} , md5=:x:`],
    ['one of a kind that we do not know', 'sha-512=:AAAA:'],
    ['the last of two', `${wrong}, ${good}`],
  ])('%s: taken', async (_, value) => {
    await open();
    expect(await post(value)).toMatchObject({ status: 201 });
  });

  test.each([
    ['of other bytes', wrong, 'The bytes that came are not those of Content-Digest.\n'],
    ['that is none', 'sha-256=:AAAA:', 'Content-Digest: the SHA-256 cannot be read.\n'],
    ['in hex', `sha-256=${sha256('sealed')}`, 'Content-Digest: the SHA-256 cannot be read.\n'],
  ])('one %s: 400, and nothing is left', async (_, value, text) => {
    await open();
    expect(await post(value)).toMatchObject({ status: 400, text });
    expect(await scene.files('in')).toEqual([]);
    await nothingLeft();
  });
});

describe('room', () => {
  test('a disk with less than its reserve: 503, and the sender is told when to come again', async () => {
    await open({ config: { spool: { reserveMegabytes: 1_000_000 } } });
    const answer = await scene.post('a.pgp', 'sealed');
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '60' } });
    expect(await scene.files('in')).toEqual([]);
  });

  test('more uploads at once than are taken: 503; the next one passes', async () => {
    await open({ limits: { uploads: 1 } });
    const first = scene.begin('a.pgp', { headers: { 'content-length': 6, expect: '100-continue' } });
    first.flushHeaders();
    await new Promise((resolve) => first.once('continue', resolve)); // Only now it counts.
    const second = await scene.post('b.pgp', 'sealed');
    expect(second).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    first.end('sealed');
    expect(await answerTo(first)).toMatchObject({ status: 201 });
    expect(await scene.post('b.pgp', 'sealed')).toMatchObject({ status: 201 });
  });

  test('R01: when it fails with us, the sender is not told how, and the loop is', async () => {
    await open();
    const { tmp } = scene.inbox.folders;
    await rmdir(tmp);
    const answer = await scene.post('a.pgp', 'sealed');
    expect(answer).toMatchObject({ status: 503, text: 'It cannot be taken at the moment.\n' });
    expect(scene.told('endpoint.refused')).toMatchObject([
      { status: 503, detail: expect.stringContaining('SPOOL_MISSING') },
    ]);
    await expect(scene.endpoint.step()).rejects.toMatchObject({ code: 'SPOOL_MISSING' });
    await mkdir(tmp);
    expect(await scene.post('a.pgp', 'sealed')).toMatchObject({ status: 201 });
    expect(await scene.endpoint.step()).toMatchObject({ worked: 1 });
  });
});

test('nothing of the token is told', async () => {
  await open();
  await scene.post('a.pgp', 'sealed');
  await scene.post('.a', 'sealed');
  await scene.post('a.pgp', 'sealed', { headers: { authorization: `${token}x` } });
  expect(scene.runtime.events.length).toBeGreaterThan(3);
  expect(JSON.stringify(scene.runtime.events)).not.toContain('only-for-this-test');
});
