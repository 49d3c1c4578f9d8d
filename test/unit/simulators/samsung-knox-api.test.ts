import { readFile } from 'node:fs/promises';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { samsungKnoxApi } from '../../../demo/samsung-knox-api.ts';
import { Simulated } from './simulated.ts';

const [first, second] = ['359999001234509', '359999001234517'];
const paths = {
  1: '/bulkenroll/v1/reseller/devices',
  2: '/kcs/v1/rp/devices',
};

let simulated: Simulated;
let headers: Record<1 | 2, Record<string, string>>;
beforeAll(async () => {
  simulated = await Simulated.make();
});
afterAll(() => simulated.remove());
beforeEach(async () => {
  await simulated.start(samsungKnoxApi);
  const token = await readFile(simulated.files.caller.tokenFile, 'utf8');
  headers = { 1: { 'x-wsm-api-token': token }, 2: { authorization: `Bearer ${await simulated.token()}` } };
});
afterEach(() => simulated.stop());

const sender = { resellerId: '1000000001', customerId: '2000000002' };
type Generation = 1 | 2;

function body(
  generation: Generation,
  operation: 'upload' | 'delete',
  transactionId: string,
  devices: string[],
) {
  return generation === 2
    ? { ...sender, transactionId, type: 'IMEI', devices, orderNo: 'SO-1' }
    : {
        ...sender,
        transactionId,
        transactionType: operation === 'upload' ? 'New' : 'Delete',
        devices: { type: 'IMEI', list: devices },
      };
}
const put = (generation: Generation, operation: 'upload' | 'delete', json: unknown) => {
  const end = generation === 1 && operation === 'upload' ? '' : `/${operation}`;
  return simulated.call('PUT', `${paths[generation]}${end}`, { json, headers: headers[generation] });
};
const status = (generation: Generation, transactionId: string, resellerId = sender.resellerId) =>
  simulated.call(
    'GET',
    `${paths[generation]}/status?resellerId=${resellerId}&transactionId=${transactionId}`,
    {
      headers: headers[generation],
    },
  );

/** The transaction itself, however it is wrapped. */
async function result(generation: Generation, transactionId: string): Promise<unknown> {
  const { json } = await status(generation, transactionId);
  return generation === 2 ? json : (json as { transactions: unknown[] }).transactions[0];
}

