import { once } from 'node:events';
import { createServer as createPlainServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';

import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { makeAuthority, type Authority, type Issued } from '../../../demo/certificates.ts';
import type { HttpsClientConfig } from '../../../shared/runtime/https-schema.ts';
import { ClientHome, faultOf, message } from '../../support/https-client.ts';
import {
  endServer,
  listening,
  mutual,
  portOf,
  startHttpsServer,
  testAuthority,
  type HttpsServer,
} from '../../support/https-server.ts';
import { waitFor } from '../../support/wait-for.ts';

let authority: Authority;
let stranger: Authority;
let home: ClientHome;
let ends: (() => Promise<void>)[];

beforeAll(async () => {
  authority = await testAuthority();
  stranger = await makeAuthority('Stranger');
});
beforeEach(async () => {
  ends = [];
  home = await ClientHome.create(authority);
  ends.push(() => home.remove());
});
afterEach(async () => {
  for (const end of ends) await end();
});

async function serverOf(...[by, options]: Parameters<typeof startHttpsServer>): Promise<HttpsServer> {
  const server = await startHttpsServer(by, options);
  ends.unshift(() => server.close());
  return server;
}

const call = (settings: Partial<HttpsClientConfig>, fields: Parameters<typeof message>[0] = {}) =>
  home.client(settings).call(message(fields));

describe('a reply', () => {
  test('says what the server answered', async () => {
    const server = await serverOf(authority);
    server.respond = (_, response) => {
      response.writeHead(202, {
        'Content-Type': 'Application/JSON; charset=utf-8',
        Location: '/operations/1',
      });
      response.end('{"a":1}');
    };
    const { body, ...reply } = await call({ url: `${server.url}/api/v1/` }, { headers: { 'X-Id': '7' } });
    expect(reply).toEqual({
      status: 202,
      location: '/operations/1',
      mediaType: 'application/json',
      milliseconds: 0,
    });
    expect(Buffer.from(body).toString()).toBe('{"a":1}');
    const [received] = server.received;
    expect(received).toMatchObject({ method: 'POST', path: '/api/v1/orders', body: message().content });
    expect(received?.headers).toMatchObject({ 'content-type': 'application/json', 'x-id': '7' });
  });

  test('without a body and headers is whole too', async () => {
    const server = await serverOf(authority);
    server.respond = (_, response) => response.writeHead(204).end();
    const reply = await call({ url: server.url }, { method: 'GET', content: '', path: '/orders?page=2' });
    expect(reply).toEqual({ status: 204, body: Buffer.alloc(0), milliseconds: 0 });
    expect(server.received[0]).toMatchObject({ method: 'GET', path: '/orders?page=2', body: '' });
    expect(server.received[0]?.headers['content-type']).toBeUndefined();
  });

  test('comes for the very address when the message has no path, and for bytes', async () => {
    const server = await serverOf(authority);
    const content = Buffer.from('sealed');
    await call(
      { url: `${server.url}/upload/` },
      { path: '', content, mediaType: 'application/octet-stream' },
    );
    expect(server.received[0]).toMatchObject({ path: '/upload/', body: 'sealed' });
  });

  test.each([301, 302, 307, 308])('%i is not followed', async (status) => {
    const server = await serverOf(authority);
    server.respond = (_, response) => response.writeHead(status, { Location: `${server.url}/other` }).end();
    expect(await call({ url: server.url })).toMatchObject({ status, location: `${server.url}/other` });
    expect(server.received).toHaveLength(1);
  });

  test.each([
    ['seconds', '120', 120],
    ['a date', 'Wed, 06 May 2026 07:09:09 GMT', 60],
    ['a date that is past', 'Wed, 06 May 2026 07:00:00 GMT', 0],
    ['more than a day', '99999999', 86_400],
  ])('429 tells when to come again: %s', async (_, header, retryAfterSeconds) => {
    const server = await serverOf(authority);
    server.respond = (__, response) => response.writeHead(429, { 'Retry-After': header }).end();
    expect(await call({ url: server.url })).toMatchObject({ status: 429, retryAfterSeconds });
  });

  test('comes after provisional ones', async () => {
    const server = await serverOf(authority);
    server.respond = (_, response) => {
      response.writeEarlyHints({ link: '</style>; rel=preload' });
      response.writeHead(201).end('done');
    };
    expect(await call({ url: server.url })).toMatchObject({ status: 201, body: Buffer.from('done') });
  });
});

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('with %s', (maxVersion) => {
  test('our certificate is shown', async () => {
    const server = await serverOf(authority, { ...mutual(authority), maxVersion });
    expect(await call({ url: server.url })).toMatchObject({ status: 200 });
    expect(server.received[0]?.client).toBe('reseller');
  });

  test('a server that wants our certificate and gets none has not got the request: PROVIDER_DENIES', async () => {
    const server = await serverOf(authority, { ...mutual(authority), maxVersion });
    const fault = await faultOf(call({ url: server.url, certificateFile: '', keyFile: '' }));
    expect(fault.message).toMatch(
      /^PROVIDER_DENIES: carrier: https:\/\/localhost:\d+ does not accept our cert/,
    );
    expect(server.received).toHaveLength(0);
  });

  test('a server that hangs up because of our certificate and says nothing', async () => {
    await home.writePair(await stranger.issue({ name: 'stranger', usage: 'client' }));
    const server = await serverOf(authority, { ...mutual(authority), maxVersion });
    const fault = await faultOf(call({ url: server.url }));
    // With TLS 1.3 it hangs up when the request is on its way, and nobody can tell whether it got it.
    expect(fault.code).toBe(maxVersion === 'TLSv1.3' ? 'ANSWER_LOST' : 'PROVIDER_UNREACHABLE');
    expect(server.received).toHaveLength(0);
  });

  test.each<[string, () => Promise<HttpsServer>]>([
    ['of another authority', () => serverOf(stranger, { maxVersion })],
    ['that has expired', () => serverOf(authority, { maxVersion, notAfter: new Date(Date.now() - 60_000) })],
    ['for another name', () => serverOf(authority, { maxVersion, name: 'elsewhere.example' })],
  ])('a server with a certificate %s gets nothing: PROVIDER_UNTRUSTED', async (_, start) => {
    const server = await start();
    const fault = await faultOf(call({ url: server.url }));
    expect(fault.message).toMatch(/^PROVIDER_UNTRUSTED: carrier: .* has a certificate that is not accepted/);
    expect(server.received).toHaveLength(0);
  });
});

test('the authorities of the system count when caFile is empty', async () => {
  const server = await serverOf(authority);
  expect((await faultOf(call({ url: server.url, caFile: '' }))).code).toBe('PROVIDER_UNTRUSTED');
});

describe('a server that is not reached: PROVIDER_UNREACHABLE', () => {
  /** Sockets of servers that know no TLS. */
  async function plain(onConnection: (socket: Socket) => void): Promise<string> {
    const sockets = new Set<Socket>();
    const server = await listening(
      createServer((socket) => {
        sockets.add(socket.on('error', () => undefined));
        onConnection(socket);
      }),
    );
    ends.unshift(() => endServer(server, sockets));
    return `https://localhost:${portOf(server)}`;
  }

  test.each<[string, () => Promise<string>]>([
    ['whose name is unknown', () => Promise.resolve('https://nobody.invalid')],
    [
      'where nobody listens',
      async () => {
        const server = await listening(createServer());
        const url = `https://localhost:${portOf(server)}`;
        await endServer(server, []);
        return url;
      },
    ],
    ['that accepts and says nothing', () => plain(() => undefined)],
    ['that hangs up in the handshake', () => plain((socket) => socket.once('data', () => socket.destroy()))],
    [
      'that does not speak TLS',
      async () => {
        const server = await listening(createPlainServer());
        ends.unshift(() => endServer(server, []));
        return `https://localhost:${portOf(server)}`;
      },
    ],
  ])('%s', async (_, start) => {
    const fault = await faultOf(call({ url: await start(), connectSeconds: 0.5 }));
    expect(fault.message).toMatch(/^PROVIDER_UNREACHABLE: carrier: https:.* was not reached \(\w+\)$/);
  });
});

describe('a server that may have got the request: ANSWER_LOST', () => {
  let issued: Issued;
  beforeAll(async () => {
    issued = await authority.issue({ name: 'localhost', usage: 'server' });
  });

  /** A server that does to the connection what it likes, once something of the request has come. */
  async function rude(onRequest: (socket: TLSSocket, tcp: Socket | undefined) => void): Promise<string> {
    const sockets = new Set<TLSSocket>();
    let tcp: Socket | undefined;
    const tls = { cert: issued.certificatePem, key: issued.keyPem };
    const server = await listening(
      createTlsServer(tls, (socket) => {
        sockets.add(socket.on('error', () => undefined));
        socket.once('data', () => onRequest(socket, tcp));
      }),
    );
    server.on('connection', (socket: Socket) => (tcp = socket));
    ends.unshift(() => endServer(server, sockets));
    return `https://localhost:${portOf(server)}`;
  }

  const hangUpAfter = (text: string) => (socket: TLSSocket) => socket.end(text);

  test.each<[string, Parameters<typeof rude>[0]]>([
    ['that hangs up', hangUpAfter('')],
    ['that breaks the connection', (_, tcp) => tcp?.resetAndDestroy()],
    ['that hangs up in the middle of its headers', hangUpAfter('HTTP/1.1 200 OK\r\nContent-Le')],
    ['that hangs up in its body', hangUpAfter('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')],
    [
      'that hangs up in a piece',
      hangUpAfter('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf'),
    ],
    ['that hangs up between pieces', hangUpAfter('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')],
    ['that answers something else', hangUpAfter('220 mail.example ESMTP\r\n')],
    [
      'that answers headers without an end',
      (socket) => socket.write(`HTTP/1.1 200 OK\r\nA: ${'a'.repeat(1e5)}`),
    ],
  ])('%s', async (_, onRequest) => {
    expect((await faultOf(call({ url: await rude(onRequest) }))).code).toBe('ANSWER_LOST');
  });

  test('that hangs up while a large request is sent', async () => {
    const url = await rude((socket) => socket.destroy());
    const fault = await faultOf(call({ url }, { content: 'x'.repeat(20_000_000) }));
    expect(fault.code).toBe('ANSWER_LOST');
  });

  test.each<[string, (server: HttpsServer) => void]>([
    ['that never answers', (server) => (server.respond = () => undefined)],
    [
      'that answers drop by drop, without an end',
      (server) => {
        server.respond = (_, response) => {
          const timer = setInterval(() => response.write('x'), 20);
          response.on('close', () => clearInterval(timer));
        };
      },
    ],
  ])('%s', async (_, behave) => {
    const server = await serverOf(authority);
    behave(server);
    const fault = await faultOf(call({ url: server.url, answerSeconds: 0.5 }));
    expect(fault.detail).toMatch(/did not answer to the end within 0.5 s$/);
    expect(fault.code).toBe('ANSWER_LOST');
    await waitFor('the end of the connection', () => server.connections.size === 0);
  });

  test('that closes a connection it has answered on before; nothing is sent a second time', async () => {
    const server = await serverOf(authority);
    const client = home.client({ url: server.url, concurrent: 1 });
    await client.call(message({ method: 'GET', content: '' }));
    server.respond = (_, response) => response.socket?.destroy();
    const fault = await faultOf(client.call(message({ method: 'GET', path: '/second', content: '' })));
    expect(fault.code).toBe('ANSWER_LOST');
    expect(server.connected).toBe(1);
    expect(server.received.map(({ path }) => path)).toEqual(['/orders', '/second']);
  });
});

describe('a connection', () => {
  test('that the server closed while it was not used is replaced', async () => {
    const server = await serverOf(authority);
    const client = home.client({ url: server.url });
    await client.call(message());
    for (const socket of server.connections) socket.end();
    await waitFor('the end of the connection', () => server.connections.size === 0);
    expect(await client.call(message())).toMatchObject({ status: 200 });
    expect(server.connected).toBe(2);
  });

  test('is not kept long, even if the server offers that', async () => {
    const server = await serverOf(authority);
    server.respond = (_, response) => response.setHeader('Keep-Alive', 'timeout=600').end('ok');
    await call({ url: server.url });
    expect(server.connections.size).toBe(1);
    await waitFor('the end of the connection', () => server.connections.size === 0, 5);
  });
});

test('an answer that is too large is not read to its end: ANSWER_TOO_LARGE', async () => {
  const server = await serverOf(authority);
  let closed: Promise<unknown> | undefined;
  server.respond = (_, response) => {
    closed = once(response, 'close');
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(10_000)));
    };
    response.on('drain', more);
    more();
  };
  const fault = await faultOf(call({ url: server.url, maxAnswerMegabytes: 1 }));
  expect(fault.message).toMatch(/^ANSWER_TOO_LARGE: .* answers with more than 1048576 bytes$/);
  await closed;
});

