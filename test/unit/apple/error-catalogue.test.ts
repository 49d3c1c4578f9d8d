import { describe, expect, test } from '@jest/globals';

import { appleErrors } from '../../../daemons/adaptor/providers/apple/error-catalogue.ts';
import type { ErrorClass } from '../../../daemons/adaptor/providers/error-catalogue.ts';
import { toGenericResponse } from '../../../daemons/adaptor/generic-response.ts';

const dep = (...codes: string[]) => codes.map((code) => `DEP-ERR-${code}`);
const grx = (...codes: number[]) => codes.map((code) => `GRX-${code}`);

/** Every code that is known, by what it calls for. */
const codes: Readonly<Record<ErrorClass, readonly string[]>> = {
  auth: grx(50001, 50027, 50035, 50036, 50038, 50205, 90004, 90041),
  config: [
    ...dep('5005'),
    ...grx(1056, 16002, 50018, 50019, 50020, 50021, 50022, 50023, 50025, 50026, 50028, 50030, 50031, 50039),
    'SOAP-Client',
    'SOAP-MustUnderstand',
    'SOAP-VersionMismatch',
  ],
  data: [
    ...dep('3001', '3002', '3003', '3004', '3006', '4001', '4002', '4004', '5001'),
    ...dep('OR-4101', 'OR-4102', 'OR-4103', 'OR-4104', 'OR-4105', 'OR-4106', 'OR-4107', 'OR-4108'),
    ...dep('OR-4111', 'OR-4112', 'OR-4113', 'OR-4114'),
    ...dep('DL-4201', 'DL-4202', 'DL-4203', 'DL-4204', 'DL-4205', 'DL-4206', 'DL-4207'),
    ...dep('DE-4301', 'DE-4302', 'DE-4306'),
    ...grx(1000, 5004),
    'ERROR',
    'POSTED_WITH_ERRORS',
    'COMPLETE_WITH_ERRORS',
  ],
  conflict: dep('OR-4109', 'OR-4110', 'DE-4303', 'DE-4304', 'DE-4305', '5002'),
  retry: [...dep('4005', '5003', '5004'), ...grx(16001, 50072), 'SOAP-Server'],
  pending: dep('4003'),
  split: dep('3005', '3007'),
};
const all = Object.entries(codes).flatMap(([errorClass, listed]) =>
  listed.map((code) => [code, errorClass] as const),
);

describe("Apple's error codes", () => {
  test('are all listed, once', () => {
    const listed = appleErrors.rows.map(([code]) => code);
    expect(listed.toSorted()).toEqual(all.map(([code]) => code).toSorted());
  });

  test.each(all)('%s is of class %s, and operators get a text for it', (code, errorClass) => {
    expect(appleErrors.lookUp(code).class).toBe(errorClass);
    const described = appleErrors.describe({ code, message: '' });
    expect(described.message).toMatch(/^[A-Z][^()]{10,} \(.*\)\.$/);
    const outcome = { orderId: 4, errors: [described], devices: [], settled: true };
    const response = toGenericResponse({
      providerId: 'apple',
      outcome,
      externalFileName: 'a1.json',
      now: new Date(0),
    });
    expect(response?.order.errors).toEqual([{ id: code, errorMessage: described.message }]);
  });

  test('no two codes have the same text but those that Apple itself does not tell apart', () => {
    const texts = appleErrors.rows.map(([, , meaning]) => meaning);
    const twice = texts.filter((text, index) => texts.indexOf(text) !== index);
    expect(twice).toEqual(['Apple was unable to process the question for orders']);
  });

  test.each([
    ['DEP-ERR-4003', /still at work/],
    ['DEP-ERR-4005', /unable to process/],
    ['DEP-ERR-OR-4113', /void/],
    ['DEP-ERR-DE-4304', /another customer/],
    ['GRX-50025', /Ship-To/],
    ['GRX-90004', /reseller id/],
    ['ERROR', /without giving a code/],
  ])('%s means what it means', (code, meaning) => {
    expect(appleErrors.lookUp(code).meaning).toMatch(meaning);
  });

  test.each([
    ['DEP-ERR-OR-4999', 'data', /the order with a code that is not in our list/],
    ['DEP-ERR-DL-4299', 'data', /the delivery/],
    ['DEP-ERR-DE-4999', 'data', /the device/],
    ['DEP-ERR-3999', 'data', /the request/],
    ['DEP-ERR-4999', 'data', /the question for the result/],
    ['DEP-ERR-5999', 'data', /the question for orders/],
    ['GRX-1', 'config', /platform/],
    ['4305', 'data', /refused it with a code/],
    ['constructor', 'data', /refused it with a code/],
  ])('%s is not known: the prefix tells the level', (code, errorClass, meaning) => {
    expect(appleErrors.lookUp(code)).toEqual({ class: errorClass, meaning: expect.stringMatching(meaning) });
  });

  test("the provider's own words stand", () => {
    const error = { code: 'DEP-ERR-DE-4303', message: 'Appareil déjà utilisé' };
    expect(appleErrors.describe(error)).toEqual(error);
  });

  test.each(['', '  '])('an empty message %j gets ours, with what to do', (message) => {
    expect(appleErrors.describe({ code: 'DEP-ERR-DE-4304', message })).toEqual({
      code: 'DEP-ERR-DE-4304',
      message:
        'The device is assigned to another customer (what the provider has on file is to be settled first).',
    });
  });
});
