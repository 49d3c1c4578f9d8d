import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import { waitFor } from '../../support/wait-for.ts';
import { Simulated } from './simulated.ts';

let simulated: Simulated;
let child: ChildProcess;
let output: string;
beforeAll(async () => {
  simulated = await Simulated.make();
});
/** Every one of them: a test that was given up may still have started another. */
const started: ChildProcess[] = [];
const killAll = () => started.forEach((process) => process.kill('SIGKILL'));
afterEach(killAll);
afterAll(async () => {
  killAll();
  await simulated.remove();
});

function start(provider: string, ...words: string[]): void {
  const script = join(import.meta.dirname, `../../../demo/${provider}-simulator.ts`);
  output = '';
  child = spawn(process.execPath, [script, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  child.stdout?.on('data', (part: Buffer) => (output += part.toString()));
}

function startHttps(provider: string, ...more: string[]): Promise<string> {
  start(provider, '--tls', simulated.files.tls, '--secrets', simulated.files.secrets, ...more);
  return waitFor('the simulator to listen', () => {
    if (child.exitCode !== null) throw new Error('the simulator has ended');
    return /^listening on (https:\/\/localhost:\d+)$/m.exec(output)?.[1];
  });
}

const stopped = async () => {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  return exit;
};

describe('simulators over HTTPS as processes', () => {
  test.each([
    ['apple', 'POST', '/enroll-service/1.0/show-order-details', 200],
    ['google-zero-touch', 'POST', '/v1/partners/5/devices:claimAsync', 401],
    ['samsung-knox', 'PUT', '/kcs/v1/rp/devices/upload', 401],
    ['windows-autopilot', 'POST', '/v1/customers/7c1d2b1e-9f5b-4b43-8a5e-1a2f3b4c5d6e/deviceBatches', 401],
    ['distributor', 'POST', '/v1/enrolments', 401],
  ])(
    '%s listens, answers, follows its rules, and ends in good order',
    async (provider, method, path, status) => {
      await simulated.rules({});
      simulated.aim(await startHttps(provider, '--rules', simulated.rulesFile));
      expect((await simulated.call(method, path, { json: {} })).status).toBe(status);
      await simulated.rules({ transport: [{ match: '.', status: 503 }] });
      expect((await simulated.call(method, path, { json: {} })).status).toBe(503);
      await waitFor('the line of the log', () => output.includes(`${method} ${path} 503\n`));
      expect(await stopped()).toEqual([0, null]);
    },
  );

  test('ends while a call waits for its answer', async () => {
    await simulated.rules({ transport: [{ stall: true }] });
    simulated.aim(await startHttps('apple', '--rules', simulated.rulesFile));
    const waiting = simulated.call('GET', '/x').catch(() => 'cut off');
    await waitFor('the call to stall', () => output.includes('stalled'));
    expect(await stopped()).toEqual([0, null]);
    expect(await waiting).toBe('cut off');
  });

  test('listens at the port it is told', async () => {
    const first = await startHttps('distributor');
    await stopped();
    const port = new URL(first).port;
    expect(await startHttps('distributor', '--port', port)).toBe(first);
  });

  test('Apple’s demands a certificate', async () => {
    simulated.aim(await startHttps('apple'));
    await expect(simulated.call('GET', '/', { certificate: false })).rejects.toThrow();
    expect((await simulated.call('GET', '/')).status).toBe(404);
  });

  test('without folders it says what it wants', async () => {
    start('samsung-knox', '--outbound', '/a', '--inbound', '/b');
    expect(await once(child, 'exit')).toEqual([2, null]);
  });
});

describe('simulators over the spool as processes', () => {
  /** Drops a whole file, as the adaptor does, and waits for the answer of the same name. */
  async function ask(name: string, content: string): Promise<string> {
    const outbound = join(simulated.home, 'outbound');
    await writeFile(join(outbound, `.${name}`), content);
    await rename(join(outbound, `.${name}`), join(outbound, name));
    await waitFor(`the answer to ${name}`, async () => {
      if (child.exitCode !== null) throw new Error('the simulator has ended');
      return (await readdir(join(outbound, 'taken'))).includes(name);
    });
    return readFile(join(simulated.home, 'inbound', name), 'utf8');
  }

  async function startSpool(provider: string): Promise<void> {
    const [outbound, inbound] = [join(simulated.home, 'outbound'), join(simulated.home, 'inbound')];
    await mkdir(join(outbound, 'taken'), { recursive: true });
    await mkdir(inbound, { recursive: true });
    start(provider, '--outbound', outbound, '--inbound', inbound, '--rules', simulated.rulesFile);
  }

  const sender = {
    requestContext: { shipTo: '0000054321', timeZone: '0', langCode: 'en' },
    depResellerId: '0F0F0F0F',
  };
  const document = (transactionId: string) => {
    const [orderDate, shipDate] = ['2026-05-04T08:00:00Z', '2026-05-05T08:00:00Z'];
    const devices = [{ deviceId: 'SIM001' }, { deviceId: 'SIM002' }];
    const deliveries = [{ deliveryNumber: 'DN', shipDate, devices }];
    const order = { orderNumber: '5', orderDate, orderType: 'OR', customerId: '880011', deliveries };
    return JSON.stringify({ ...sender, transactionId, orders: [order] });
  };

  test('Apple answers requests and questions under their own names, and takes the requests away', async () => {
    const refusal = { errorCode: 'DEP-ERR-DE-4304', errorMessage: 'as asked' };
    await simulated.rules({ refuseDevices: { SIM002: refusal } });
    await startSpool('apple');
    const accepted = await ask('bulk-enroll-devices.t-1.json', document('t-1'));
    const { deviceEnrollmentTransactionId: id } = JSON.parse(accepted) as Record<string, unknown>;
    const question = JSON.stringify({ ...sender, deviceEnrollmentTransactionId: id });
    expect(await ask('check-transaction-status.t-1.1.json', question)).toContain('DEP-ERR-4003');
    const result = await ask('check-transaction-status.t-1.2.json', question);
    expect(JSON.parse(result)).toMatchObject({
      statusCode: 'COMPLETE_WITH_ERRORS',
      orders: [
        {
          deliveries: [
            {
              devices: [
                { deviceId: 'SIM001', devicePostStatus: 'COMPLETE' },
                {
                  deviceId: 'SIM002',
                  devicePostStatus: 'DEP-ERR-DE-4304',
                  devicePostStatusMessage: 'as asked',
                },
              ],
            },
          ],
        },
      ],
    });
    const shown = await ask(
      'show-order-details.t-1.3.json',
      JSON.stringify({ ...sender, orderNumbers: ['5'] }),
    );
    expect(JSON.parse(shown)).toMatchObject({
      orders: [{ deliveries: [{ devices: [{ deviceId: 'SIM001' }] }] }],
    });
    expect(await readdir(join(simulated.home, 'outbound'))).toEqual(['taken']);
    expect(await stopped()).toEqual([0, null]);
  });

  test('Apple refuses what is not JSON, and goes on', async () => {
    await simulated.rules({});
    await startSpool('apple');
    expect(JSON.parse(await ask('bulk-enroll-devices.t-2.json', '{"orders":'))).toMatchObject({
      errorCode: 'GRX-1000',
    });
    expect(await ask('bulk-enroll-devices.t-3.json', document('t-3'))).toContain('SUCCESS');
  });

  test('the distributor answers a sheet with its result', async () => {
    await simulated.rules({ refuseDevices: { AA2: { code: 'X-1', text: 'as asked' } } });
    await startSpool('distributor');
    const header = 'Transaction,Action,Order,Customer,Delivery,Shipped,Device,AssetTag';
    const row = (device: string) => `t1,ENROL,SO-1,C1,DN-1,2026-01-13T16:00:00Z,${device},`;
    expect(await ask('enrolments.t1.csv', [header, row('AA1'), row('AA2'), ''].join('\r\n'))).toBe(
      'Transaction,Reference,Order,Device,Result,Code,Text\r\n' +
        't1,DIST-000001,SO-1,AA1,DONE,,\r\nt1,DIST-000001,SO-1,AA2,FAILED,X-1,as asked\r\n',
    );
  });
});
