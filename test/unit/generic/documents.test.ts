import { describe, expect, test } from '@jest/globals';

import { deviceEnrolmentRequest } from '../../../shared/generic/device-enrolment-request.ts';
import { deviceEnrolmentResponse } from '../../../shared/generic/device-enrolment-response.ts';
import { DocumentReader, readDocument, writeDocument } from '../../../shared/generic/document.ts';
import { genericFileName } from '../../../shared/generic/file-name.ts';
import type { GenericInterface } from '../../../shared/generic/generic-interface.ts';
import { interfaces } from '../../support/generic-interfaces.ts';
import { salesOrderDispatch } from '../../../shared/generic/sales-order-dispatch.ts';
import { changed, dispatch, request, response } from './examples.ts';

const bytesOf = (document: unknown) => new TextEncoder().encode(JSON.stringify(document));
/** Read as the interface that it says to be of. */
const read = (document: unknown): unknown => {
  const said = (document as { interfaceType?: unknown } | null)?.interfaceType;
  const known = interfaces.find(({ type }) => type === said) ?? deviceEnrolmentRequest;
  return readDocument(bytesOf(document), known);
};

/** The records of a document, as they become items of a batch. */
const recordsOf = (known: unknown, document: unknown) =>
  new DocumentReader(known as GenericInterface).read(bytesOf(document));
const problem = (code: string, message?: string) =>
  expect.objectContaining({
    name: 'DocumentProblem',
    code,
    ...(message !== undefined && { message: expect.stringContaining(message) }),
  });

const samples = [
  ['Device Enrolment Request', deviceEnrolmentRequest, request],
  ['Device Enrolment Response', deviceEnrolmentResponse, response],
  ['Sales Order Dispatch', salesOrderDispatch, dispatch],
] as unknown as [string, GenericInterface<object>, object][];

describe.each(samples)('%s', (_name, known, sample) => {
  test('a valid document is read as what it is', () => {
    expect(read(sample)).toEqual(sample);
  });

  test('what is written is read again', () => {
    const written = Buffer.from(writeDocument(known, sample));
    expect(readDocument(written, known)).toEqual(sample);
  });

  test.each(Object.keys(sample))('%s may not be null, nor of another type', (name) => {
    for (const wrong of [null, true, { a: 1 }]) expect(() => read(changed(sample, [name], wrong))).toThrow();
  });

  test('an unknown property is named, its value is not', () => {
    expect(() => read({ ...sample, priority: 'CANARY' })).toThrow(problem('SCHEMA_VIOLATION', '"priority"'));
    expect(() => read({ ...sample, priority: 'CANARY' })).not.toThrow('CANARY');
  });

  test.each([1, 1.05, 2, 11, '1.1', '1', null])('version %j is refused', (version) => {
    if (version === known.version) return;
    expect(() => read({ ...sample, version })).toThrow(problem('SCHEMA_VIOLATION', '/version'));
  });

  test('is not taken where other interfaces are', () => {
    for (const other of interfaces.filter(({ type }) => type !== known.type)) {
      expect(() => readDocument(bytesOf(sample), other)).toThrow(problem('UNKNOWN_INTERFACE'));
    }
  });

  test('what does not follow the schema is not written', () => {
    expect(() => writeDocument(known, { ...sample, priority: 1 })).toThrow(problem('SCHEMA_VIOLATION'));
  });
});

describe('interfaces', () => {
  test.each([null, 1, 'text', [], {}, { interfaceCategory: 'Device Enrolment' }, [request]])(
    '%j is none',
    (document) => {
      expect(() => read(document)).toThrow(problem('UNKNOWN_INTERFACE'));
    },
  );

  test.each([
    ['interfaceCategory', 'Sales Order'],
    ['interfaceType', 'device enrolment request'],
    ['interfaceType', 'CANARY'],
    ['interfaceType', ['Device Enrolment Request']],
  ])('%s %j does not fit, and the text says what is taken', (name, value) => {
    const document = { ...request, [name]: value };
    expect(() => read(document)).toThrow(
      problem('UNKNOWN_INTERFACE', 'taken here: Device Enrolment · Device Enrolment Request'),
    );
    expect(() => read(document)).not.toThrow('CANARY');
  });
});

