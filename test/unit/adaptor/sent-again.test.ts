import { join } from 'node:path';

import { sql } from 'kysely';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { releaseRequests } from '../../../daemons/adaptor/release-requests.ts';
import type { RequestOrder } from '../../../shared/generic/device-enrolment-request.ts';
import type { KeyRing } from '../../../shared/pgp/key-ring.ts';
import { openStore } from '../../../shared/store/open-store.ts';
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
  responses,
  standing,
  transform,
} from './scenes.ts';

let ring: KeyRing;
let rt: TestRuntime;
let batch: number;
beforeAll(async () => {
  ring = await keyRing();
});
beforeEach(async () => {
  rt = await adaptorRuntime();
});
afterEach(() => rt.close());

/** A file with these orders goes to the provider. @returns the names of what was sent */
async function sent(...orders: RequestOrder[]): Promise<string[]> {
  const document = await extracted(rt, orders);
  batch = document.identifier;
  await transform(rt, ring, document);
  return names();
}

const names = async () =>
  (await publish(rt)).map(({ name }) => name.slice('provider/apple/outbound/'.length));
const released = async () => {
  await releaseRequests(rt);
  return names();
};
const states = async () => (await requestRows(rt)).map(({ state }) => state);

test('a round without work waits for no other process that writes', async () => {
  const other = await openStore({ file: join(rt.loaded.home, 'enrol.db'), busySeconds: 0 });
  try {
    await sql`begin immediate`.execute(other);
    const { rows } = await sql<{ timeout: number }>`pragma busy_timeout = 0`.execute(rt.db);
    expect(rows).toEqual([{ timeout: 0 }]);
    expect(await releaseRequests(rt)).toEqual({ worked: 0, refused: 0, waiting: 0 });
  } finally {
    await other.destroy();
  }
});

describe('an error that passes by itself', () => {
  test('the request waits and goes again, under a name of its own, and nothing fails', async () => {
    const [name = ''] = await sent(order(12, 1));
    await answer(rt, name, apple.busy);
    expect(await requestRows(rt)).toMatchObject([
      { state: 'queued', attempts: 1, last_error: 'GRX-50072 System error', next_query_at: null },
    ]);
    expect(await responses(rt)).toEqual([]);
    rt.pass(30);
    expect(await released()).toEqual([name.replace('.json', '.2.json')]);
    expect(await states()).toEqual(['sent']);
    expect(await standing(rt, batch)).toBe('Transmission · Complete');
    await answer(rt, name.replace('.json', '.2.json'), apple.accepted());
    expect(await states()).toEqual(['accepted']);
  });

  test('after ten times the devices fail, with the last error', async () => {
    let [name = ''] = await sent(order(12, 1));
    for (let attempt = 1; attempt < 10; attempt++) {
      await answer(rt, name, apple.busy);
      rt.pass(3600);
      [name = ''] = await released();
    }
    expect(await states()).toEqual(['sent']);
    await answer(rt, name, apple.busy);
    expect(await states()).toEqual(['refused']);
    expect(await responses(rt)).toMatchObject([{ order: { errors: [{ id: 'GRX-50072' }] } }]);
  });
});

test('an error of our account never fails a device: the request goes again until the account is mended', async () => {
  let [name = ''] = await sent(order(12, 1));
  for (let attempt = 1; attempt < 15; attempt++) {
    await answer(rt, name, apple.denied);
    expect(await states()).toEqual(['queued']);
    rt.pass(3600);
    [name = ''] = await released();
  }
  expect(await responses(rt)).toEqual([]);
  expect(rt.events.filter((event) => event.name === 'provider.denied')).toHaveLength(14);
});

test('errors of several classes together are a refusal', async () => {
  const [name = ''] = await sent(order(12, 1));
  const both = [apple.denied, apple.refused].map(({ errorCode, errorMessage }) => ({
    errorCode,
    errorMessage,
  }));
  await answer(rt, name, { enrollDeviceErrorResponse: both });
  expect(await states()).toEqual(['refused']);
});

describe('a request that is too large for the provider', () => {
  test('goes in two halves, and they in halves, down to one device', async () => {
    const [whole = ''] = await sent(order(12, 1), order(13, 2));
    await answer(rt, whole, apple.tooLarge);
    expect(await states()).toEqual(['refused', 'queued', 'queued']);
    expect((await requestRows(rt))[0]?.last_error).toMatch(
      /^too large for the provider: sent in halves, \S+-2 and \S+-3$/,
    );
    const [first = '', second = ''] = await released();
    expect([first, second]).toEqual([whole.replace('-1.', '-2.'), whole.replace('-1.', '-3.')]);
    await answer(rt, second, apple.tooLarge);
    expect(await responses(rt)).toEqual([]);
    // Both are about one order now: one after the other.
    const [third = '', ...more] = await released();
    expect([third, more]).toEqual([whole.replace('-1.', '-4.'), []]);
    await answer(rt, third, apple.tooLarge);
    expect(await states()).toEqual(['refused', 'sent', 'refused', 'refused', 'queued']);
    expect(await responses(rt)).toMatchObject([
      { order: { id: 13, devices: [{ errors: [{ id: 'DEP-ERR-3007' }] }] } },
    ]);
    expect(await released()).toEqual([whole.replace('-1.', '-5.')]);
    // However often it was parted, each part knows of which request it is.
    const [parent, ...parts] = await requestRows(rt);
    expect(parts.map((part) => part.replaces_id)).toEqual(parts.map(() => parent?.id));
  });

  test('the halves know of which request they are', async () => {
    const [whole = ''] = await sent(order(12, 2));
    await answer(rt, whole, apple.tooLarge);
    const [parent, ...halves] = await requestRows(rt);
    expect(halves.map((half) => half.replaces_id)).toEqual([parent?.id, parent?.id]);
    const asked = await rt.db
      .selectFrom('provider_request_device')
      .select(['request_id', 'device_id'])
      .execute();
    expect(asked.filter((row) => row.request_id !== parent?.id).map((row) => row.device_id)).toEqual([
      'D1',
      'D2',
    ]);
  });
});
