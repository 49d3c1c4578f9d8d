import { setTimeout as pause } from 'node:timers/promises';

import { afterEach, describe, expect, test } from '@jest/globals';

import { html, type Html } from '../../../console/html.ts';
import type { Stream, StreamMessage } from '../../../console/page.ts';
import { streamLimits, type StreamLimits } from '../../../console/streams.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import { EventStream } from '../../support/event-stream.ts';
import { waitFor } from '../../support/wait-for.ts';
import { ConsoleScene, probes } from './console-scene.ts';

/** Server-sent events over HTTP, with streams of our own. */

let scene: ConsoleScene;
const opened: EventStream[] = [];
afterEach(async () => {
  for (const stream of opened.splice(0)) stream.close();
  await scene.close();
});

/** What the streams of the console are asked for, and whether they have been let go. */
const seen = { after: [] as (string | undefined)[], taken: 0, left: 0 };

type Content = (signal: AbortSignal) => AsyncGenerator<StreamMessage>;

const counting: Content = async function* (signal) {
  try {
    for (let id = 1; !signal.aborted; id++) {
      yield { event: 'count', content: html`<b>${id}</b> <i>${'<script>\n'}</i>`, id: String(id) };
      seen.taken = id;
      if (id >= 3) await pause(3_600_000, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    seen.left++;
  }
};

/** The same again and again, as fast as it is taken. */
const endless = (content: Html): Content =>
  async function* (signal) {
    try {
      for (let id = 1; !signal.aborted; id++) {
        yield await Promise.resolve({ event: 'count', content, id: String(id) });
        seen.taken = id;
      }
    } finally {
      seen.left++;
    }
  };

const streamOf = (content: Content, path = '/probe/live'): Stream => ({
  path,
  role: 'operator',
  open: (_context, { after }, signal) => {
    seen.after.push(after);
    return Promise.resolve(content(signal));
  },
});

async function open(
  content = counting,
  limits: Partial<StreamLimits> = {},
  console = {},
  more: readonly Stream[] = [],
): Promise<void> {
  Object.assign(seen, { after: [], taken: 0, left: 0 });
  scene = await ConsoleScene.open({
    ...probes(),
    console,
    streams: [streamOf(content), ...more],
    streamLimits: { ...streamLimits, beatSeconds: 0.05, ...limits },
  });
}

type Browser = Awaited<ReturnType<ConsoleScene['signedIn']>>;

async function listen(
  browser: Browser,
  options: Parameters<typeof EventStream.open>[2] = {},
): Promise<EventStream> {
  const stream = await EventStream.open(browser, '/probe/live', options);
  opened.push(stream);
  return stream;
}

test('messages come as they are made, with the headers of every answer', async () => {
  await open();
  const stream = await listen(await scene.signedIn('operator'));
  expect(stream.status).toBe(200);
  expect(stream.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'content-security-policy': expect.stringContaining("default-src 'none'"),
    'x-content-type-options': 'nosniff',
  });
  expect(await stream.next()).toEqual({
    event: 'count',
    id: '1',
    data: '<b>1</b> <i>&lt;script&gt;\n</i>',
  });
  expect(await stream.next()).toMatchObject({ id: '2' });
  await waitFor('a sign of life', () => /^:$/m.test(stream.text) || undefined);
});

test('who comes back says what he has', async () => {
  await open();
  const browser = await scene.signedIn('operator');
  await listen(browser);
  await listen(browser, { headers: { 'last-event-id': '17' } });
  expect(seen.after).toEqual([undefined, '17']);
});

describe('O10: a stream is for those', () => {
  test('who are signed in, and whose role suffices', async () => {
    await open();
    const strange = await EventStream.open(scene.browser(), '/probe/live');
    expect(strange.status).toBe(401);
    expect((await listen(await scene.signedIn('viewer'))).status).toBe(403);
    expect((await listen(await scene.signedIn('administrator'))).status).toBe(200);
    expect(seen.after).toHaveLength(1);
    const { status } = await scene.browser().send('/probe/live', { method: 'HEAD' });
    expect(status).toBe(401);
  });

  test('whose page says so: without a role it is closed', async () => {
    const forgotten = { ...streamOf(counting, '/probe/forgotten'), role: undefined as unknown as 'viewer' };
    await open(counting, {}, {}, [forgotten]);
    const stream = await EventStream.open(await scene.signedIn('administrator'), '/probe/forgotten');
    expect(stream.status).toBe(403);
    expect(seen.after).toEqual([]);
  });
});

describe('O10: a stream ends', () => {
  const cases: [string, () => Promise<unknown>][] = [
    ['the user is disabled', () => changeUser({ disabled_at: '2026-05-06T12:00:00.000Z' })],
    ['the role does not suffice any more', () => changeUser({ role: 'viewer' })],
    ['the password has to be changed', () => changeUser({ one_time: 1 })],
    ['the session is gone', () => scene.runtime.db.deleteFrom('console_session').execute()],
  ];
  const changeUser = (values: object) =>
    scene.runtime.db.updateTable('console_user').set(values).where('name', '=', 'user-operator').execute();

  test.each(cases)('when %s, and says so', async (_, change) => {
    await open();
    const stream = await listen(await scene.signedIn('operator'));
    for (const id of ['1', '2', '3']) expect(await stream.next()).toMatchObject({ id });
    await change();
    expect(await stream.next()).toMatchObject({ event: 'ended' });
    await stream.end();
    await waitFor('its end inside', () => seen.left === 1 || undefined);
  });

  test('when somebody signs out', async () => {
    await open();
    const browser = await scene.signedIn('operator');
    const stream = await listen(browser);
    await browser.post('/sign-out');
    await stream.end();
    expect(stream.text).toContain('event: ended');
  });

  test('when the session is idle for too long: to look on is not to act', async () => {
    await open(counting, {}, { idleMinutes: 5 });
    const browser = await scene.signedIn('operator');
    await listen(browser);
    scene.runtime.pass(4 * 60);
    const again = await listen(browser);
    expect(again.status).toBe(200);
    scene.runtime.pass(2 * 60);
    await again.end();
    expect(again.text).toContain('event: ended');
    expect((await browser.get('/probe')).status).toBe(401);
  });

  test('when the browser leaves', async () => {
    await open();
    const stream = await listen(await scene.signedIn('operator'));
    stream.close();
    await waitFor('its end inside', () => seen.left === 1 || undefined);
  });

  test('when what it shows fails: the log has the reason', async () => {
    await open(async function* () {
      yield { event: 'count', content: html`1`, id: '1' };
      await Promise.reject(new Fault('STORE_BUSY', 'locked'));
    });
    const stream = await listen(await scene.signedIn('operator'));
    await stream.end();
    expect(scene.told('console.failed')).toMatchObject([
      { user: 'user-operator', path: '/probe/live', code: 'STORE_BUSY' },
    ]);
  });
});

test('a fault before the first message is an answer like any other', async () => {
  await open();
  const missing: Stream = {
    ...streamOf(counting, '/probe/missing'),
    open: () => Promise.reject(new Fault('NOT_FOUND', 'there is no log')),
  };
  await scene.close();
  await open(counting, {}, {}, [missing]);
  const stream = await EventStream.open(await scene.signedIn('operator'), '/probe/missing');
  expect(stream.status).toBe(404);
  await waitFor('the page', () => stream.text.includes('there is no log') || undefined);
});

describe('as many streams as are allowed', () => {
  test('of one user, and room again when one is closed', async () => {
    await open(counting, { ofUser: 2 });
    const browser = await scene.signedIn('operator');
    const [first] = [await listen(browser), await listen(browser)];
    expect((await listen(browser)).status).toBe(429);
    // Of another user, and a page, all the same.
    expect((await listen(await scene.signedIn('administrator'))).status).toBe(200);
    expect((await browser.get('/probe')).status).toBe(200);
    first.close();
    await waitFor('room', async () => ((await listen(browser)).status === 200 ? true : undefined));
  });

  test('in all', async () => {
    await open(counting, { inAll: 2 });
    await listen(await scene.signedIn('operator'));
    await listen(await scene.signedIn('administrator'));
    expect((await listen(await scene.signedIn('administrator', 'third'))).status).toBe(429);
  });

  test('a refusal takes no place', async () => {
    const failing: Stream = {
      ...streamOf(counting, '/probe/fails'),
      open: () => Promise.reject(new Fault('NOT_FOUND', 'nothing')),
    };
    await open(counting, { ofUser: 1 }, {}, [failing]);
    const browser = await scene.signedIn('operator');
    for (let time = 0; time < 3; time++) {
      expect((await EventStream.open(browser, '/probe/fails')).status).toBe(404);
    }
    expect((await listen(browser)).status).toBe(200);
  });
});

test('a reader that does not read gets no more, and is cut off', async () => {
  const large = html`${'x'.repeat(1024 * 1024)}`;
  await open(endless(large), { patienceSeconds: 0.5 });
  const stream = await listen(await scene.signedIn('operator'), { reads: false });
  await waitFor('the cut', () => seen.left === 1 || undefined);
  // What is under way is in the buffers of the system, not in ours.
  expect(seen.taken).toBeLessThan(64);
  stream.resume();
  await stream.end();
});

test('when the console ends, every stream ends at once', async () => {
  await open();
  const browser = await scene.signedIn('operator');
  const streams = [await listen(browser), await listen(browser)];
  const began = performance.now();
  await scene.server.finish();
  expect(performance.now() - began).toBeLessThan(3000);
  for (const stream of streams) await stream.end();
  expect(seen.left).toBe(2);
});