type Break = [what: string, path: (string | number)[], value: unknown, place?: string];

/** Each value breaks one rule; undefined removes the property. */
const breaks = (sample: object, rows: Break[]) => {
  test.each(rows)('%s is refused', (_what, path, value, place = `/${path.join('/')}`) => {
    expect(() => read(changed(sample, path, value))).toThrow(problem('SCHEMA_VIOLATION', place));
  });
};

/** Removing each of these is refused. */
const demands = (sample: object, at: (string | number)[], names: string[]) => {
  test.each(names)(`without ${at.join('/')} %s is refused`, (name) => {
    expect(() => read(changed(sample, [...at, name], undefined))).toThrow(
      problem('SCHEMA_VIOLATION', `must have required property '${name}'`),
    );
  });
};

/** Without each of these it is still valid. */
const spares = (sample: object, at: (string | number)[], names: string[]) => {
  test.each(names)(`without ${at.join('/')} %s is valid`, (name) => {
    expect(() => read(changed(sample, [...at, name], undefined))).not.toThrow();
  });
};

const tooBig = Number.MAX_SAFE_INTEGER + 1;
const order = ['orders', 0];
const delivery = [...order, 'deliveries', 0];
const device = [...delivery, 'devices', 0];

describe('Device Enrolment Request', () => {
  demands(request, [], ['identifier', 'version', 'batchDateTime', 'extractLoadDateTime']);
  demands(request, [], ['recordCount', 'deviceEnrolmentProviderId', 'orders']);
  demands(request, order, ['id', 'requestType', 'organisationId', 'orderDate', 'deliveries']);
  demands(request, delivery, ['deliveryNumber', 'shipDate', 'devices']);
  demands(request, device, ['deviceId']);
  demands(request, ['orders', 1], ['originalRequestId', 'deliveries']);
  demands(request, ['orders', 2], ['originalRequestId']);
  demands(request, ['orders', 3], ['originalRequestId', 'deliveries']);
  spares(request, order, ['purchaseOrderNumber']);
  spares(request, device, ['serialNumber', 'imei', 'imei2', 'meid', 'manufacturer', 'model']);
  spares(request, device, ['assetTag', 'productId', 'hardwareHash']);
  breaks(request, [
    ['a text as identifier', ['identifier'], '1042'],
    ['a negative identifier', ['identifier'], -1],
    ['an identifier that a number cannot hold', ['identifier'], tooBig],
    ['a fraction as identifier', ['identifier'], 1.5],
    ['a negative record count', ['recordCount'], -1],
    ['a date without time', ['batchDateTime'], '2026-05-06'],
    ['T04 a time without zone', ['extractLoadDateTime'], '2026-05-06T00:00:00'],
    ['a day that does not exist', ['batchDateTime'], '2026-02-30T00:00:00Z'],
    ['an empty provider', ['deviceEnrolmentProviderId'], ''],
    ['a provider of 33 characters', ['deviceEnrolmentProviderId'], 'a'.repeat(33)],
    ['orders that are no list', ['orders'], {}],
    ['J03 an order id that a number cannot hold', [...order, 'id'], 1.2345678901234567e19],
    ['a text as order id', [...order, 'id'], '1'],
    ['an unknown request type', [...order, 'requestType'], 'RE'],
    ['an empty organisation id', [...order, 'organisationId'], ''],
    ['an organisation id of 65 characters', [...order, 'organisationId'], 'a'.repeat(65)],
    ['a number as organisation id', [...order, 'organisationId'], 880011],
    ['an order date without zone', [...order, 'orderDate'], '2026-05-04T10:00:00'],
    ['a purchase order number of 101 characters', [...order, 'purchaseOrderNumber'], 'a'.repeat(101)],
    ['an empty original request', ['orders', 1, 'originalRequestId'], ''],
    ['a number as original request', ['orders', 1, 'originalRequestId'], 7],
    ['an ORDER that names an original request', [...order, 'originalRequestId'], '7'],
    ['a VOID with deliveries', ['orders', 2, 'deliveries'], request.orders[0]?.deliveries],
    ['a VOID with an empty list of deliveries', ['orders', 2, 'deliveries'], []],
    ['an empty list of deliveries', [...order, 'deliveries'], []],
    ['a delivery number of 33 characters', [...delivery, 'deliveryNumber'], 'a'.repeat(33)],
    ['an empty delivery number', [...delivery, 'deliveryNumber'], ''],
    ['an empty list of devices', [...delivery, 'devices'], []],
    ['an empty device id', [...device, 'deviceId'], ''],
    ['a device id of 65 characters', [...device, 'deviceId'], 'a'.repeat(65)],
    ['J03 a number as device id', [...device, 'deviceId'], 1.2345678901234567e19],
    ['J03 a number as IMEI', [...device, 'imei'], 4400000000006],
    ['an IMEI of 33 characters', [...device, 'imei'], '1'.repeat(33)],
    ['a second IMEI of 33 characters', [...device, 'imei2'], '1'.repeat(33)],
    ['a MEID of 33 characters', [...device, 'meid'], '1'.repeat(33)],
    ['a null serial number', [...device, 'serialNumber'], null],
    ['an asset tag of 129 characters', [...device, 'assetTag'], 'a'.repeat(129)],
    ['an unknown property of an order', [...order, 'note'], 'x', '/orders/0: must NOT have additional'],
    ['an unknown property of a delivery', [...delivery, 'note'], 'x', '/orders/0/deliveries/0: must NOT'],
  ]);

  test('a delivery may not be shipped before it was ordered, whatever zone the times are in', () => {
    const at = (shipDate: string) => changed(request, [...delivery, 'shipDate'], shipDate);
    expect(() => read(at('2026-05-04T09:59:59Z'))).toThrow(
      problem('SCHEMA_VIOLATION', '/orders/0/deliveries/0/shipDate: lies before orderDate'),
    );
    expect(() => read(at('2026-05-04T11:59:59+02:00'))).toThrow(problem('SCHEMA_VIOLATION'));
    expect(() => read(at('2026-05-04T09:00:00-01:00'))).not.toThrow();
  });

  test('V12 the record count is that of the orders', () => {
    expect(() => read({ ...request, recordCount: 5 })).toThrow(
      problem('COUNT_MISMATCH', 'says 5, the file has 4 orders'),
    );
    expect(() => writeDocument(deviceEnrolmentRequest, { ...request, recordCount: 3 })).toThrow(
      problem('COUNT_MISMATCH'),
    );
  });

  test.each([
    ['V09 a control character', 'PO\u00007', 'CONTROL_CHAR'],
    ['V09 a control character that JSON does not escape', 'PO\u00857', 'CONTROL_CHAR'],
    ['V02 half a character', 'PO\ud800', 'ENCODING'],
  ])('%s is not written: its reader would refuse it', (_what, value, code) => {
    const document = changed(request, [...order, 'purchaseOrderNumber'], value) as typeof request;
    expect(() => writeDocument(deviceEnrolmentRequest, document)).toThrow(problem(code));
  });

  test('E06 a file without orders is valid', () => {
    expect(() => read({ ...request, recordCount: 0, orders: [] })).not.toThrow();
  });

  test('each order is a record', () => {
    expect(deviceEnrolmentRequest.providerId(request)).toBe('apple');
    expect(recordsOf(deviceEnrolmentRequest, request)).toEqual(
      ['ORDER of 1 device', 'RETURN of 1 device', 'VOID', 'OVERRIDE of 1 device'].map(
        (description, index) => ({
          customerReference: String(index + 1),
          description,
          payload: request.orders[index],
        }),
      ),
    );
  });
});

