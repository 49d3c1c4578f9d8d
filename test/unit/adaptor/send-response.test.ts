import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { sendResponses } from '../../../daemons/adaptor/send-response.ts';
import { makeAuthority } from '../../../demo/certificates.ts';
import { inboxFolder, outgoingInbox } from '../../../shared/runtime/paths.ts';
import type { Task } from '../../../shared/runtime/task-loop.ts';
import { makeInbox } from '../../../shared/spool/layout.ts';
import { filesUnder, onlyRow } from '../../support/temporary-spool.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

let runtime: TestRuntime;
let task: Task;
let close: () => void;
/** What the endpoint answers; it may also break off. */
let answer: (response: ServerResponse) => void;
let got: { request: IncomingMessage; body: Buffer }[];

beforeEach(async () => {
  got = [];
  const authority = await makeAuthority();
  const { certificatePem, keyPem } = await authority.issue({ name: 'localhost', usage: 'server' });
  const server = createServer({ cert: certificatePem, key: keyPem }, (request, response) => {
    void buffer(request).then((body) => {
      got.push({ request, body });
      answer(response);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  close = () => {
    server.close();
    server.closeAllConnections();
  };
  const { port } = server.address() as AddressInfo;
  const endpoint = {
    url: `https://localhost:${port}/inboundDeviceEnrolment`,
    authentication: 'token',
    tokenFile: 'token',
    caFile: 'ca.pem',
  };
  runtime = await testRuntime({
    outboxes: { deviceEnrolmentResponse: { endpoint } },
    retry: { maxAttempts: 3 },
  });
  const { home } = runtime.loaded;
  await writeFile(join(home, 'token'), 'Bearer x', { mode: 0o600 });
  await writeFile(join(home, 'ca.pem'), authority.certificatePem);
  await mkdir(join(home, 'spool'));
  await makeInbox(inboxFolder(runtime.loaded, outgoingInbox));
  ({ task } = await sendResponses(runtime));
  await writeFile(join(inboxFolder(runtime.loaded, outgoingInbox), 'in', 'a.pgp'), 'sealed');
});
afterEach(async () => {
  await task.finish?.(AbortSignal.abort());
  close();
  await runtime.close();
});

const never = new AbortController().signal;
const answering = (status: number) => (response: ServerResponse) => {
  response.writeHead(status).end();
};

/** Two rounds: a file is taken at the second look. */
async function send(): Promise<void> {
  await task.step(never);
  await task.step(never);
}

const states = async () => {
  const { state, attempts, fault_code: code } = await onlyRow(runtime.db);
  return [state, attempts, code];
};

test('the bytes are posted as they are, under their name and with their digest', async () => {
  answer = answering(201);
  await send();
  const [call] = got;
  expect(call?.body.toString()).toBe('sealed');
  const digest = createHash('sha256').update('sealed').digest('base64');
  expect([call?.request.method, call?.request.url, call?.request.headers]).toMatchObject([
    'POST',
    '/inboundDeviceEnrolment/a.pgp',
    {
      'content-type': 'application/octet-stream',
      'content-length': '6',
      'content-digest': `sha-256=:${digest}:`,
      authorization: 'Bearer x',
    },
  ]);
  expect(await states()).toEqual(['done', 1, null]);
});

describe('what the endpoint answers', () => {
  test.each([200, 201])('%i: it has come', async (status) => {
    answer = answering(status);
    await send();
    expect(await states()).toEqual(['done', 1, null]);
  });

  test.each([400, 409, 413, 422])('%i: the file is rejected', async (status) => {
    answer = answering(status);
    await send();
    expect(await states()).toEqual(['rejected', 1, 'ENDPOINT_REFUSED']);
  });

  test.each([
    [401, 'ENDPOINT_DENIES'],
    [403, 'ENDPOINT_DENIES'],
    ...[202, 204, 301, 307, 404, 405, 408, 429, 502, 503, 504].map((status) => [
      status,
      'ENDPOINT_UNAVAILABLE',
    ]),
  ] as [number, string][])('%i: everything waits, and no attempt is counted', async (status, code) => {
    answer = answering(status);
    await task.step(never);
    for (let times = 0; times < 5; times++) {
      await expect(task.step(never)).rejects.toMatchObject({ code, class: 'environment' });
    }
    expect(await states()).toEqual(['claimed', 0, null]);
    answer = answering(201);
    await send();
    expect(await states()).toEqual(['done', 1, null]);
  });

  test('500: the file is tried again, later and not for ever, and others pass', async () => {
    answer = answering(500);
    await send();
    expect(await states()).toEqual(['deferred', 1, 'ENDPOINT_FAILS']);
    for (let times = 0; times < 2; times++) {
      runtime.pass(1000);
      await send();
    }
    expect(await states()).toEqual(['held', 3, 'TOO_MANY_ATTEMPTS']);
  });
});

describe('no answer', () => {
  test.each([
    ['the connection breaks', (response: ServerResponse) => void response.destroy()],
    ['it is no end of it', (response: ServerResponse) => void response.write(Buffer.alloc(200_000))],
  ])('%s: the same bytes are sent again until there is one', async (_, breaking) => {
    answer = breaking;
    await task.step(never);
    await expect(task.step(never)).rejects.toMatchObject({ code: 'ENDPOINT_UNAVAILABLE' });
    answer = answering(200);
    await send();
    expect(await states()).toEqual(['done', 1, null]);
    expect(got.map(({ body }) => body.toString())).toEqual(['sealed', 'sealed']);
  });

  test('nobody listens there', async () => {
    close();
    await task.step(never);
    await expect(task.step(never)).rejects.toMatchObject({ code: 'ENDPOINT_UNAVAILABLE' });
    expect(await states()).toEqual(['claimed', 0, null]);
  });

  test('credentials that cannot be used: nothing is sent', async () => {
    answer = answering(201);
    await writeFile(join(runtime.loaded.home, 'ca.pem'), 'none');
    await task.step(never);
    await expect(task.step(never)).rejects.toMatchObject({ code: 'KEY_UNREADABLE' });
    expect(got).toEqual([]);
    expect(await filesUnder(inboxFolder(runtime.loaded, outgoingInbox))).toHaveLength(1);
  });
});
