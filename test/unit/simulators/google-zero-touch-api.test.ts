import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createSign } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { googleZeroTouchApi } from '../../../demo/google-zero-touch-api.ts';
import { Simulated } from './simulated.ts';

const [imei, imei2] = ['359999001234509', '359999001234517'];
const section = 'SECTION_TYPE_ZERO_TOUCH';

let simulated: Simulated;
let token: string;
beforeAll(async () => {
  simulated = await Simulated.make();
});
afterAll(() => simulated.remove());
beforeEach(async () => {
  await simulated.start(googleZeroTouchApi);
  token = await tokenOfServiceAccount();
});
afterEach(() => simulated.stop());

async function tokenOfServiceAccount(): Promise<string> {
  await simulated.files.serviceAccountFor(simulated.url);
  const file = await readFile(simulated.files.caller.serviceAccountFile, 'utf8');
  const account = JSON.parse(file) as { client_email: string; private_key: string; token_uri: string };
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const iat = Math.floor(Date.now() / 1000);
  const scope = 'https://www.googleapis.com/auth/androidworkprovisioning';
  const claims = { iss: account.client_email, scope, aud: account.token_uri, iat, exp: iat + 3600 };
  const signed = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
  const assertion = `${signed}.${createSign('RSA-SHA256').update(signed).sign(account.private_key, 'base64url')}`;
  const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  const reply = await simulated.call('POST', '/token', {
    body: new URLSearchParams({ grant_type, assertion }).toString(),
    type: 'application/x-www-form-urlencoded',
  });
  return (reply.json as { access_token: string }).access_token;
}

const headers = () => ({ authorization: `Bearer ${token}` });
const post = (method: string, json: unknown, partner = '555') =>
  simulated.call('POST', `/v1/partners/${partner}/devices:${method}`, { json, headers: headers() });
const get = async (path: string) => simulated.call('GET', path, { headers: headers() });
const claim = (deviceIdentifier: object, changes: object = {}) => ({
  customerId: '1234567890',
  sectionType: section,
  deviceIdentifier,
  ...changes,
});

interface Operation {
  name: string;
  done?: true;
  metadata: { devicesCount: number; progress: number };
  response?: { successCount?: number; perDeviceStatus: { result: Record<string, string> }[] };
}
async function finished(method: string, json: unknown, rules: object = {}): Promise<Operation> {
  await simulated.rules({ pendingPolls: 0, ...rules });
  const { name } = (await post(method, json)).json as Operation;
  return (await get(`/v1/${name}`)).json as Operation;
}
const results = (operation: Operation) => operation.response?.perDeviceStatus.map(({ result }) => result);

