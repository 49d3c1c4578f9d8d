import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { rulesSchema } from '../../demo/apple-service.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { dispatchOf, ordersFile, sealedDispatch, type OrderInHand } from '../support/dispatches.ts';
import {
  filesUnder,
  install,
  writeInto,
  type Program,
  type TestInstallation,
} from '../support/installation.ts';
import { TestProvider } from '../support/provider.ts';
import { waitFor } from '../support/wait-for.ts';

/**
 * Devices and organisations are customers' data. They go the whole way, and wrong in many ways; then everything that is
 * kept or shown for operating the product is searched for them: log, error text, reason files, names of files, lists.
 */

const organisation = '7313131';
const device = (n: number): string => `ZZCANARYDEV${n}`;
const order: OrderInHand = { id: '884210', devices: [1, 2, 3].map(device), organisation };
const canaries = ['ZZCANARYDEV', organisation];

let installation: TestInstallation;
let provider: TestProvider;
let warehouse: KeyRing;
const programs: Program[] = [];

beforeAll(async () => {
  installation = await install();
  await installation.configure([
    [['log', 'folder'], 'var/log'],
    [['log', 'level'], 'debug'],
  ]);
  warehouse = await installation.addPartner('warehouse');
  provider = new TestProvider(installation);
  provider.rules = rulesSchema.parse({
    refuseDevices: {
      [device(3)]: { errorCode: 'DEP-ERR-DE-4304', errorMessage: 'Assigned to another customer.' },
    },
  });
});
afterAll(() => installation.close());

async function run(...words: string[]): Promise<number | null> {
  const program = installation.start(words);
  programs.push(program);
  return (await program.exit).code;
}

/** The lines with a canary are shown, since there is more than one way to leak. */
function leaksOf(what: string, text: string): string[] {
  const lines = text.split('\n').filter((line) => canaries.some((canary) => line.includes(canary)));
  return lines.map((line) => `${what}: ${line}`);
}

const inbox = 'inboundSalesOrderDispatch';
const plain = JSON.stringify(dispatchOf(order));

/** Refused files with devices where they may be, and where they may not. */
const documents: Record<string, (json: string) => string> = {
  'bad-status': (json) => json.replace('"DISPATCHED"', `"${device(9)}"`),
  'bad-date': (json) => json.replace('2026-01-13T16:00:00Z', device(9)),
  'bad-count': (json) => json.replace('"recordCount":1', '"recordCount":2'),
  'bad-device': (json) => json.replace(`"serialNumber":"${device(1)}"`, `"serialNumber":["${device(9)}"]`),
  'device-as-name-twice': (json) =>
    json.replace('"lineNumber"', `"${device(9)}":1,"${device(9)}":2,"lineNumber"`),
  'device-as-provider': (json) => json.replace('"id":"WH-EAST"', `"id":{"${device(9)}":1}`),
  'cut-off': (json) => json.slice(0, json.indexOf(device(2)) + 10),
};

test('O12: devices and organisations go the whole way, right and wrong', async () => {
  expect(
    await run('orders', 'import', await writeInto(installation, 'orders.json', ordersFile([order]))),
  ).toBe(0);
  for (const [name, change] of Object.entries(documents)) {
    const sealed = await sealMessage(Buffer.from(change(plain)), warehouse, { encryptTo: ['cmp'] });
    await installation.drop(inbox, `${name}.pgp`, sealed);
  }
  await installation.drop(inbox, 'not-sealed.json', Buffer.from(plain));
  await installation.drop(inbox, 'a-good.pgp', await sealedDispatch(order, warehouse));
  expect(await run('loader', '--once')).toBe(exitCodes.refused.code);
  expect(await installation.files(inbox, 'rejected')).toHaveLength(2 * (Object.keys(documents).length + 1));
  // A file that is right, for an order that is not there.
  const stray = { ...order, id: '884299' };
  await installation.drop(inbox, 'b-good.pgp', await sealedDispatch(stray, warehouse));
  expect(await run('loader', '--once')).toBe(0);
  expect(await run('scheduler', '--once')).toBe(exitCodes.refused.code);
  for (const daemon of ['extractor', 'adaptor']) expect(await run(daemon, '--once')).toBe(0);
  expect((await provider.answerAll()).size).toBe(1);
  // The result, once it is there, speaks of a device that nobody has asked for.
  await waitFor(
    'a result',
    async () => {
      for (const name of await installation.files('provider', 'apple', 'inbound', 'in')) {
        const answer = installation.spool('provider', 'apple', 'inbound', 'in', name);
        await writeFile(answer, (await readFile(answer, 'utf8')).replaceAll(device(2), device(9)));
      }
      expect(await run('adaptor', '--once')).toBe(0);
      await provider.answerAll();
      return (await installation.files('inboundDeviceEnrolment', 'in')).length > 0 || undefined;
    },
    50,
  );
  expect(await run('loader', '--once')).toBe(0);
  expect(await run('scheduler', '--once')).toBe(0);
  const story = await installation.json('device', 'show', device(1));
  expect(JSON.stringify(story.value)).toContain('"Enrolled"');
  expect((await installation.run('events')).stdout).toContain(`${device(2)}: POSTED_WITH_ERRORS`);
}, 180_000);

test('O12: no command that is about something else shows them', async () => {
  for (const words of [
    ['status'],
    ['file', 'list'],
    ['file', 'show', '1'],
    ['file', 'show', '5'],
    ['batch', 'list'],
    ['job', 'list'],
    ['keys', 'list'],
    ['property', 'list'],
  ]) {
    expect(await run(...words)).toBe(0);
    expect(await run(...words, '--json')).toBe(0);
  }
  const leaks = programs.flatMap(({ child, stdout, stderr }) =>
    leaksOf(child.spawnargs.slice(4).join(' '), stdout + stderr),
  );
  expect(leaks).toEqual([]);
}, 180_000);

test('O12: neither do log files, reason files and the names of files', async () => {
  const paths = await filesUnder(installation.home);
  expect(paths.flatMap((path) => leaksOf('a name', path))).toEqual([]);
  const logs = paths.filter((path) => path.endsWith('.log'));
  expect(logs).toEqual(
    expect.arrayContaining([
      'var/log/adaptor.log',
      'var/log/failures.log',
      'var/log/loader.log',
      'var/log/scheduler.log',
    ]),
  );
  const reasons = paths.filter((path) => path.endsWith('.reason.json'));
  expect(reasons.length).toBeGreaterThan(Object.keys(documents).length);
  const texts = await Promise.all(
    [...logs, ...reasons].map(async (path) =>
      leaksOf(path, await readFile(join(installation.home, path), 'utf8')),
    ),
  );
  expect(texts.flat()).toEqual([]);
});
