import { readFile } from 'node:fs/promises';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import type { RequestOrder } from '../../../shared/generic/device-enrolment-request.ts';
import { Desk } from './desk.ts';
import { responses } from './scenes.ts';

/** One table of a partner about more orders than are taken from the store at once. */

const orders = Array.from({ length: 251 }, (_, n): RequestOrder => ({
  id: n + 1,
  requestType: 'ORDER',
  organisationId: '7100456',
  orderDate: '2026-05-04T10:00:00Z',
  deliveries: [
    {
      deliveryNumber: `DN-${n + 1}`,
      shipDate: '2026-05-05T07:30:15Z',
      devices: ['A', 'B'].map((each) => ({ deviceId: `D${n + 1}${each}`, serialNumber: `S${n + 1}${each}` })),
    },
  ],
}));
const serials = orders.flatMap(({ id }) => [`S${id}A`, `S${id}B`]);

let desk: Desk;
let transaction: string;
beforeEach(async () => {
  const sample = new URL('../../../config/samples/providers/distributor-csv.yaml', import.meta.url);
  const limits = 'devicesPerRequest: 1000\n      ordersPerRequest: 1000';
  desk = await Desk.open((await readFile(sample, 'utf8')).replace(/devicesPerRequest: \d+/, limits));
  const files = await desk.request(...orders);
  expect(files).toHaveLength(1);
  ({ transaction_id: transaction } = await desk.firstRequest());
});
afterEach(() => desk.close());

/** Rows of these devices; OK, unless something else is said. */
const table = (names: readonly string[], said: Readonly<Record<string, string>> = {}): string =>
  ['Batch;Identifier;Status;Reason;Reason text', ...names.map((name) => row(name, said[name] ?? 'OK;;'))]
    .map((line) => `${line}\r\n`)
    .join('');
const row = (name: string, said: string) => `${transaction};${name};${said}`;

test('every order has its outcome and a response of its own, numbered through', async () => {
  const said = { S1A: 'ERROR;E100;No such device', S251B: 'ERROR;E200;Of another customer' };
  expect(await desk.drop('results.csv', table(serials, said))).toEqual({ state: 'done' });
  expect(await desk.firstRequest()).toMatchObject({ state: 'finished', last_error: null });
  const told = await responses(desk.rt);
  expect(told.map(({ order }) => order.id)).toEqual(orders.map(({ id }) => id));
  const names = new Set(told.map(({ externalFileName }) => externalFileName));
  expect(names.size).toBe(251);
  expect([...names].map((name) => /-(\d+)\.json$/.exec(name)?.[1])).toEqual(orders.map(({ id }) => `${id}`));
  expect(await desk.told(1, ['D1A', 'D1B'])).toEqual([{ D1A: 'E100', D1B: 'succeeded' }]);
  expect(await desk.told(251, ['D251A', 'D251B'])).toEqual([{ D251A: 'succeeded', D251B: 'E200' }]);
});

test('devices of any portion may be missing, and come later; strangers are told once', async () => {
  const silent = ['S120A', 'S251A', 'S251B'];
  const rest = serials.filter((name) => !silent.includes(name));
  const first = table(['X1', ...rest, 'X2', 'X1']);
  expect(await desk.drop('results.csv', first)).toEqual({ state: 'done' });
  expect(await desk.firstRequest()).toMatchObject({
    state: 'unknown',
    last_error: 'not asked for: device X1, device X2',
  });
  expect(await desk.told(120, ['D120A', 'D120B'])).toEqual([{ D120B: 'succeeded' }]);
  expect(await desk.told(251, ['D251A', 'D251B'])).toEqual([]);
  // What it says of devices that are settled changes nothing any more.
  const late = table([...silent, 'S5A'], { S5A: 'ERROR;E100;No', S251A: 'ERROR;E100;No' });
  expect(await desk.drop('later.csv', late)).toEqual({ state: 'done' });
  expect(await desk.firstRequest()).toMatchObject({ state: 'finished', last_error: null });
  expect(await desk.told(5, ['D5A', 'D5B'])).toEqual([{ D5A: 'succeeded', D5B: 'succeeded' }]);
  expect(await desk.told(251, ['D251A', 'D251B'])).toEqual([{ D251A: 'E100', D251B: 'succeeded' }]);
});

test('a second table for a request that is finished is refused, or quietly nothing, and changes nothing', async () => {
  expect(await desk.drop('results.csv', table(serials))).toEqual({ state: 'done' });
  const before = await responses(desk.rt);
  const failed = Object.fromEntries(serials.map((name) => [name, 'ERROR;E100;No']));
  expect(await desk.drop(`request.${transaction}.csv`, table(serials, failed))).toMatchObject({
    state: 'rejected',
    code: 'UNEXPECTED_ANSWER',
  });
  expect(await desk.drop('again.csv', table(serials, failed))).toEqual({ state: 'done' });
  expect(await responses(desk.rt)).toEqual(before);
});

test('a table that refuses the request as a whole fails every order of it', async () => {
  const refusal = 'File status;Reason;Reason text;Ticket\r\nREJECTED;E100;Nothing is known;\r\n';
  expect(await desk.drop(`request.${transaction}.csv`, refusal)).toEqual({ state: 'done' });
  expect((await desk.firstRequest()).state).toBe('refused');
  expect(await responses(desk.rt)).toHaveLength(251);
});
