import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { appleApi } from '../../../demo/apple-api.ts';
import type { KeyRing } from '../../../shared/pgp/key-ring.ts';
import { exchangesOf } from '../../../shared/store/provider-exchanges.ts';
import { openStore } from '../../../shared/store/open-store.ts';
import { startCaller, type Caller } from '../../support/calling.ts';
import { PostgresProxy, type Accident } from '../../support/postgres-proxy.ts';
import { patiently, PostgresStores } from '../../support/temporary-postgres.ts';
import { orderOf } from '../apple/examples.ts';
import { extracted, keyRing, outcomes, requestRows, responses, transform } from './scenes.ts';

/** A courier whose connection to the store is cut in the very commit, while the provider goes on. */

let ring: KeyRing;
let stores: PostgresStores;
let proxy: PostgresProxy;
let caller: Caller;
beforeAll(async () => {
  ring = await keyRing();
  stores = await PostgresStores.start();
});
afterAll(() => stores.close());
beforeEach(async () => {
  proxy = await PostgresProxy.start(stores.server.port);
  caller = await startCaller('apple', {
    mutualTls: true,
    service: () => appleApi(),
    provider: { format: 'apple', account: { shipTo: '0000054321', depResellerId: '0F0F0F0F' } },
    db: await openStore(patiently(proxy.through(await stores.create()))),
  });
  await caller.rules({ pendingQuestions: 0 });
  await transform(caller.rt, ring, await extracted(caller.rt, [orderOf(12, ['ZZTEST12A', 'ZZTEST12B'])]));
});
afterEach(async () => {
  await caller.close();
  await caller.rt.db.destroy();
  await proxy.close();
});

/** Lets the courier work, also behind a commit of which it does not know what became. */
async function settle(): Promise<void> {
  for (let cut = true; cut;) {
    cut = await caller.settle().then(
      () => false,
      (thrown: unknown) => {
        expect(thrown).toMatchObject({ code: 'STORE_OUTCOME_UNKNOWN' });
        return true;
      },
    );
  }
}

const accidents: readonly Accident[] = ['cut before', 'cut after'];

// The call is recorded, nothing more is due, the answer is recorded; the same of the question about the result.
test.each(accidents.flatMap((accident) => [0, 1, 2, 3, 4].map((skip) => [accident, skip] as const)))(
  'D02 %s, the one behind %i others: the provider is told once, and what it says is taken once',
  async (accident, skip) => {
    const met = proxy.atCommit(accident, skip);
    for (let round = 0; round < 4; round++) {
      await settle();
      caller.rt.pass(600);
    }
    await met;
    const [request, ...others] = await requestRows(caller.rt);
    expect([request?.state, request?.attempts, others]).toEqual(['finished', 1, []]);
    expect(caller.calls.filter((line) => line.includes('bulk-enroll-devices'))).toHaveLength(1);
    expect(await outcomes(caller.rt)).toEqual({ '12 D1': 'succeeded', '12 D2': 'succeeded' });
    expect(await responses(caller.rt)).toHaveLength(1);
    const calls = await exchangesOf(caller.rt.db, request?.id ?? 0);
    expect(calls.filter((call) => call.ended_at === null)).toEqual([]);
    const told = calls.flatMap(({ fault_code: code }) => code ?? []);
    expect(told.filter((code) => code !== 'STORE_OUTCOME_UNKNOWN')).toEqual([]);
  },
);
