import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { grantSettlements } from '../../../daemons/adaptor/settle-by-hand.ts';
import { wishSettled } from '../../../shared/operator/request-actions.ts';
import type { KeyRing } from '../../../shared/pgp/key-ring.ts';
import { moveRequest, requireTransaction } from '../../../shared/store/provider-requests.ts';
import { listSettlementWishes } from '../../../shared/store/settlement-wishes.ts';
import type { TestRuntime } from '../../support/test-runtime.ts';
import {
  adaptorRuntime,
  extracted,
  keyRing,
  order,
  publish,
  requestRows,
  responses,
  transform,
} from './scenes.ts';
import { auditOf } from '../../support/store-lookups.ts';

let ring: KeyRing;
let rt: TestRuntime;
beforeAll(async () => {
  ring = await keyRing();
});
beforeEach(async () => {
  rt = await adaptorRuntime();
});
afterEach(() => rt.close());

/** A request that was sent. @returns our id */
async function sent(): Promise<string> {
  await transform(rt, ring, await extracted(rt, [order(12, 2)]));
  await publish(rt);
  return (await requestRows(rt)).at(-1)?.transaction_id ?? '';
}

const wish = (id: string, done: boolean, reason = 'seen in the portal') =>
  wishSettled(rt.db, { who: 'alice', reason, now: rt.clock.now() }, id, done);
const stateOf = async (id: string) => (await requireTransaction(rt.db, id)).state;
const audited = async (id: string) =>
  (await auditOf(rt.db, `request ${id}`)).map((row) => [row.action, row.who, row.reason, row.after_json]);

test('a request is settled as done when the adaptor looks, and not before', async () => {
  const id = await sent();
  await wish(id, true);
  expect(await stateOf(id)).toBe('sent');
  expect(await responses(rt)).toEqual([]);
  expect(await grantSettlements(rt)).toEqual({ worked: 1, refused: 0, waiting: 0 });
  expect(await stateOf(id)).toBe('finished');
  expect(await responses(rt)).toHaveLength(1);
  expect(await audited(id)).toEqual([
    ['request.settle', 'alice', 'seen in the portal', '{"state":"sent","wished":"done"}'],
    ['request.done', 'alice', 'seen in the portal', '{"state":"finished"}'],
  ]);
  expect(await listSettlementWishes(rt.db)).toEqual([]);
  expect(await grantSettlements(rt)).toEqual({ worked: 0, refused: 0, waiting: 0 });
  await expect(wish(id, true)).rejects.toThrow('NOT_ALLOWED: request');
});

test('said anew before the adaptor has looked, the later word counts', async () => {
  const id = await sent();
  await wish(id, true);
  await wish(id, false, 'it was the other one');
  await grantSettlements(rt);
  expect((await audited(id)).map(([action]) => action)).toEqual([
    'request.settle',
    'request.settle',
    'request.failed',
  ]);
  expect((await requireTransaction(rt.db, id)).last_error).toBe('settled by alice: it was the other one');
});

test('an answer that comes first counts, and the wish is refused', async () => {
  const id = await sent();
  await wish(id, false);
  await moveRequest(rt.db, await requireTransaction(rt.db, id), 'finished', {});
  expect(await grantSettlements(rt)).toEqual({ worked: 1, refused: 1, waiting: 0 });
  expect(await responses(rt)).toEqual([]);
  const [, refused] = await audited(id);
  expect(refused?.[0]).toBe('request.settle-refused');
  expect(refused?.[3]).toContain('is finished: it waits for no answer');
  expect(await listSettlementWishes(rt.db)).toEqual([]);
});