describe('Device Enrolment Response', () => {
  demands(response, [], ['version', 'extractLoadDateTime', 'deviceEnrolmentProviderId']);
  demands(response, [], ['externalFileName', 'order']);
  demands(response, ['order'], ['id']);
  demands(response, ['order', 'errors', 0], ['id', 'errorMessage']);
  demands(response, ['order', 'devices', 0], ['deviceId']);
  demands(response, ['order', 'devices', 0, 'errors', 0], ['id', 'errorMessage']);
  spares(response, ['order'], ['errors', 'devices']);
  breaks(response, [
    ['a file name of 21 characters', ['externalFileName'], 'a'.repeat(21)],
    ['a file name with a blank', ['externalFileName'], 'a b'],
    ['an empty file name', ['externalFileName'], ''],
    ['a file name with a folder', ['externalFileName'], '../a'],
    ['a text as order id', ['order', 'id'], '1'],
    ['an error id of 101 characters', ['order', 'errors', 0, 'id'], 'a'.repeat(101)],
    ['an empty error id', ['order', 'errors', 0, 'id'], ''],
    ['a message of 1001 characters', ['order', 'errors', 0, 'errorMessage'], 'a'.repeat(1001)],
    ['a number as error id', ['order', 'devices', 0, 'errors', 0, 'id'], 4303],
    ['J03 a number as device id', ['order', 'devices', 0, 'deviceId'], 1.2345678901234567e19],
    ['errors that are no list', ['order', 'errors'], { id: 'E', errorMessage: 'x' }],
    ['an unknown property of a device', ['order', 'devices', 0, 'status'], 'x', '/order/devices/0: must NOT'],
  ]);

  const listing = (ids: readonly string[]) =>
    changed(
      response,
      ['order', 'devices'],
      ids.map((deviceId) => ({ deviceId })),
    );

  test.each([
    [['D1', 'D1'], 1],
    [['D1', 'D2', 'D2'], 2],
    [['D1', 'D2', 'D1'], 2],
    [['D2', 'D1', 'D1'], 2],
  ])('a device stands in the list once: %j', (ids, at) => {
    expect(() => read(listing(ids))).toThrow(
      problem('SCHEMA_VIOLATION', `/order/devices/${at}/deviceId: stands twice in the list`),
    );
  });

  test.each([[['D1', 'D2', 'D3']], [['D3', 'D1', 'D2']]])('devices in any order: %j', (ids) => {
    expect(() => read(listing(ids))).not.toThrow();
  });

  test('V17 a list of 300,000 devices is checked in passing', () => {
    const devices = Array.from({ length: 300_000 }, (_, n) => ({ deviceId: `D${n}` }));
    const begin = performance.now();
    expect(() => read(changed(response, ['order', 'devices'], devices))).not.toThrow();
    expect(performance.now() - begin).toBeLessThan(6000);
  });

  const { devices } = response.order;
  test.each([
    ['order refused with 1 error(s)', response.order],
    ['1 succeeded, 1 failed', { id: 1, devices: devices ?? [] }],
    ['every device succeeded', { id: 1 }],
  ])('its one record reads: %s', (description, payload) => {
    expect(recordsOf(deviceEnrolmentResponse, { ...response, order: payload })).toEqual([
      { customerReference: '1', description, payload },
    ]);
  });
});

