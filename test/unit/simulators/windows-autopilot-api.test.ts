import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { windowsAutopilotApi } from '../../../demo/windows-autopilot-api.ts';
import { Simulated } from './simulated.ts';

const customer = '7c1d2b1e-9f5b-4b43-8a5e-1a2f3b4c5d6e';
const otherCustomer = '8d2e3c2f-0a6c-4c54-9b6f-2b3a4c5d6e7f';
const attributes = { ObjectType: 'Device' };
const tuple = (SerialNumber: string) => ({
  SerialNumber,
  OemManufacturerName: 'Contoso',
  ModelName: 'Laptop 13',
  Attributes: attributes,
});
const hash = Buffer.from('an example').toString('base64');

let simulated: Simulated;
let authorization: string;
beforeAll(async () => {
  simulated = await Simulated.make();
});
afterAll(() => simulated.remove());
beforeEach(async () => {
  await simulated.start(windowsAutopilotApi);
  authorization = `Bearer ${await simulated.token()}`;
});
afterEach(() => simulated.stop());

const call = (method: string, path: string, json?: unknown, more: Record<string, string> = {}) =>
  simulated.call(method, path, {
    headers: { authorization, ...more },
    ...(json === undefined ? {} : { json }),
  });
const batches = (of = customer) => `/v1/customers/${of}/deviceBatches`;
const batch = (BatchId: string, Devices: object[]) => ({
  BatchId,
  Devices,
  Attributes: { ObjectType: 'DeviceBatchCreationRequest' },
});

interface Status {
  status: string;
  devicesStatus?: { deviceId: string; serialNumber?: string; errorCode?: string }[];
}

/** Uploads a batch, and returns its status when it is finished. */
async function upload(id: string, devices: object[], rules: object = {}, of = customer): Promise<Status> {
  await simulated.rules({ queuedPolls: 0, processingPolls: 0, ...rules });
  const { headers } = await call('POST', batches(of), batch(id, devices));
  return (await call('GET', `/v1${String(headers.location)}`)).json as Status;
}