describe('zero-touch', () => {
  test('claims, runs with 100 percent and without a result, then tells each device, in order', async () => {
    await simulated.rules({ pendingPolls: 2 });
    const claims = [claim({ imei, manufacturer: 'Google' }), claim({ imei: '359999001234508' })];
    const accepted = await post('claimAsync', { claims });
    const { name } = accepted.json as Operation;
    expect(accepted.json).toMatchObject({
      name: expect.stringMatching(/^operations\/apibatchoperation\/\d+$/),
      metadata: { devicesCount: 2, processingStatus: 'BATCH_PROCESS_PENDING', progress: 0 },
    });
    const [first, second, third] = [
      await get(`/v1/${name}`),
      await get(`/v1/${name}`),
      await get(`/v1/${name}`),
    ];
    expect([first.json, second.json]).toMatchObject([
      { metadata: { progress: 50 } },
      { metadata: { progress: 100 } },
    ]);
    expect(second.json).not.toHaveProperty('done');
    expect(third.json).toMatchObject({
      done: true,
      metadata: { processingStatus: 'BATCH_PROCESS_PROCESSED' },
      response: {
        successCount: 1,
        perDeviceStatus: [
          {
            claim: claims[0],
            result: { status: 'SINGLE_DEVICE_STATUS_SUCCESS', deviceId: expect.any(String) },
          },
          {
            claim: claims[1],
            result: {
              status: 'SINGLE_DEVICE_STATUS_INVALID_DEVICE_IDENTIFIER',
              errorIdentifier: 'INVALID_IMEI',
              errorMessage: expect.any(String),
            },
          },
        ],
      },
    });
  });

  test('a total failure has no successCount', async () => {
    const operation = await finished('claimAsync', { claims: [claim({ imei: '1' })] });
    expect(operation.done).toBe(true);
    expect(operation.response).not.toHaveProperty('successCount');
  });

  test.each([
    ['OTHER_ERROR', 'INVALID_CUSTOMER_ID', claim({ imei }, { customerId: 'C1' }), {}],
    ['OTHER_ERROR', 'INVALID_CUSTOMER_ID', claim({ imei }), { customers: ['1'] }],
    ['OTHER_ERROR', 'INVALID_CUSTOMER_ID', claim({ imei }, { googleWorkspaceCustomerId: 'C1' }), {}],
    [
      'INVALID_SECTION_TYPE',
      'INVALID_SECTION_TYPE',
      claim({ imei }, { sectionType: 'SECTION_TYPE_UNSPECIFIED' }),
      {},
    ],
    [
      'PERMISSION_DENIED',
      'AUTHORIZATION_FAIL',
      claim({ imei }, { sectionType: 'SECTION_TYPE_SIM_LOCK' }),
      {},
    ],
    ['INVALID_DEVICE_IDENTIFIER', 'INVALID_IMEI', claim({ imei: imei.slice(0, 14) }), {}],
    ['INVALID_DEVICE_IDENTIFIER', 'INVALID_MEID', claim({ meid: 'a0000000000001' }), {}],
    [
      'INVALID_DEVICE_IDENTIFIER',
      'INVALID_SERIAL',
      claim({ serialNumber: '', manufacturer: 'G', model: 'P' }),
      {},
    ],
    [
      'INVALID_DEVICE_IDENTIFIER',
      'INVALID_IDENTIFIER_SET',
      claim({ serialNumber: 'S1', manufacturer: 'G' }),
      {},
    ],
    [
      'INVALID_DEVICE_IDENTIFIER',
      'INVALID_MANUFACTURER',
      claim({ imei, manufacturer: 'google' }),
      { manufacturers: ['Google'] },
    ],
    ['INVALID_DEVICE_IDENTIFIER', 'INVALID_MODEL', claim({ imei, model: 'X' }), { models: ['Pixel'] }],
    ['SECTION_NOT_YOURS', undefined, claim({ imei }), { othersDevices: [imei] }],
    [
      'DEVICE_LIMIT_EXCEEDED',
      undefined,
      claim({ imei }),
      { refuseDevices: { [imei]: { status: 'DEVICE_LIMIT_EXCEEDED' } } },
    ],
  ])('%s %s', async (status, errorIdentifier, wanted, rules) => {
    const operation = await finished('claimAsync', { claims: [wanted] }, rules);
    expect(results(operation)).toEqual([
      expect.objectContaining({
        status: `SINGLE_DEVICE_STATUS_${status}`,
        ...(errorIdentifier === undefined ? {} : { errorIdentifier }),
      }),
    ]);
  });

  test('the same customer again is a success with the same id; another customer is an error', async () => {
    const first = results(await finished('claimAsync', { claims: [claim({ imei })] }));
    expect(results(await finished('claimAsync', { claims: [claim({ imei, imei2 })] }))).toEqual(first);
    const other = { claims: [claim({ imei: imei2 }, { customerId: '99' })] };
    expect(results(await finished('claimAsync', other))).toMatchObject([
      { errorIdentifier: 'DEVICE_ALREADY_EXISTS' },
    ]);
  });

  test('a serial number tells devices apart with its model, and its case counts', async () => {
    const device = { serialNumber: 'Zx8', manufacturer: 'Google', model: 'Pixel Tablet' };
    await finished('claimAsync', { claims: [claim(device)] });
    const ids = results(
      await finished('claimAsync', {
        claims: [
          claim(device),
          claim({ ...device, model: 'Other' }),
          claim({ ...device, serialNumber: 'ZX8' }),
        ],
      }),
    );
    expect(new Set(ids?.map(({ deviceId }) => deviceId)).size).toBe(3);
  });

  test('unclaims by identifier and by device id; the record stays, the claim goes', async () => {
    const [first, second] = results(
      await finished('claimAsync', { claims: [claim({ imei }), claim({ imei: imei2 })] }),
    ) ?? [{}, {}];
    const unclaims = [
      { deviceIdentifier: { imei }, sectionType: section },
      { deviceId: second?.deviceId, sectionType: section },
      { deviceId: '1', sectionType: section },
    ];
    expect(results(await finished('unclaimAsync', { unclaims }))).toEqual([
      { status: 'SINGLE_DEVICE_STATUS_SUCCESS' },
      { status: 'SINGLE_DEVICE_STATUS_SUCCESS' },
      expect.objectContaining({ errorIdentifier: 'INVALID_DEVICE_ID' }),
    ]);
    expect((await get(`/v1/partners/555/devices/${first?.deviceId ?? ''}`)).json).toEqual({
      deviceId: first?.deviceId,
      name: `partners/555/devices/${first?.deviceId ?? ''}`,
      deviceIdentifier: { imei },
    });
    expect(results(await finished('unclaimAsync', { unclaims: unclaims.slice(0, 1) }))).toMatchObject([
      { status: 'SINGLE_DEVICE_STATUS_SECTION_NOT_YOURS' },
    ]);
  });

  test('a device of another partner is not ours', async () => {
    await post('claim', claim({ imei }), '777');
    expect(results(await finished('claimAsync', { claims: [claim({ imei })] }))).toMatchObject([
      { status: 'SINGLE_DEVICE_STATUS_SECTION_NOT_YOURS' },
    ]);
  });

  test('finds by identifier, page by page; nothing found is an empty object', async () => {
    await finished('claimAsync', { claims: [claim({ imei }), claim({ meid: 'A0000000000001' })] });
    const wanted = { deviceIdentifier: { imei, meid: 'A0000000000001' }, limit: '1' };
    const first = await post('findByIdentifier', wanted);
    expect(first.json).toMatchObject({
      totalSize: 2,
      nextPageToken: '1',
      devices: [{ claims: [{ ownerCompanyId: '1234567890', resellerId: '555', sectionType: section }] }],
    });
    const second = await post('findByIdentifier', { ...wanted, pageToken: '1' });
    expect(second.json).toMatchObject({ devices: [{ deviceIdentifier: { meid: 'A0000000000001' } }] });
    expect(second.json).not.toHaveProperty('nextPageToken');
    expect((await post('findByIdentifier', { deviceIdentifier: { imei: imei2 }, limit: '1' })).json).toEqual(
      {},
    );
    expect((await post('findByIdentifier', { ...wanted, limit: '101' })).status).toBe(400);
  });

  test('devices that the server cannot read are missing from count and result', async () => {
    const claims = [claim({ imei }), claim({ imei: imei2 })];
    const operation = await finished('claimAsync', { claims }, { unreadDevices: [imei] });
    expect(operation.metadata.devicesCount).toBe(1);
    expect(operation.response?.perDeviceStatus).toMatchObject([
      { claim: { deviceIdentifier: { imei: imei2 } } },
    ]);
  });

  test('one at a time: id and name, the empty object, and the error envelope', async () => {
    const claimed = (await post('claim', claim({ imei }))).json as { deviceId: string };
    expect(claimed).toEqual({
      deviceId: expect.any(String),
      deviceName: `partners/555/devices/${claimed.deviceId}`,
    });
    expect((await post('unclaim', { deviceId: claimed.deviceId, sectionType: section })).json).toEqual({});
    const refused = await post('claim', claim({ imei: '1' }));
    expect(refused).toMatchObject({
      status: 400,
      json: { error: { code: 400, status: 'INVALID_ARGUMENT', details: [{ code: 'INVALID_IMEI' }] } },
    });
  });

  test.each([
    ['a number for an int64', { claims: [claim({ imei }, { customerId: 1234567890 })] }],
    ['an unknown name', { claims: [claim({ IMEI: imei })] }],
    ['an unknown section', { claims: [claim({ imei }, { sectionType: 'ZERO_TOUCH' })] }],
    ['nothing', { claims: [] }],
    ['another list', { unclaims: [] }],
  ])('refuses as a whole: %s', async (_what, json) => {
    expect(await post('claimAsync', json)).toMatchObject({
      status: 400,
      json: { error: { status: 'INVALID_ARGUMENT' } },
    });
  });

  test('too many devices, new terms, another partner, an unknown operation', async () => {
    const claims = { claims: [claim({ imei }), claim({ imei: imei2 })] };
    await simulated.rules({ devicesPerRequest: 1 });
    expect((await post('claimAsync', claims)).json).toMatchObject({
      error: { details: [{ code: 'DEVICE_UPLOAD_COUNT_EXCEEDED' }] },
    });
    await simulated.rules({ termsAccepted: false });
    expect(await post('claimAsync', claims)).toMatchObject({
      status: 403,
      json: {
        error: { details: [{ '@type': expect.stringContaining('TosError'), latestTosAccepted: false }] },
      },
    });
    await simulated.rules({ partnerId: '7' });
    expect(await post('claimAsync', claims)).toMatchObject({ status: 403 });
    expect(await get('/v1/operations/apibatchoperation/9')).toMatchObject({
      status: 404,
      json: { error: { status: 'NOT_FOUND' } },
    });
  });
});