test('an answer of just the size that is allowed is read, and one byte more is not', async () => {
  const server = await serverOf(authority);
  const client = home.client({ url: server.url, maxAnswerMegabytes: 1 });
  server.respond = (_, response) => response.end('x'.repeat(1024 * 1024));
  expect((await client.call(message())).body).toHaveLength(1024 * 1024);
  server.respond = (_, response) => response.end('x'.repeat(1024 * 1024 + 1));
  expect((await faultOf(client.call(message()))).code).toBe('ANSWER_TOO_LARGE');
});

describe('when we are stopped', () => {
  test('before the call, nothing is sent', async () => {
    const server = await serverOf(authority);
    const fault = await faultOf(home.client({ url: server.url }).call(message(), AbortSignal.abort()));
    expect(fault.code).toBe('PROVIDER_UNREACHABLE');
    expect(server.connected).toBe(0);
  });

  test('while we wait, the answer is lost', async () => {
    const server = await serverOf(authority);
    const stop = new AbortController();
    server.respond = () => stop.abort();
    const fault = await faultOf(home.client({ url: server.url }).call(message(), stop.signal));
    expect(fault.code).toBe('ANSWER_LOST');
  });

  test('while we connect, nothing is sent', async () => {
    const server = await serverOf(authority);
    const stop = new AbortController();
    const connection = once(server.server, 'connection') as Promise<[Socket]>;
    const closed = connection.then(([socket]) => {
      stop.abort();
      return once(socket, 'close');
    });
    const fault = await faultOf(home.client({ url: server.url }).call(message(), stop.signal));
    expect(fault.code).toBe('PROVIDER_UNREACHABLE');
    await closed;
    expect(server.received).toHaveLength(0);
  });
});

test('close waits for the calls under way', async () => {
  const server = await serverOf(authority);
  const client = home.client({ url: server.url });
  const closing: Promise<void>[] = [];
  server.respond = (_, response) => {
    closing.push(client.close());
    response.end('late');
  };
  expect(await client.call(message())).toMatchObject({ body: Buffer.from('late') });
  await Promise.all(closing);
  expect((await faultOf(client.call(message()))).code).toBe('PROVIDER_UNREACHABLE');
});

test('a request that HTTP cannot carry is our bug, and is not quoted', async () => {
  const server = await serverOf(authority);
  const fault = await faultOf(call({ url: server.url }, { headers: { 'x-id': 'CANARY\r\nx: y' } }));
  expect(fault.code).toBe('BUG');
});
