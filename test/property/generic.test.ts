import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { deviceEnrolmentRequest } from '../../shared/generic/device-enrolment-request.ts';
import { deviceEnrolmentResponse } from '../../shared/generic/device-enrolment-response.ts';
import { DocumentReader, readDocument, writeDocument } from '../../shared/generic/document.ts';
import { DocumentProblem } from '../../shared/generic/problem.ts';
import type { GenericInterface } from '../../shared/generic/generic-interface.ts';
import { interfaces } from '../support/generic-interfaces.ts';
import { salesOrderDispatch } from '../../shared/generic/sales-order-dispatch.ts';
import { isFaultCode } from '../../shared/runtime/fault-codes.ts';
import { changed, dispatch, request, response } from '../unit/generic/examples.ts';

/** Any text: of any characters that UTF-8 has. */
const text = (maxLength: number) =>
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength })
    .filter((value) => Array.from(value).length <= maxLength);
const number = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const between = { min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true };
const dateTime = fc.date(between).map((date) => date.toISOString());

const device = fc.record(
  {
    deviceId: text(64),
    serialNumber: text(64),
    imei: text(16),
    imei2: text(16),
    meid: text(18),
    manufacturer: text(128),
    model: text(128),
    assetTag: text(128),
    productId: text(64),
    hardwareHash: text(200),
  },
  { requiredKeys: ['deviceId'] },
);
const devices = fc.array(device, { minLength: 1, maxLength: 4 });
const errors = fc.array(fc.record({ id: text(100), errorMessage: text(1000) }), { maxLength: 2 });

const shipped = '9999-12-31T23:59:59Z';
const delivery = fc.record({ deliveryNumber: text(32), shipDate: fc.constant(shipped), devices });
const common = { id: number, organisationId: text(64), orderDate: dateTime };
const order = fc.oneof(
  fc.record({
    ...common,
    requestType: fc.constant('ORDER'),
    purchaseOrderNumber: text(100),
    deliveries: fc.array(delivery, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ ...common, requestType: fc.constant('VOID'), originalRequestId: text(64) }),
  fc.record({
    ...common,
    requestType: fc.constantFrom('RETURN', 'OVERRIDE'),
    originalRequestId: text(64),
    deliveries: fc.array(delivery, { minLength: 1, maxLength: 3 }),
  }),
);
const externalFileName = fc.stringMatching(/^[a-zA-Z0-9._-]{1,20}$/);

const requests = fc
  .record({
    identifier: number,
    batchDateTime: dateTime,
    deviceEnrolmentProviderId: text(32),
    orders: fc.array(order, { maxLength: 4 }),
  })
  .map((values) => ({ ...request, ...values, recordCount: values.orders.length }));
const responses = fc
  .record({
    extractLoadDateTime: dateTime,
    externalFileName,
    order: fc.record(
      {
        id: number,
        errors,
        devices: fc.uniqueArray(fc.record({ deviceId: text(64), errors }), {
          selector: (one) => one.deviceId,
          maxLength: 4,
        }),
      },
      { requiredKeys: ['id'] },
    ),
  })
  .map((values) => ({ ...response, ...values }));
const dispatched = fc.record({
  id: text(32),
  dispatchDateTime: dateTime,
  status: fc.constant('DISPATCHED'),
  deliveryNumber: text(32),
  lines: fc.array(fc.record({ lineNumber: number, devices }), { minLength: 1, maxLength: 3 }),
});
const rejected = fc.record({
  id: text(32),
  dispatchDateTime: dateTime,
  status: fc.constant('REJECTED'),
  errors: errors.filter((list) => list.length > 0),
});
const dispatches = fc
  .record({ externalFileName, orders: fc.array(fc.oneof(dispatched, rejected), { maxLength: 4 }) })
  .map((values) => ({ ...dispatch, ...values, recordCount: values.orders.length }));

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** The code of the problem with these bytes; undefined when there is none. Anything else thrown is thrown on. */
function problemOf(bytes: Uint8Array): string | undefined {
  try {
    const said = /"interfaceType":"([^"]*)"/.exec(new TextDecoder().decode(bytes))?.[1];
    const known = interfaces.find(({ type }) => type === said) ?? deviceEnrolmentRequest;
    readDocument(bytes, known);
    return undefined;
  } catch (error) {
    if (error instanceof DocumentProblem) return error.code;
    throw error;
  }
}

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe('what is written is read identical', () => {
  test.each([
    [deviceEnrolmentRequest, requests],
    [deviceEnrolmentResponse, responses],
    [salesOrderDispatch, dispatches],
  ])('$type', (known, documents) => {
    fc.assert(
      fc.property(documents as fc.Arbitrary<never>, (document) => {
        const written = Buffer.from(writeDocument(known as never, document));
        expect(plain(readDocument(written, known as GenericInterface))).toEqual(plain(document));
        const records = new DocumentReader(known).read(written);
        expect(records.every(({ description }) => description !== '')).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('whatever comes, it is read or has a problem of the fault table', () => {
  const holds = (bytes: Uint8Array) => {
    const code = problemOf(bytes);
    expect(code === undefined || isFaultCode(code)).toBe(true);
  };

  test('any bytes', () => {
    fc.assert(fc.property(fc.uint8Array(), holds));
  });

  test('any JSON', () => {
    fc.assert(fc.property(fc.json(), (json) => holds(new TextEncoder().encode(json))));
  });

  test('documents with one value replaced by anything', () => {
    const samples: unknown[] = [request, response, dispatch];
    const places = samples.flatMap((sample) => pathsOf(sample).map((path) => ({ sample, path })));
    const codes = new Set<string | undefined>();
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.jsonValue(), ({ sample, path }, value) => {
        const bytes = encode(changed(sample, path, value));
        holds(bytes);
        codes.add(problemOf(bytes));
      }),
      { numRuns: 500 },
    );
    expect([...codes]).toEqual(expect.arrayContaining(['SCHEMA_VIOLATION', 'UNKNOWN_INTERFACE']));
  });

  test('documents with one byte changed or cut off', () => {
    const bytes = encode(request);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, value, cut) => {
        holds(cut ? bytes.subarray(0, at) : bytes.with(at, value));
      }),
      { numRuns: 500 },
    );
  });
});

/** Every path into a document. */
function pathsOf(value: unknown, way: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const path = [...way, Array.isArray(value) ? Number(name) : name];
    return [path, ...pathsOf(inner, path)];
  });
}
