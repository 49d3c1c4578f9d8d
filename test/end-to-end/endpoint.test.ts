import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import { makeAuthority } from '../../demo/certificates.ts';
import { queuePublication } from '../../shared/store/publications.ts';
import { ordersFile, sealedDispatch } from '../support/dispatches.ts';
import { writeInto, type Program } from '../support/installation.ts';
import { linesOf, loggedTimes } from '../support/log-lines.ts';
import { TestProvider } from '../support/provider.ts';
import { deviceOf, doneBytes, incoming, outgoing, TwoHosts } from '../support/two-hosts.ts';
import { waitFor } from '../support/wait-for.ts';

/** The adaptor on one host, the loader on another: real processes, killed and cut off, over real HTTPS. */

let hosts: TwoHosts;
beforeAll(async () => {
  hosts = await TwoHosts.install();
}, 60_000);
afterAll(() => hosts.close());

const programs: Program[] = [];
afterEach(async () => {
  for (const program of programs.splice(0)) if (program.running) await program.end('SIGKILL');
});

const preload = fileURLToPath(new URL('../chaos/kill-at.ts', import.meta.url));
/** The process dies at the first passing of that fail-point. */
const dyingAt = (point: string) => ({ NODE_OPTIONS: `--import=${preload}`, KILL_AT: `${point}:1` });

async function startAdaptor(env: NodeJS.ProcessEnv = {}): Promise<Program> {
  const program = hosts.adaptorHost.start(['adaptor'], { env });
  programs.push(program);
  await program.logged('daemon.ready');
  return program;
}

async function startLoader(env: NodeJS.ProcessEnv = {}): Promise<Program> {
  const program = hosts.loaderHost.start(['loader'], { env });
  programs.push(program);
  await program.logged('endpoint.listening');
  return program;
}

async function stop(...toStop: Program[]): Promise<void> {
  for (const program of toStop) {
    const { code, stderr } = await program.end('SIGTERM');
    expect([code, stderr]).toEqual([0, '']);
  }
}

const done = { state: 'done', attempts: 1, crashes: 0, fault_code: null };

/** Waits until both sides are done with a file, and looks whether it came once, byte for byte. */
async function arrivedOnce(name: string, device: string): Promise<void> {
  for (const host of ['adaptor', 'loader'] as const) await hosts.settled(host, name, 'done');
  expect(await hosts.ledger('loader', name)).toEqual([done]);
  expect(await hosts.loadedTimes(device)).toBe(1);
  const [sent, received] = [
    await doneBytes(hosts.adaptorHost, outgoing, name),
    await doneBytes(hosts.loaderHost, incoming, name),
  ];
  expect(received.equals(sent)).toBe(true);
  await nothingLeft();
}

/** Nothing is left half-way. A file has its name in done/ a moment before it loses the other, and another may be coming. */
const nothingLeft = () =>
  waitFor('nothing but what is done', async () => {
    const left = ['in', 'tmp', 'work', 'hold', 'rejected'].flatMap((folder) => [
      hosts.loaderHost.files(incoming, folder),
      hosts.adaptorHost.files(outgoing, folder),
    ]);
    return (await Promise.all(left)).flat().length === 0 || undefined;
  });

test('the outcome of an order goes from the provider through the adaptor to a loader on another host', async () => {
  const { adaptorHost } = hosts;
  const order = { id: '700001', devices: ['ZZHOST1', 'ZZHOST2'] };
  const warehouse = await adaptorHost.addPartner('warehouse');
  const provider = new TestProvider(adaptorHost);
  await adaptorHost.enrol(
    'orders',
    'import',
    await writeInto(adaptorHost, 'orders.json', ordersFile([order])),
  );
  await adaptorHost.drop('inboundSalesOrderDispatch', 'x.pgp', await sealedDispatch(order, warehouse));
  await adaptorHost.enrol('loader', '--once');
  await adaptorHost.enrol('job', 'run', 'salesOrderDispatch');
  await adaptorHost.enrol('job', 'run', 'deviceEnrolmentRequest');
  await adaptorHost.enrol('extractor', '--once');
  const loader = await startLoader();
  await waitFor('the response', async () => {
    await provider.answerAll();
    await adaptorHost.enrol('adaptor', '--once');
    return (await adaptorHost.files(outgoing, 'done')).length > 0;
  });
  const [name = ''] = (await adaptorHost.files(outgoing, 'done')).map((path) => path.split('/').at(-1));
  await arrivedOnce(name, order.devices[0] ?? '');
  expect(await adaptorHost.files(incoming, 'in')).toEqual([]);
  const { value } = await adaptorHost.json('file', 'list', '--folder', outgoing);
  expect(JSON.stringify(value)).toContain(name);
  await stop(loader);
});