describe('Sales Order Dispatch', () => {
  const line = [...order, 'lines', 0];
  demands(dispatch, [], ['version', 'externalFileName', 'recordCount', 'wareHouse', 'orders']);
  demands(dispatch, ['wareHouse'], ['id']);
  demands(dispatch, order, ['id', 'dispatchDateTime', 'status', 'deliveryNumber', 'lines']);
  demands(dispatch, line, ['lineNumber', 'devices']);
  demands(dispatch, [...line, 'devices', 0], ['deviceId']);
  demands(dispatch, ['orders', 1], ['errors']);
  spares(dispatch, [], ['transformDateTime', 'transmitDateTime']);
  breaks(dispatch, [
    ['a file name of 21 characters', ['externalFileName'], 'a'.repeat(21)],
    ['J03 a number as order id', [...order, 'id'], 12],
    ['an order id of 33 characters', [...order, 'id'], '1'.repeat(33)],
    ['an unknown status', [...order, 'status'], 'SENT'],
    ['a text as line number', [...line, 'lineNumber'], '1'],
    ['an empty list of lines', [...order, 'lines'], []],
    ['an empty list of devices', [...line, 'devices'], []],
    ['J03 a number as serial number', [...line, 'devices', 0, 'serialNumber'], 1],
    ['errors of a dispatched order', [...order, 'errors'], [{ id: 'E', errorMessage: 'x' }]],
    ['lines of a rejected order', ['orders', 1, 'lines'], [{ lineNumber: 1, devices: [{ deviceId: 'D' }] }]],
    ['a delivery of a rejected order', ['orders', 1, 'deliveryNumber'], 'DN'],
    ['a rejection without a reason', ['orders', 1, 'errors'], []],
    ['an unknown property of the warehouse', ['wareHouse', 'name'], 'x', '/wareHouse: must NOT'],
  ]);

  test('V12 the record count is that of the orders', () => {
    expect(() => read({ ...dispatch, recordCount: 1 })).toThrow(problem('COUNT_MISMATCH'));
  });

  test('each order is a record', () => {
    expect(salesOrderDispatch.providerId(dispatch)).toBeUndefined();
    expect(recordsOf(salesOrderDispatch, dispatch)).toEqual([
      {
        customerReference: '0012',
        description: '1 device(s) dispatched',
        payload: dispatch.orders[0],
      },
      {
        customerReference: '13',
        description: 'rejected',
        payload: dispatch.orders[1],
      },
    ]);
  });
});

