import { describe, expect, test } from '@jest/globals';

import {
  errorCatalogue,
  knoxError,
} from '../../../daemons/adaptor/providers/samsung-knox/error-catalogue.ts';
import { toGenericResponse } from '../../../daemons/adaptor/generic-response.ts';

/** Every code that is published or known from a client, and what it calls for. */
const codes = [
  ['4002101', 'RESELLER_ID_MISSING', 'config', /reseller id is missing/],
  ['4042104', 'CUSTOMER_NOT_FOUND', 'data', /does not know the customer/],
  ['4092100', 'RESELLER_DEVICE_ALREADY_EXISTS', 'conflict', /may be enrolled/],
  ['40000000', 'RESOURCE_INVALID_PARAM', 'data', /value of the request/],
  ['40000004', 'DEVICE_INVALID', 'data', /device is not valid/],
  ['40000011', 'CUSTOMER_ID_INVALID', 'data', /customer id is not valid/],
  [
    '40000044',
    'RESELLER_CUSTOMER_DEVICE_NOT_FOUND',
    'conflict',
    /another customer, or was not uploaded by us/,
  ],
  ['4012250', 'ACCESS_TOKEN_BAD_REQUEST', 'auth', /token/],
  ['40300000', 'AUTHORIZATION_FAIL', 'auth', /not authorised/],
  ['40400001', 'RESELLER_NOT_FOUND', 'config', /our reseller id/],
  ['50000000', 'INTERNAL_SERVER_ERROR', 'retry', /internal error/],
] as const;

const words = [
  ['Rejected', 'data', /without giving a code/],
  ['NO_CODE', 'data', /without giving a code/],
] as const;

describe("Knox's error codes", () => {
  test('the catalogue has these and no others', () => {
    const expected = [...codes.map(([code]) => code), ...words.map(([word]) => word)];
    expect(errorCatalogue.rows.map(([code]) => code)).toEqual(expected);
  });

  test.each([...codes.map(([code, , ...rest]) => [code, ...rest] as const), ...words])(
    '%s is %s',
    (code, errorClass, meaning) => {
      expect(errorCatalogue.lookUp(code)).toEqual({
        class: errorClass,
        meaning: expect.stringMatching(meaning),
      });
    },
  );

  test.each(codes)(
    '%s %s becomes a generic error that says what it means',
    (code, title, _class, meaning) => {
      const error = knoxError({ code, message: title, data: 'More of it.' });
      const outcome = { deviceId: 'D1', outcome: 'failed', errors: [error] } as const;
      const response = toGenericResponse({
        providerId: 'samsung',
        outcome: { orderId: 1, errors: [], devices: [outcome], settled: true },
        externalFileName: 'x',
        now: new Date(0),
      });
      expect(response?.order.devices?.[0]?.errors).toEqual([{ id: code, errorMessage: error.message }]);
      expect(error.message.startsWith(`${title}: More of it. `)).toBe(true);
      expect(error.message).toMatch(meaning);
      expect(error.message).toMatch(/\(.+\)\.$/);
    },
  );

  test.each([
    ['4002199', 'data'],
    ['40000999', 'data'],
    ['4010000', 'auth'],
    ['40300001', 'auth'],
    ['40400002', 'data'],
    ['4099999', 'conflict'],
    ['41300000', 'split'],
    ['42900000', 'retry'],
    ['50300000', 'retry'],
    ['99', 'data'],
    ['constructor', 'data'],
  ])('%s is not listed: its first digits say %s', (code, errorClass) => {
    const row = errorCatalogue.lookUp(code);
    expect(row.class).toBe(errorClass);
    expect(row.meaning).toMatch(/with a code that is not in our list/);
  });
});

describe('the text of an error', () => {
  const ours = 'The device is not valid (the order or device is to be corrected).';

  test.each([
    ['title and description', { message: 'DEVICE_INVALID', data: 'Bad.' }, `DEVICE_INVALID: Bad. ${ours}`],
    ['a description that repeats the title', { message: 'X_Y', data: 'X_Y' }, `X_Y. ${ours}`],
    ['nothing but the code', { message: '', data: '' }, ours],
  ])('%s', (_what, said, message) => {
    expect(knoxError({ code: '40000004', ...said })).toEqual({ code: '40000004', message });
  });

  test('without a code the title stands for it', () => {
    expect(knoxError({ code: '', message: 'DEVICE_INVALID', data: '' }).code).toBe('DEVICE_INVALID');
    expect(knoxError({ code: '', message: 'Sorry', data: '' }).code).toBe('NO_CODE');
  });
});