describe('K01: a loader that is killed while a file is posted', () => {
  test.each([
    ['receive.drafted', 710_001, false],
    ['receive.linked', 710_002, true],
    ['receive.synced', 710_003, true],
  ])('K01: at %s: the file comes once, from the sender who did not know', async (point, order, known) => {
    const dying = await startLoader(dyingAt(point));
    const adaptor = await startAdaptor();
    const name = await hosts.respond(order);
    const { code } = await dying.exit;
    expect([code, dying.child.signalCode]).toEqual([null, 'SIGKILL']);
    const loader = await startLoader();
    await arrivedOnce(name, deviceOf(order));
    expect(linesOf(loader, 'endpoint.received')).toMatchObject([{ file: name, known }]);
    expect(linesOf(adaptor, 'task.stopped')).not.toHaveLength(0);
    expect(await hosts.ledger('adaptor', name)).toEqual([done]);
    await stop(adaptor, loader);
  });
});

test.each([
  ['work.decided', 720_001],
  ['work.written', 720_002],
  ['work.committed', 720_003],
])(
  'K01: an adaptor that is killed at %s, when the answer was there, sends the same bytes again or not at all',
  async (point, order) => {
    const loader = await startLoader();
    const name = await hosts.respond(order);
    const dying = hosts.adaptorHost.start(['adaptor'], { env: dyingAt(point) });
    programs.push(dying);
    await dying.exit;
    expect(dying.child.signalCode).toBe('SIGKILL');
    const adaptor = await startAdaptor();
    await arrivedOnce(name, deviceOf(order));
    const received = linesOf(loader, 'endpoint.received');
    const again = point === 'work.committed' ? [] : [{ known: true }];
    expect(received).toMatchObject([{ known: false }, ...again]);
    await stop(adaptor, loader);
  },
);

test('a network that is down for many attempts, and up again: nothing is held, all is sent', async () => {
  const adaptor = await startAdaptor();
  const names = [await hosts.respond(730001), await hosts.respond(730002)];
  await loggedTimes(adaptor, 'task.stopped', 3);
  expect(linesOf(adaptor, 'task.stopped')).toMatchObject(
    [1, 2, 3].map(() => ({ task: `inbox ${outgoing}`, code: 'ENDPOINT_UNAVAILABLE' })),
  );
  // What is counted is what the file is to blame for.
  const rows = (await Promise.all(names.map((name) => hosts.ledger('adaptor', name)))).flat();
  expect(rows).toEqual([{ ...done, state: 'claimed', attempts: 0 }]);
  const loader = await startLoader();
  await arrivedOnce(names[0] ?? '', deviceOf(730001));
  await arrivedOnce(names[1] ?? '', deviceOf(730002));
  await adaptor.logged('task.resumed');
  await stop(adaptor, loader);
});

describe('an endpoint that stalls', () => {
  /** Takes connections, and says nothing. */
  const silent = createServer(() => undefined);
  afterEach(() => void silent.close());

  test('delays nothing else that the adaptor does', async () => {
    const sockets = new Set<{ destroy(): void }>();
    silent.on('connection', (socket) => sockets.add(socket.on('error', () => undefined)));
    silent.listen(hosts.port, '127.0.0.1');
    await once(silent, 'listening');
    const name = await hosts.respond(740001);
    const adaptor = await startAdaptor();
    await waitFor('a connection', () => sockets.size > 0);
    const publication = {
      folder: 'provider/apple/outbound',
      name: 'bulk-enroll-devices.beside.json',
      purpose: 'provider-query',
      content: '{}',
      batchId: null,
      providerRequestId: null,
    } as const;
    await queuePublication(hosts.stores.adaptor, publication, new Date());
    await waitFor('another task', async () =>
      (await hosts.adaptorHost.files('provider', 'apple', 'outbound')).includes(publication.name),
    );
    expect(linesOf(adaptor, 'task.stopped')).toEqual([]);
    silent.close();
    for (const socket of sockets) socket.destroy();
    const loader = await startLoader();
    await arrivedOnce(name, deviceOf(740001));
    await stop(adaptor, loader);
  });
});

