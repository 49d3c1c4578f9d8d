import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { askForResults } from '../../../daemons/adaptor/ask-for-results.ts';
import type { KeyRing } from '../../../shared/pgp/key-ring.ts';
import type { TestRuntime } from '../../support/test-runtime.ts';
import {
  adaptorRuntime,
  answer,
  apple,
  extracted,
  keyRing,
  order,
  publish,
  requestRows,
  transform,
} from './scenes.ts';

let ring: KeyRing;
let rt: TestRuntime;
beforeAll(async () => {
  ring = await keyRing();
});
beforeEach(async () => {
  rt = await adaptorRuntime();
});
afterEach(() => rt.close());

/** A request that Apple has accepted. @returns our id */
async function accepted(orderId: number, tracking = 'tracking-1'): Promise<string> {
  await transform(rt, ring, await extracted(rt, [order(orderId, 1)]));
  await publish(rt);
  const tx = (await requestRows(rt)).at(-1)?.transaction_id ?? '';
  await answer(rt, `bulk-enroll-devices.${tx}.json`, apple.accepted(tracking));
  return tx;
}

const ask = async () => {
  const { worked } = await askForResults(rt);
  return { worked, files: await publish(rt) };
};

describe('questions for results', () => {
  test('are asked when their time has come, and again until the answer comes', async () => {
    const tx = await accepted(12);
    rt.pass(599);
    expect(await ask()).toEqual({ worked: 0, files: [] });
    rt.pass(1);
    expect(await ask()).toEqual({
      worked: 1,
      files: [
        {
          name: `provider/apple/outbound/check-transaction-status.${tx}.1.json`,
          body: expect.objectContaining({
            deviceEnrollmentTransactionId: 'tracking-1',
            depResellerId: '0F0F0F0F',
          }),
        },
      ],
    });
    expect(await ask()).toEqual({ worked: 0, files: [] });
    rt.pass(3600);
    expect((await ask()).files).toMatchObject([
      { name: `provider/apple/outbound/check-transaction-status.${tx}.2.json` },
    ]);
    expect(await requestRows(rt)).toMatchObject([{ state: 'accepted', queries: 2 }]);
  });

  test('an answer of pending moves the next question', async () => {
    const tx = await accepted(12);
    rt.pass(600);
    await ask();
    rt.pass(10);
    await answer(rt, `check-transaction-status.${tx}.1.json`, apple.pending);
    rt.pass(3599);
    expect((await ask()).worked).toBe(0);
    rt.pass(1);
    expect((await ask()).files).toHaveLength(1);
  });

  test('are not asked of a request that is finished, was refused, or has no id of the provider', async () => {
    const tx = await accepted(12);
    await answer(rt, `check-transaction-status.${tx}.1.json`, apple.result({ 12: { 'S12-1': 'COMPLETE' } }));
    await transform(rt, ring, await extracted(rt, [order(13, 1)]));
    await publish(rt);
    rt.pass(100_000);
    expect(await ask()).toEqual({ worked: 0, files: [] });
  });

  test('a provider that is no longer configured does not keep the others waiting', async () => {
    await accepted(12);
    await rt.db.updateTable('provider_request').set({ provider_id: 'gone' }).execute();
    const tx = await accepted(13, 'tracking-2');
    rt.pass(600);
    await expect(askForResults(rt)).rejects.toMatchObject({ code: 'UNKNOWN_PROVIDER' });
    expect(await publish(rt)).toMatchObject([
      { name: `provider/apple/outbound/check-transaction-status.${tx}.1.json` },
    ]);
  });
});