describe.each([1, 2] as const)('Knox, generation %i', (generation) => {
  const run = async (operation: 'upload' | 'delete', id: string, devices: string[], rules: object = {}) => {
    await simulated.rules({ pendingPolls: 0, ...rules });
    await put(generation, operation, body(generation, operation, id, devices));
    return result(generation, id);
  };

  test('takes an upload, is at work, and completes with a failed device', async () => {
    const accepted = await put(
      generation,
      'upload',
      body(generation, 'upload', 'A1', [first, '123456789012345']),
    );
    const code = generation === 1 ? 2000000 : '2000000';
    expect(accepted).toMatchObject({
      status: 200,
      json: { transactionId: 'A1', state: 'Progress', code, message: 'SUCCESS' },
    });
    expect(await result(generation, 'A1')).toMatchObject({ state: 'Progress', type: 'Put' });
    expect(await result(generation, 'A1')).toMatchObject({
      transactionId: 'A1',
      state: 'Complete',
      type: 'Put',
      devices: [
        { imei: first },
        { imei: '123456789012345', code: expect.any(Number), message: 'DEVICE_INVALID' },
      ],
    });
  });

  test('a device succeeds by having no code', async () => {
    expect(await run('upload', 'A1', [first])).toMatchObject({ devices: [{ imei: first }] });
    expect(Object.keys(((await result(generation, 'A1')) as { devices: object[] }).devices[0] ?? {})).toEqual(
      ['imei'],
    );
  });

  test('cannot be uploaded twice, for whomever', async () => {
    await run('upload', 'A1', [first]);
    const exists = { imei: first, message: 'RESELLER_DEVICE_ALREADY_EXISTS' };
    expect(await run('upload', 'A2', [first])).toMatchObject({ state: 'Complete', devices: [exists] });
    const others = { othersDevices: [second] };
    expect(await run('upload', 'A3', [second], others)).toMatchObject({
      devices: [{ ...exists, imei: second }],
    });
  });

  test('deletes; a device that is not there, or of another customer, is not found', async () => {
    await run('upload', 'A1', [first]);
    const json = { ...body(generation, 'delete', 'R0', [first]), customerId: '9' };
    await put(generation, 'delete', json);
    const notFound = { devices: [{ message: 'RESELLER_CUSTOMER_DEVICE_NOT_FOUND' }] };
    expect(await result(generation, 'R0')).toMatchObject(notFound);
    expect(await run('delete', 'R1', [first])).toMatchObject({ type: 'Delete', devices: [{ imei: first }] });
    expect(await run('delete', 'R2', [first])).toMatchObject(notFound);
    expect(await run('upload', 'A2', [first])).toMatchObject({ devices: [{ imei: first }] });
  });

  test('codes of devices as the rules say; devices left out', async () => {
    const rules = {
      codes: 'text',
      omitDevices: [first],
      refuseDevices: { [second]: { code: 40000099, message: 'NEW' } },
    };
    expect(await run('upload', 'A1', [first, second], rules)).toMatchObject({
      devices: [{ imei: second, code: '40000099', message: 'NEW' }],
    });
  });

  test.each([
    ['a missing reseller', { resellerId: undefined }, {}, 400, generation === 1 ? 4002101 : 40000001],
    ['an unknown reseller', {}, { resellers: ['7'] }, 404, generation === 1 ? 4042100 : 40400001],
    [
      'an unknown customer',
      {},
      { customers: ['7'] },
      generation === 1 ? 404 : 400,
      generation === 1 ? 4042104 : 40000011,
    ],
    ['an unknown key', { resellerID: '1' }, {}, 400, generation === 1 ? 4002100 : 40000000],
    ['no devices', { devices: [] }, {}, 400, generation === 1 ? 4002100 : 40000000],
  ])('refuses %s, with a status or with 200', async (_what, changes, rules, httpStatus, code) => {
    const json = { ...body(generation, 'upload', 'A1', [first]), ...changes };
    await simulated.rules(rules);
    const shape = generation === 1 ? { state: 'Rejected', code } : { errorId: expect.any(String), code };
    expect(await put(generation, 'upload', json)).toMatchObject({ status: httpStatus, json: shape });
    await simulated.rules({ ...rules, rejectedWith200: true });
    expect(await put(generation, 'upload', json)).toMatchObject({ status: 200, json: shape });
  });

  test('refuses a transaction id that was used', async () => {
    await run('upload', 'A1', [first]);
    const again = await put(generation, 'upload', body(generation, 'upload', 'A1', [second]));
    expect(again).toMatchObject({ status: 409, json: { message: 'TRANSACTION_ALREADY_EXISTS' } });
  });

  test('an unknown transaction: an error, or an empty list; other resellers’ are unknown', async () => {
    await run('upload', 'A1', [first]);
    const unknown = { status: 404, json: { message: 'TRANSACTION_NOT_FOUND' } };
    expect(await status(generation, 'A9')).toMatchObject(unknown);
    expect(await status(generation, 'A1', '77')).toMatchObject(unknown);
    await simulated.rules({ unknownTransaction: 'empty' });
    expect(await status(generation, 'A9')).toMatchObject({ status: 200, json: { transactions: [] } });
  });

  test('a transaction that was taken, and is rejected later', async () => {
    expect(await run('upload', 'A1', [first], { rejectLater: 1 })).toMatchObject({
      state: 'Rejected',
      devices: [],
    });
    expect(await run('upload', 'A2', [first], { rejectLater: 1 })).toMatchObject({ state: 'Complete' });
  });

  test('nobody without a token', async () => {
    headers[generation] = { 'x-wsm-api-token': 'x', authorization: 'Bearer x' };
    const answer = await status(generation, 'A1');
    expect(answer).toMatchObject({ status: 401, json: { code: generation === 1 ? 4012100 : 4012250 } });
    expect(answer.json).not.toHaveProperty('errorId');
  });
});

describe('Knox', () => {
  test('the token of one generation does not open the other', async () => {
    headers = { 1: headers[2], 2: headers[1] };
    expect([(await status(1, 'A1')).status, (await status(2, 'A1')).status]).toEqual([401, 401]);
  });

  test('generation 1 deletes what an earlier upload brought in', async () => {
    await simulated.rules({ pendingPolls: 0 });
    await put(1, 'upload', body(1, 'upload', 'A1', [first, second]));
    await put(1, 'delete', body(1, 'delete', 'R1', [first]));
    const remove = { ...sender, transactionId: 'R2', transactionType: 'Delete', removeTransactionId: 'A1' };
    await put(1, 'delete', remove);
    expect(await result(1, 'R2')).toMatchObject({ type: 'Delete', devices: [{ imei: second }] });
    const unknown = { ...remove, transactionId: 'R3', removeTransactionId: 'A9' };
    expect((await put(1, 'delete', unknown)).json).toMatchObject({ state: 'Rejected' });
  });

  test('the operation must fit the path, and serial numbers have their own name', async () => {
    await simulated.rules({ pendingPolls: 0 });
    expect((await put(1, 'upload', body(1, 'delete', 'A1', [first]))).status).toBe(400);
    expect(
      (await put(2, 'upload', { ...body(2, 'upload', 'A1', []), devices: ['R5X'], type: 'SN' })).status,
    ).toBe(200);
    expect(await result(2, 'A1')).toMatchObject({ orderNo: 'SO-1', devices: [{ serialNumber: 'R5X' }] });
    expect(
      (await simulated.call('POST', `${paths[2]}/upload`, { json: {}, headers: headers[2] })).status,
    ).toBe(405);
  });
});