describe('sides that do not know each other', () => {
  test('a server that another authority vouches for gets nothing; with the right one all goes on by itself', async () => {
    const loader = await startLoader();
    await hosts.trust(await makeAuthority());
    const adaptor = await startAdaptor();
    const name = await hosts.respond(750001);
    await adaptor.logged('task.stopped');
    expect(linesOf(adaptor, 'task.stopped')).toMatchObject([{ code: 'ENDPOINT_DENIES' }]);
    expect(linesOf(loader, 'endpoint.received')).toEqual([]);
    await hosts.trust(hosts.authority);
    await arrivedOnce(name, deviceOf(750001));
    await stop(adaptor, loader);
  });

  test('a wrong token is refused, and is not in any log; with the right one all goes on by itself', async () => {
    const loader = await startLoader();
    await hosts.giveToken('Bearer of-nobody');
    const adaptor = await startAdaptor();
    const name = await hosts.respond(760001);
    await adaptor.logged('task.stopped');
    expect(linesOf(adaptor, 'task.stopped')).toMatchObject([{ code: 'ENDPOINT_DENIES' }]);
    expect(linesOf(loader, 'endpoint.refused')).toMatchObject([{ status: 401 }]);
    await hosts.giveToken('Bearer of-two-hosts');
    await arrivedOnce(name, deviceOf(760001));
    for (const { stdout } of [adaptor, loader]) expect(stdout).not.toMatch(/of-nobody|of-two-hosts/);
    await stop(adaptor, loader);
  });
});

test('a file that is too large there is rejected here, with the reason, and those behind it pass', async () => {
  const { adaptorHost, loaderHost } = hosts;
  const limit = ['inboxes', incoming, 'maxFileMegabytes'];
  await loaderHost.configure([[limit, 1 / 64]]);
  const loader = await startLoader();
  const large = await hosts.respond(770001, 2000);
  const small = await hosts.respond(770002);
  const adaptor = await startAdaptor();
  await hosts.settled('adaptor', large, 'rejected');
  await adaptor.logged('file.rejected');
  expect(await hosts.ledger('adaptor', large)).toMatchObject([{ fault_code: 'ENDPOINT_REFUSED' }]);
  expect(linesOf(adaptor, 'file.rejected')).toMatchObject([
    { file: large, code: 'ENDPOINT_REFUSED', detail: expect.stringContaining('413') },
  ]);
  expect(await adaptorHost.files(outgoing, 'rejected')).toEqual([large, `${large}.reason.json`]);
  await hosts.settled('loader', small, 'done');
  await stop(loader);
  // Mended there, an operator sends it again from here.
  await loaderHost.configure([[limit, 64]]);
  const mended = await startLoader();
  const { value } = await adaptorHost.json('file', 'list', '--state', 'rejected');
  const [{ id = 0 } = {}] = value as { id?: number }[];
  await adaptorHost.enrol('file', 'retry', String(id), '--reason', 'the limit was raised there');
  await arrivedOnce(large, deviceOf(770001));
  await stop(adaptor, mended);
});

describe('enrol loader --listen', () => {
  test('takes the place of the configured address', async () => {
    const loader = hosts.loaderHost.start(['loader', '--listen', '127.0.0.1:0']);
    programs.push(loader);
    await loader.logged('daemon.ready');
    const [listening] = linesOf(loader, 'endpoint.listening');
    expect(listening).toMatchObject({ address: '127.0.0.1:0', port: expect.any(Number) });
    expect(listening?.port).not.toBe(hosts.port);
    expect(loader.events.indexOf('endpoint.listening')).toBeLessThan(loader.events.indexOf('daemon.ready'));
    await stop(loader);
  });

  test('is refused where nobody would have to prove who he is, or with no address', async () => {
    const { code, stderr } = await hosts.adaptorHost.run('loader', '--listen', '127.0.0.1:0');
    expect([code, stderr]).toEqual([3, expect.stringContaining('loader.listen.tokenFile')]);
    expect((await hosts.adaptorHost.run('loader', '--listen', 'here')).code).toBe(2);
    expect((await hosts.loaderHost.run('loader', '--listen', '127.0.0.1:0', '--once')).code).toBe(2);
  });

  test('an address that another process has: LISTEN_FAILED', async () => {
    const loader = await startLoader();
    const { code, stdout } = await hosts.loaderHost.run('loader');
    expect([code, stdout]).toEqual([1, expect.stringContaining('LISTEN_FAILED')]);
    await stop(loader);
  });
});
