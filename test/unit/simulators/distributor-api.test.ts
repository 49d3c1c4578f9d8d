import { readFile } from 'node:fs/promises';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { distributorApi } from '../../../demo/distributor-api.ts';
import { Simulated } from './simulated.ts';

let simulated: Simulated;
let key: string;
beforeAll(async () => {
  simulated = await Simulated.make();
  key = await readFile(simulated.files.caller.tokenFile, 'utf8');
});
afterAll(() => simulated.remove());
beforeEach(() => simulated.start(distributorApi));
afterEach(() => simulated.stop());

const header = 'Transaction,Action,Order,Customer,Delivery,Shipped,Device,AssetTag';
const row = (transaction: string, action: string, device: string, customer = 'C1') =>
  `${transaction},${action},SO-1,${customer},DN-1,2026-01-13T16:00:00Z,${device},`;
const send = (...lines: string[]) =>
  simulated.call('POST', '/v1/enrolments', {
    body: [...lines, ''].join('\r\n'),
    type: 'text/csv',
    headers: { 'x-api-key': key },
  });
const ask = async (transaction: string) =>
  (await simulated.call('GET', `/v1/enrolments/${transaction}`, { headers: { 'x-api-key': key } })).text;
const results = 'Transaction,Reference,Order,Device,Result,Code,Text\r\n';
const acknowledgement = 'Transaction,Reference,Status,Code,Text\r\n';

/** Result lines of a sheet, without what they have in common. */
async function outcome(...lines: string[]): Promise<string[]> {
  await simulated.rules({ answer: 'at once' });
  const { text } = await send(header, ...lines);
  return text
    .trim()
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(',').slice(3, 6).join());
}

