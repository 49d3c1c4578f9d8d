import { once, type EventEmitter } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

import { afterEach, describe, expect, test } from '@jest/globals';

import { waitFor } from '../../support/wait-for.ts';
import { answerTo, EndpointScene, type SceneOptions } from './endpoint-scene.ts';

/** Clients that are slow, and the end of the server. The limits are short; on a slow machine the tests take longer. */

let scene: EndpointScene;
afterEach(() => scene.close());
const open = async (options?: SceneOptions) => {
  scene = await EndpointScene.open(options);
};

const uploadsBegun = () =>
  waitFor('an upload in tmp/', async () => (await scene.files('tmp')).length > 0 || undefined);

/** Unlike `once`, whatever went wrong before. */
const closed = (connection: EventEmitter): Promise<void> =>
  new Promise((resolve) => void connection.once('close', () => resolve()));

/** A connection over which a test says what no HTTP client would. */
async function connectRaw(): Promise<TLSSocket> {
  const { host, port, ca } = scene.clientOptions;
  const socket = connectTls({ host: host ?? '', port: Number(port), ca, servername: 'localhost' });
  socket.on('error', () => undefined).resume();
  await once(socket, 'secureConnect');
  return socket;
}

/** Sends a byte again and again until the connection is closed. @returns how often */
async function drip(write: () => void, end: Promise<void>): Promise<number> {
  let drops = 0;
  const timer = setInterval(() => {
    drops++;
    write();
  }, 50);
  await end;
  clearInterval(timer);
  return drops;
}

describe('a client that is slow is cut off, and nothing is left of it', () => {
  test('it stalls within the file', async () => {
    await open({ limits: { idleSeconds: 0.5 } });
    const sending = scene.begin('a.pgp', { headers: { 'content-length': 1000 } });
    sending.write('half');
    await uploadsBegun();
    await expect(answerTo(sending)).rejects.toThrow();
    await waitFor('the refusal', () => scene.told('endpoint.refused').length > 0);
    expect(scene.told('endpoint.refused')).toEqual([
      { from: '127.0.0.1', file: 'a.pgp', detail: 'The sender broke off, or took too long.' },
    ]);
    expect(await scene.files('tmp')).toEqual([]);
    expect(await scene.files('in')).toEqual([]);
  });

  test('it sends drop by drop', async () => {
    await open({ limits: { headSeconds: 0.5, requestSeconds: 1 } });
    const sending = scene.begin('a.pgp', { headers: { 'content-length': 1_000_000 } });
    sending.on('error', () => undefined);
    const drops = await drip(() => sending.write('x'), closed(sending));
    expect(drops).toBeGreaterThan(5);
    await waitFor('the refusal', () => scene.told('endpoint.refused').length > 0);
    expect(await scene.files('tmp')).toEqual([]);
  });

  test('it sends its head drop by drop', async () => {
    await open({ limits: { headSeconds: 0.5 } });
    const socket = await connectRaw();
    socket.write('POST /x HTTP/1.1\r\nx: ');
    await drip(() => socket.write('x'), closed(socket));
    expect(scene.told('endpoint.received')).toEqual([]);
  });

  test('it connects and says nothing', async () => {
    await open({ limits: { headSeconds: 0.3 } });
    const socket = connect(scene.endpoint.port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    await closed(socket);
  });

  test('it goes away within the file', async () => {
    await open();
    const sending = scene.begin('a.pgp', { headers: { 'content-length': 1000 } });
    sending.on('error', () => undefined);
    sending.write('half');
    await uploadsBegun();
    sending.destroy();
    await waitFor('the refusal', () => scene.told('endpoint.refused').length > 0);
    expect(await scene.files('tmp')).toEqual([]);
    expect(await scene.files('in')).toEqual([]);
  });

  test('it was refused, and goes on sending drop by drop', async () => {
    await open({ limits: { lingerSeconds: 0.5, requestSeconds: 60 } });
    const socket = await connectRaw();
    socket.write('POST /x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n');
    const started = performance.now();
    await drip(() => socket.write('x'), closed(socket));
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(scene.told('endpoint.refused')).toMatchObject([{ status: 401 }]);
  });

  test('it holds connections: there are only so many, and others come when they are given up', async () => {
    await open({ limits: { connections: 2, headSeconds: 60, idleSeconds: 60, requestSeconds: 60 } });
    const sockets = [1, 2].map(() => connect(scene.endpoint.port, '127.0.0.1').on('error', () => undefined));
    for (const socket of sockets) await once(socket, 'connect');
    await expect(scene.post('a.pgp', 'sealed')).rejects.toThrow();
    for (const socket of sockets) socket.destroy();
    const answer = await waitFor('a connection that is let in', () =>
      scene.post('a.pgp', 'sealed').catch(() => undefined),
    );
    expect(answer).toMatchObject({ status: 201 });
  });
});

describe('the end of the server', () => {
  test('an upload under way is finished, and answered', async () => {
    await open();
    const sending = scene.begin('a.pgp', { headers: { 'content-length': 6 } });
    sending.write('sea');
    await uploadsBegun();
    const ending = scene.endpoint.finish();
    await expect(scene.post('b.pgp', 'sealed')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    sending.end('led');
    const answer = await answerTo(sending);
    expect(answer).toMatchObject({ status: 201, headers: { connection: 'close' } });
    await ending;
    expect(await scene.files('in')).toEqual(['a.pgp']);
    await scene.runtime.close();
    scene = await EndpointScene.open(); // For the end of the test.
  });

  test('an upload that does not come to its end is cut off, and is cleared away', async () => {
    await open({ limits: { closeSeconds: 0.3, idleSeconds: 60, requestSeconds: 60 } });
    const sending = scene.begin('a.pgp', { headers: { 'content-length': 6 } });
    sending.on('error', () => undefined);
    sending.write('sea');
    await uploadsBegun();
    await scene.endpoint.finish();
    expect(await scene.files('tmp')).toEqual([]);
    expect(await scene.files('in')).toEqual([]);
    await scene.runtime.close();
    scene = await EndpointScene.open();
  });
});