describe('error texts', () => {
  test('V16 one bad record among many is found and named, and the document is refused whole', () => {
    const orders = Array.from({ length: 20_000 }, () => request.orders[2]);
    const bad = orders.with(12_345, { ...orders[0], organisationId: '' } as never);
    expect(() => read({ ...request, recordCount: bad.length, orders: bad })).toThrow(
      problem('SCHEMA_VIOLATION', '/orders/12345/organisationId: must NOT have fewer than 1 characters'),
    );
  });

  test('V17 ten paths are shown of many, and how many more there are', () => {
    const orders = Array.from({ length: 50_000 }, () => ({ ...request.orders[2], organisationId: '' }));
    let message = '';
    try {
      read({ ...request, recordCount: orders.length, orders });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message.split('; ')).toHaveLength(11);
    expect(message).toMatch(/^\/orders\/0\/organisationId: .*; and 49990 more$/);
  });

  test('O12 no value of the document is in the text', () => {
    const secret = 'CANARY';
    for (const [path, value] of [
      [['identifier'], secret],
      [['batchDateTime'], secret],
      [['orders', 0, 'requestType'], secret],
      [[...device, 'imei'], secret.repeat(10)],
      [[...device, 'deviceId'], { secret }],
      [['version'], secret],
    ] as const) {
      const document = changed(request, path, value);
      expect(() => read(document)).toThrow(problem('SCHEMA_VIOLATION'));
      expect(() => read(document)).not.toThrow(secret);
    }
  });
});

test('a file name tells interface, provider and number', () => {
  expect(genericFileName(deviceEnrolmentRequest, 'apple', '1042')).toBe(
    'device-enrolment-request.apple.1042.json.pgp',
  );
});