describe('Partner Center', () => {
  test('accepts with an address and without a body; queued, processing, finished', async () => {
    const accepted = await call('POST', batches(), batch('SO-1', [tuple('S1'), tuple('S2')]));
    expect(accepted).toMatchObject({ status: 202, text: '' });
    expect(accepted.headers.location).toMatch(
      new RegExp(`^/customers/${customer}/batchJobStatus/[0-9a-f-]{36}$`),
    );
    const ask = async () => (await call('GET', `/v1${String(accepted.headers.location)}`)).json as Status;
    const [queued, processing, finished] = [await ask(), await ask(), await ask()];
    expect(queued.status).toBe('queued');
    expect(queued).not.toHaveProperty('devicesStatus');
    expect([processing.status, processing.devicesStatus?.length]).toEqual(['processing', 1]);
    expect(finished).toMatchObject({
      status: 'finished',
      startedTime: expect.any(String),
      completedTime: expect.any(String),
      devicesStatus: [
        { deviceId: expect.any(String), serialNumber: 'S1', status: 'finished' },
        { deviceId: expect.any(String), serialNumber: 'S2', status: 'finished' },
      ],
      attributes: { objectType: 'BatchUploadDetails' },
    });
  });

  test('806 for a device that is here already, 808 for one of another tenant, 802 for a bad hash, and doubles', async () => {
    await upload('A', [tuple('S1')]);
    await upload('B', [tuple('S2')], {}, otherCustomer);
    const devices = [
      tuple('S1'),
      tuple('S2'),
      tuple('S3'),
      { HardwareHash: 'not base64', SerialNumber: 'S4' },
      { HardwareHash: hash, SerialNumber: 'S5' },
      { HardwareHash: hash, SerialNumber: 'S6' },
      tuple('S7'),
    ];
    const status = await upload('C', devices, { othersDevices: ['S3'] });
    expect(status.status).toBe('finished_with_errors');
    expect(status.devicesStatus).toMatchObject([
      { serialNumber: 'S1', errorCode: '806', errorDescription: 'ZtdDeviceAlreadyAssigned' },
      { serialNumber: 'S2', errorCode: '808', errorDescription: 'ZtdDeviceAssignedToOtherTenant' },
      { serialNumber: 'S3', errorCode: '808', status: 'finished_with_errors' },
      { serialNumber: 'S4', errorCode: '802', errorDescription: 'InvalidZtdHardwareHash' },
      { serialNumber: 'S5', status: 'finished' },
      { serialNumber: 'S6', status: 'finished_with_errors', errorDescription: 'ZtdDeviceDuplicated' },
      { serialNumber: 'S7', status: 'finished' },
    ]);
    expect(status.devicesStatus?.[5]).not.toHaveProperty('errorCode');
  });

  test('codes as numbers, a batch that is finished over a device that is not, devices left out', async () => {
    const rules = {
      codes: 'number',
      quirks: ['finished on top'],
      othersDevices: ['S1'],
      omitDevices: ['S2'],
    };
    expect(await upload('A', [tuple('S1'), tuple('S2')], rules)).toMatchObject({
      status: 'finished',
      devicesStatus: [{ serialNumber: 'S1', errorCode: 808 }],
    });
  });

  test('an error of a device as the rules say', async () => {
    const refuseDevices = { S1: { errorDescription: 'StorageError' } };
    expect(await upload('A', [tuple('S1')], { refuseDevices })).toMatchObject({
      devicesStatus: [{ errorDescription: 'StorageError', status: 'finished_with_errors' }],
    });
  });

  test('lists a batch, deletes one device, and not twice; then it is free', async () => {
    const uploaded = await upload('SO/1', [tuple('S1'), tuple('S2')]);
    const path = `${batches()}/SO%2F1/devices`;
    const id = uploaded.devicesStatus?.[0]?.deviceId ?? '';
    expect((await call('GET', path)).json).toMatchObject({
      totalCount: 2,
      items: [{ id, serialNumber: 'S1', oemManufacturerName: 'Contoso', modelName: 'Laptop 13' }, {}],
    });
    expect(await call('DELETE', `${path}/${id}`)).toMatchObject({ status: 204, text: '' });
    expect((await call('DELETE', `${path}/${id}`)).status).toBe(404);
    expect((await call('GET', path)).json).toMatchObject({ totalCount: 1, items: [{ serialNumber: 'S2' }] });
    expect((await call('GET', batches())).json).toMatchObject({ items: [{ id: 'SO/1', deviceCount: 1 }] });
    expect(await upload('B', [tuple('S1')], {}, otherCustomer)).toMatchObject({ status: 'finished' });
  });

  test('adds a bare list to a batch that exists', async () => {
    await upload('A', [tuple('S1')]);
    expect((await call('POST', `${batches()}/A/devices`, [tuple('S2')])).status).toBe(202);
    expect((await call('GET', `${batches()}/A/devices`)).json).toMatchObject({ totalCount: 2 });
    expect((await call('POST', `${batches()}/B/devices`, [tuple('S3')])).status).toBe(404);
  });

  test.each([
    ['hash and key', { HardwareHash: hash, ProductKey: '1234567890123' }, 202],
    ['hash and serial number', { HardwareHash: hash, SerialNumber: 'S1' }, 202],
    [
      'hash, key and serial number',
      { HardwareHash: hash, ProductKey: '1234567890123', SerialNumber: 'S' },
      202,
    ],
    ['hash', { HardwareHash: hash }, 202],
    ['key', { ProductKey: '0034567890123' }, 202],
    ['the tuple', tuple('S1'), 202],
    ['a serial number alone', { SerialNumber: 'S1' }, 400],
    ['serial number and model', { SerialNumber: 'S1', ModelName: 'L' }, 400],
    ['key and serial number', { ProductKey: '1234567890123', SerialNumber: 'S' }, 400],
    ['a key of 12 digits', { ProductKey: '123456789012' }, 400],
    ['small letters', { serialNumber: 'S1' }, 400],
    ['an empty serial number', tuple(''), 400],
  ])('combination: %s', async (_what, device, status) => {
    expect((await call('POST', batches(), batch('A', [device]))).status).toBe(status);
  });

  test.each([
    ['no devices', batch('A', [])],
    ['no name', { ...batch('A', [tuple('S')]), BatchId: undefined }],
    ['no attributes', { BatchId: 'A', Devices: [tuple('S')] }],
  ])('refuses as a whole: %s', async (_what, json) => {
    expect(await call('POST', batches(), json)).toMatchObject({
      status: 400,
      json: { code: 400, description: expect.any(String) },
    });
  });

  test('a batch name is used once for each customer', async () => {
    await upload('A', [tuple('S1')]);
    expect((await call('POST', batches(), batch('A', [tuple('S2')]))).status).toBe(409);
    expect((await call('POST', batches(otherCustomer), batch('A', [tuple('S2')]))).status).toBe(202);
  });

  test('ids that are none, unknown customers, jobs of others, no token', async () => {
    expect((await call('GET', batches(), undefined, { 'ms-requestid': 'one' })).status).toBe(400);
    expect((await call('GET', '/v1/customers/4711/deviceBatches')).status).toBe(404);
    const { headers } = await call('POST', batches(), batch('A', [tuple('S1')]));
    const others = `/v1${String(headers.location)}`.replace(customer, otherCustomer);
    expect((await call('GET', others)).status).toBe(404);
    await simulated.rules({ customers: [otherCustomer] });
    expect((await call('GET', batches())).status).toBe(404);
    authorization = 'Bearer x';
    expect(await call('GET', batches())).toMatchObject({ status: 401, json: { code: 401 } });
  });

  test('the server error that goes away', async () => {
    const body = { code: 500, description: 'Sequence contains no matching element' };
    await simulated.rules({ transport: [{ match: '^POST .*deviceBatches', times: 1, status: 500, body }] });
    const send = () => call('POST', batches(), batch('A', [tuple('S1')]));
    expect(await send()).toMatchObject({ status: 500, json: body });
    expect((await send()).status).toBe(202);
  });
});
