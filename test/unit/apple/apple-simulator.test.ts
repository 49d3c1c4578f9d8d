import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { apple } from '../../../daemons/adaptor/providers/apple/apple.ts';
import type { Question } from '../../../daemons/adaptor/providers/provider-format.ts';
import { askedOf, documentOf, json, map, orderOf, settingsWith } from './examples.ts';

const script = join(import.meta.dirname, '../../../demo/apple-simulator.ts');
const format = apple(settingsWith());
const { requests } = map(documentOf([orderOf(5, ['SIM001', 'SIM002'])]));
const [request] = requests;
if (!request) throw new Error('there is no request');
const content = request.message.content;
const requestName = 'bulk-enroll-devices.t-1.json';

let home: string;
let simulator: ChildProcess;

const folder = (name: string) => join(home, name);

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'apple-simulator-'));
  await mkdir(folder('outbound/taken'), { recursive: true });
  await mkdir(folder('inbound'));
  const refusal = { errorCode: 'DEP-ERR-DE-4304', errorMessage: 'as asked' };
  await writeFile(folder('rules.json'), JSON.stringify({ refuseDevices: { SIM002: refusal } }));
  const folders = ['--outbound', folder('outbound'), '--inbound', folder('inbound')];
  simulator = spawn(process.execPath, [script, ...folders, '--rules', folder('rules.json')], {
    stdio: 'inherit',
  });
});

afterEach(async () => {
  simulator.kill('SIGKILL');
  await rm(home, { recursive: true, force: true });
});

/** Drops a whole file, as the adaptor does, and waits for the answer of the same name. */
async function ask(name: string, content: string): Promise<unknown> {
  await writeFile(folder(`outbound/.${name}`), content);
  await rename(folder(`outbound/.${name}`), folder(`outbound/${name}`));
  while (!(await readdir(folder('outbound/taken'))).includes(name)) {
    if (simulator.exitCode !== null) throw new Error('the simulator has ended');
    await pause(20);
  }
  return JSON.parse(await readFile(folder(`inbound/${name}`), 'utf8'));
}

describe('the simulator of the provider', () => {
  test('answers requests and questions under their own names, and takes the requests away', async () => {
    const read = async (name: string, text: string, of: Question, theirId: string | null = null) =>
      format.readAnswer(json(await ask(name, text)), of, askedOf(request, theirId));
    const accepted = await read(requestName, content, 'request');
    if (accepted.kind !== 'accepted') throw new Error(`the request was ${accepted.kind}`);

    const { providerTransactionId } = accepted;
    const question = format.toQuery(askedOf(request, providerTransactionId))?.content ?? '';
    const first = await read('check-transaction-status.t-1.1.json', question, 'query');
    expect(first.kind).toBe('pending');
    const second = await read('check-transaction-status.t-1.2.json', question, 'query');
    if (second.kind !== 'result') throw new Error(`the question was ${second.kind}`);
    expect(format.toOutcomes(second.result, 'query', askedOf(request)).orders).toEqual([
      {
        orderId: 5,
        errors: [],
        devices: [
          { deviceId: 'D1', outcome: 'succeeded' },
          { deviceId: 'D2', outcome: 'failed', errors: [{ code: 'DEP-ERR-DE-4304', message: 'as asked' }] },
        ],
        settled: true,
      },
    ]);
    expect(await readdir(folder('outbound'))).toEqual(['taken']);
  });

  test('tells what became of a request whose answer was lost', async () => {
    const reconcile = async (n: number) => {
      const question = format.toReconciliation(askedOf(request))?.content ?? '';
      const answer = await ask(`show-order-details.t-1.${n}.json`, question);
      return format.readAnswer(json(answer), 'reconciliation', askedOf(request));
    };
    expect(await reconcile(1)).toEqual({ kind: 'not-found' });
    await ask(requestName, content);
    const answer = await reconcile(2);
    if (answer.kind !== 'result') throw new Error(`the question was ${answer.kind}`);
    expect(format.toOutcomes(answer.result, 'reconciliation', askedOf(request)).orders).toEqual([
      {
        orderId: 5,
        errors: [],
        devices: [
          { deviceId: 'D1', outcome: 'succeeded' },
          { deviceId: 'D2', outcome: 'unknown' },
        ],
        settled: false,
      },
    ]);
  });

  test('refuses what is not JSON, and goes on', async () => {
    const refused = format.readAnswer(
      json(await ask(requestName, '{"orders":')),
      'request',
      askedOf(request),
    );
    expect(refused).toMatchObject({ kind: 'refused', errors: [{ code: 'GRX-1000' }] });
    const accepted = json(await ask('bulk-enroll-devices.t-2.json', content));
    expect(format.readAnswer(accepted, 'request', askedOf(request)).kind).toBe('accepted');
  });

  test('ends in good order when it is told to', async () => {
    await ask(requestName, content);
    simulator.kill('SIGTERM');
    expect(await once(simulator, 'exit')).toEqual([0, null]);
  });
});
