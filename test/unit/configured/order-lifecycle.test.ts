import { readFileSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { distributorApi } from '../../../demo/distributor-api.ts';
import { readYaml } from '../../../shared/runtime/config-document.ts';
import {
  lostOnce,
  memberOf,
  once,
  orderOf,
  returnOf,
  spoiled,
  startPlay,
  voidOf,
  type Play,
} from '../../support/lifecycle.ts';
import { requestRows } from '../adaptor/scenes.ts';

/** A carrier that enrols by order, as in config/samples/providers/carrier-orders-json.yaml: it knows the devices itself. */

const member = memberOf('distributor');
const base = '/mobile/kpn/mobileservices/order';

/** The sample, with the addresses and error names of the simulator. */
function mapping(): object {
  const file = new URL('../../../config/samples/providers/carrier-orders-json.yaml', import.meta.url);
  const text = readFileSync(file, 'utf8')
    .replace('path: /order/apple-dep', `path: ${base}/apple-dep`)
    .replace('path: /order/{', `path: ${base}/{`)
    .replace('[ORDER_NOT_FOUND]', '[Not Found]')
    .replace('code: UNAUTHORIZED', 'code: Unauthorized');
  const { providers } = readYaml(text).value as { providers: Record<string, { mapping: object }> };
  return providers['carrier-orders']?.mapping ?? {};
}

let play: Play;
const open = async (https: object = {}) => {
  play = await startPlay({
    member,
    settings: { mapping: mapping() },
    https,
    service: (secrets, now) => distributorApi(secrets, undefined, now),
    authentication: ({ caller: { clientId, clientSecretFile } }, url) => ({
      authentication: 'oauth2',
      tokenUrl: `${url}/oauth2/token`,
      clientId,
      clientSecretFile,
    }),
  });
};
beforeEach(() => open());
afterEach(() => play.caller.close());

const placed = () =>
  play.caller.calls.filter((call) => call.startsWith('POST /mobile') && !call.endsWith('before'));
const states = async () => (await requestRows(play.caller.rt)).map(({ state }) => state);

describe('orders', () => {
  test('each is a request of its own, and its outcome that of its devices', async () => {
    await play.rules({ orderEnds: { 12: 'Failed', 13: 'Rejected' } });
    const orders = [11, 12, 13].map((id) => orderOf(member, id, [id * 10, id * 10 + 1]));
    expect(await play.act(...orders)).toEqual({
      '11 D110': 'ok',
      '11 D111': 'ok',
      12: 'Failed',
      13: 'Rejected',
    });
    expect(placed()).toHaveLength(3);
  });

  test('a word that nobody explains settles nothing', async () => {
    await play.rules({ orderEnds: { 11: 'Restored' } });
    await play.send(orderOf(member, 11, [1]));
    await play.untilSettled(12);
    expect(await play.said()).toEqual({});
    await play.rules({});
    await play.untilSettled();
    expect(await play.said()).toEqual({ '11 D1': 'ok' });
  });

  test('an order that the carrier does not know fails', async () => {
    await play.rules({ orders: [12] });
    expect(await play.act(orderOf(member, 11, [1]), orderOf(member, 12, [2]))).toEqual({
      11: 'Not Found',
      '12 D2': 'ok',
    });
  });

  test('it can only enrol: all else is refused before it is sent', async () => {
    const override = orderOf(member, 13, [3], { requestType: 'OVERRIDE', originalRequestId: 'R1' });
    expect(await play.act(returnOf(member, 11, [1]), voidOf(member, 12), override)).toEqual({
      11: 'UNMAPPABLE',
      12: 'UNMAPPABLE',
      13: 'UNMAPPABLE',
    });
    expect(play.caller.calls).toEqual([]);
  });

  test('250 devices in 25 orders', async () => {
    const ids = Array.from({ length: 25 }, (_, index) => 100 + index);
    const devices = (id: number) => Array.from({ length: 10 }, (_, index) => id * 10 + index);
    const said = await play.act(...ids.map((id) => orderOf(member, id, devices(id))));
    expect(said).toEqual(
      Object.fromEntries(ids.flatMap((id) => devices(id).map((n) => [`${id} D${n}`, 'ok']))),
    );
    expect(placed()).toHaveLength(25);
  });
});

describe('answers that are lost', () => {
  test.each(['hangUpAfter', 'hangUpBefore'] as const)(
    'to the order (%s): it is not sent again, and left to people, since the carrier cannot be asked',
    async (how) => {
      await play.rules(lostOnce(how, 'POST /mobile'));
      await play.send(orderOf(member, 11, [1]));
      await play.untilSettled();
      expect(await play.said()).toEqual({});
      expect(await states()).toEqual(['sent']);
      expect(placed()).toHaveLength(how === 'hangUpAfter' ? 1 : 0);
    },
  );

  test('to a question, and to the request for a token: asked again', async () => {
    await play.rules(lostOnce('hangUpBefore', 'GET /mobile', '/oauth2/token'));
    expect(await play.act(orderOf(member, 11, [1]))).toEqual({ '11 D1': 'ok' });
    expect(placed()).toHaveLength(1);
  });
});

describe('not now', () => {
  test('the client secret is wrong: it rests, nothing fails, and goes on when that is mended', async () => {
    const { spoil, mend } = spoiled(play.caller.files.caller.clientSecretFile);
    await spoil();
    await play.send(orderOf(member, 11, [1]));
    await play.untilSettled(3);
    expect(await play.said()).toEqual({});
    expect(await states()).toEqual(['queued']);
    await mend();
    await play.untilSettled();
    expect(await play.said()).toEqual({ '11 D1': 'ok' });
  });

  test.each([
    ['an error of our access', { status: 401, body: { status: 401, name: 'Unauthorized', message: 'no' } }],
    ['too many', { status: 429, body: { status: 429, name: 'TOO_MANY_REQUESTS', message: 'no' } }],
    ['maintenance', { status: 503, body: { status: 503, name: 'MAINTENANCE', message: 'no' } }],
  ])('%s: sent again', async (_what, rule) => {
    await play.rules(once('POST /mobile', rule));
    expect(await play.act(orderOf(member, 11, [1]))).toEqual({ '11 D1': 'ok' });
    expect(placed()).toHaveLength(2);
  });
});
