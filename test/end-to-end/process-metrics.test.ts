import { request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { install, type Program, type TestInstallation } from '../support/installation.ts';
import { linesOf } from '../support/log-lines.ts';
import { waitFor } from '../support/wait-for.ts';

let installation: TestInstallation;
beforeEach(async () => {
  installation = await install();
});
afterEach(() => installation.close());

/** What stands at a place; undefined where the answer is another than 200. */
async function ask(
  place: { port: number } | { socketPath: string },
  path = '/metrics',
): Promise<string | undefined> {
  const asked = request({ host: '127.0.0.1', ...place, path }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const body = await text(answer);
  return answer.statusCode === 200 ? body : undefined;
}

const valueOf = (body: string | undefined, series: string): number =>
  Number(
    body
      ?.split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')
      .at(-1),
  );

const counted = (body: string | undefined, daemon: string, event: string, level: string): number =>
  valueOf(body, `enrol_events_total{event="${event}",level="${level}",daemon="${daemon}"}`);

async function startWith(name: string, address: string): Promise<Program> {
  await installation.configure([
    [['metrics', name], address],
    [['log', 'level'], 'warn'],
  ]);
  return installation.start([name]);
}

test('each process counts what it tells, and takes its socket with it when it ends', async () => {
  await installation.addPartner('warehouse');
  const socketPath = join(installation.home, 'var', 'loader.sock');
  const loader = await startWith('loader', 'unix:var/loader.sock');
  const body = await waitFor('that it is ready', async () => {
    const found = await ask({ socketPath }).catch(() => undefined);
    return counted(found, 'loader', 'daemon.ready', 'info') === 1 ? found : undefined;
  });
  // What the log leaves out is counted all the same.
  expect(loader.stdout).toBe('');
  expect(counted(body, 'loader', 'file.held', 'error')).toBe(0);
  expect(valueOf(body, 'process_resident_memory_bytes{daemon="loader"}')).toBeGreaterThan(1e7);
  expect((await stat(socketPath)).mode & 0o777).toBe(0o660);
  expect(await ask({ socketPath }, '/')).toBeUndefined();

  await installation.drop('inboundDeviceEnrolment', 'bad.pgp', Buffer.from('nothing good'));
  await waitFor('the rejection in log and metrics', async () => {
    const after = await ask({ socketPath });
    return counted(after, 'loader', 'file.rejected', 'warn') === linesOf(loader, 'file.rejected').length &&
      linesOf(loader, 'file.rejected').length === 1
      ? true
      : undefined;
  });
  expect(await loader.end('SIGTERM')).toMatchObject({ code: 0 });
  await expect(ask({ socketPath })).rejects.toMatchObject({ code: 'ENOENT' });
});

test('an address that is taken is told once, and keeps no process from its work', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  try {
    const extractor = await startWith('extractor', `127.0.0.1:${port}`);
    await extractor.logged('metrics.failed');
    const { code, stdout } = await extractor.end('SIGTERM');
    expect(code).toBe(0);
    expect(JSON.parse(stdout.trim())).toMatchObject({
      level: 'warn',
      event: 'metrics.failed',
      address: `127.0.0.1:${port}`,
      detail: 'EADDRINUSE',
    });
  } finally {
    other.close();
  }
});

test('an address that others of the network could reach is refused', async () => {
  const loader = await startWith('loader', '0.0.0.0:9471');
  expect(await loader.exit).toMatchObject({ code: 3, stderr: expect.stringContaining('metrics.loader') });
});