describe('the distributor: sheets', () => {
  test('acknowledges, is at work, then tells each device', async () => {
    const reply = await send(header, row('t1', 'ENROL', 'AA1'), row('t1', 'RETURN', 'AA2'));
    expect(reply.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(reply.text).toBe(`${acknowledgement}t1,DIST-000001,RECEIVED,,\r\n`);
    expect(await ask('t1')).toBe(
      `${results}t1,DIST-000001,SO-1,AA1,OPEN,,\r\nt1,DIST-000001,SO-1,AA2,OPEN,,\r\n`,
    );
    expect(await ask('t1')).toBe(
      `${results}t1,DIST-000001,SO-1,AA1,DONE,,\r\n` +
        't1,DIST-000001,SO-1,AA2,FAILED,NOT-HELD,The device is not enrolled for this customer\r\n',
    );
  });

  test('keeps who has what', async () => {
    expect(await outcome(row('t1', 'ENROL', 'AA1'))).toEqual(['AA1,DONE,']);
    expect(await outcome(row('t2', 'ENROL', 'AA1'))).toEqual(['AA1,DONE,']);
    expect(await outcome(row('t3', 'ENROL', 'AA1', 'C2'))).toEqual(['AA1,FAILED,TAKEN']);
    expect(await outcome(row('t4', 'RETURN', 'AA1', 'C2'))).toEqual(['AA1,FAILED,NOT-HELD']);
    expect(await outcome(row('t5', 'RETURN', 'AA1'))).toEqual(['AA1,DONE,']);
    expect(await outcome(row('t6', 'ENROL', 'AA1', 'C2'))).toEqual(['AA1,DONE,']);
  });

  test('refuses and leaves out devices as the rules say; texts with commas are quoted', async () => {
    const refuseDevices = { AA1: { code: 'X-1', text: 'no, "never"' } };
    await simulated.rules({ answer: 'at once', refuseDevices, omitDevices: ['AA2'] });
    const { text } = await send(header, row('t1', 'ENROL', 'AA1'), row('t1', 'ENROL', 'AA2'));
    expect(text).toBe(`${results}t1,DIST-000001,SO-1,AA1,FAILED,X-1,"no, ""never"""\r\n`);
  });

  test.each([
    ['other columns', 'UNREADABLE', [header.replace('Device', 'IMEI'), row('t1', 'ENROL', 'AA1')]],
    ['a short row', 'UNREADABLE', [header, 't1,ENROL']],
    ['another word', 'UNREADABLE', [header, row('t1', 'VOID', 'AA1')]],
    ['no rows', 'UNREADABLE', [header]],
    ['two transactions', 'UNREADABLE', [header, row('t1', 'ENROL', 'AA1'), row('t2', 'ENROL', 'AA2')]],
    ['a spreadsheet’s number', 'UNREADABLE', [header, row('t1', 'ENROL', '3.56E+14')]],
    ['a full sheet', 'TOO-MANY', [header, row('t1', 'ENROL', 'AA1'), row('t1', 'ENROL', 'AA2')]],
  ])('refuses %s', async (_what, code, lines) => {
    await simulated.rules({ devicesPerSheet: code === 'TOO-MANY' ? 1 : 1000 });
    expect((await send(...lines)).text).toContain(`,REFUSED,${code},`);
  });

  test('a transaction counts once; one that never came is unknown', async () => {
    await send(header, row('t1', 'ENROL', 'AA1'));
    expect((await send(header, row('t1', 'ENROL', 'AA1'))).text).toContain('t1,,REFUSED,DUPLICATE,');
    expect(await ask('t9')).toContain('t9,,REFUSED,NO-SUCH-TRANSACTION,');
  });

  test('nobody without the key, and nothing but CSV', async () => {
    expect((await simulated.call('GET', '/v1/enrolments/t1')).status).toBe(401);
    const headers = { 'x-api-key': key };
    expect((await simulated.call('POST', '/v1/enrolments', { json: {}, headers })).status).toBe(415);
  });
});

describe('the distributor: orders', () => {
  const base = '/mobile/kpn/mobileservices/order';
  const place = async (json: unknown, program = 'apple-dep') =>
    simulated.call('POST', `${base}/${program}`, {
      json,
      headers: { authorization: `Bearer ${await simulated.token()}` },
    });
  const state = async (id: number) =>
    simulated.call('GET', `${base}/${id}`, {
      headers: { authorization: `Bearer ${await simulated.token()}` },
    });

  test('takes an order by its number, and tells how it ends', async () => {
    await simulated.rules({ orderEnds: { 8: 'Rejected' } });
    expect((await place({ orderId: 7, referenceNumber: 'R-7' })).json).toEqual({
      contextName: 'apple-dep',
      creationDate: expect.any(String),
      id: 7,
      operation: 'ENROLL',
      referenceNumber: 'R-7',
      status: 'InProgress',
    });
    expect((await place({ orderId: 8, referenceNumber: 'R-8' }, 'samsung-knox')).status).toBe(200);
    expect([(await state(7)).json, (await state(8)).json]).toMatchObject([
      { status: 'Finished' },
      { status: 'Rejected' },
    ]);
  });

  test.each([
    ['a text for a number', { orderId: '7', referenceNumber: 'R' }, 400],
    ['an unknown order', { orderId: 9, referenceNumber: 'R' }, 404],
  ])('refuses %s in the shape of the API', async (_what, json, status) => {
    await simulated.rules({ orders: [7] });
    expect(await place(json)).toMatchObject({
      status,
      json: {
        transactionId: expect.any(String),
        status,
        name: expect.any(String),
        message: expect.any(String),
        info: '',
      },
    });
  });

  test('an order that was never placed, and a caller without a token', async () => {
    expect((await state(7)).status).toBe(404);
    const json = { orderId: 7, referenceNumber: 'R' };
    expect((await simulated.call('POST', `${base}/apple-dep`, { json })).json).toMatchObject({ status: 401 });
  });
});

test('the log has a line for each call, and no secrets', async () => {
  const token = await simulated.token();
  await send(header, row('t1', 'ENROL', 'AA1'));
  const log = simulated.log.join('\n');
  expect(log).toContain('POST /v1/enrolments 200');
  for (const secret of [key, token, await readFile(simulated.files.caller.clientSecretFile, 'utf8')])
    expect(log).not.toContain(secret);
});
