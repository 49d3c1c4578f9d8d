import { describe, expect, test } from '@jest/globals';

import { toGenericResponse } from '../../../daemons/adaptor/generic-response.ts';
import { zeroTouchErrors } from '../../../daemons/adaptor/providers/google-zero-touch/error-catalogue.ts';
import { deviceEnrolmentResponse } from '../../../shared/generic/device-enrolment-response.ts';
import { writeDocument } from '../../../shared/generic/document.ts';
import { askedFor, claimed, devicesOf, operationOf, orderOf, outcomesOf, tablet } from './examples.ts';

const classes = {
  NO_ERROR: 'data',
  UNKNOWN_ERROR: 'retry',
  INVALID_PAGE_TOKEN: 'data',
  INVALID_CUSTOMER_ID: 'data',
  INVALID_OPERATION_ID: 'data',
  INVALID_RESELLER_ID: 'config',
  INVALID_IDENTIFIER_SET: 'data',
  INVALID_DEVICE_ID: 'data',
  AUTHORIZATION_FAIL: 'auth',
  INVALID_IMEI: 'data',
  INVALID_MEID: 'data',
  INVALID_SERIAL: 'data',
  INVALID_MANUFACTURER: 'data',
  INVALID_PARAMETER: 'data',
  INTERNAL_ERROR: 'retry',
  INVALID_SECTION_TYPE: 'data',
  INVALID_MODEL: 'data',
  INVALID_OPERATION: 'data',
  DEVICE_ALREADY_EXISTS: 'conflict',
  SINGLE_DEVICE_STATUS_UNSPECIFIED: 'data',
  SINGLE_DEVICE_STATUS_UNKNOWN_ERROR: 'retry',
  SINGLE_DEVICE_STATUS_OTHER_ERROR: 'data',
  SINGLE_DEVICE_STATUS_PERMISSION_DENIED: 'conflict',
  SINGLE_DEVICE_STATUS_INVALID_DEVICE_IDENTIFIER: 'data',
  SINGLE_DEVICE_STATUS_INVALID_SECTION_TYPE: 'data',
  SINGLE_DEVICE_STATUS_SECTION_NOT_YOURS: 'conflict',
  SINGLE_DEVICE_STATUS_INVALID_TOKEN: 'data',
  SINGLE_DEVICE_STATUS_REVOKED_TOKEN: 'data',
  SINGLE_DEVICE_STATUS_DEVICE_LIMIT_EXCEEDED: 'config',
  DEVICE_UPLOAD_COUNT_EXCEEDED: 'split',
  DUPLICATE_DEVICES: 'data',
  INTERNAL_SERVER_ERROR: 'retry',
  INVALID_DEVICE_IMEI: 'data',
  INVALID_DEVICE_MEID: 'data',
  INVALID_DEVICE_SERIAL: 'data',
  NOT_IMPLEMENTED: 'config',
  INVALID_ARGUMENT: 'data',
  FAILED_PRECONDITION: 'data',
  OUT_OF_RANGE: 'data',
  UNAUTHENTICATED: 'auth',
  PERMISSION_DENIED: 'auth',
  NOT_FOUND: 'config',
  ALREADY_EXISTS: 'conflict',
  ABORTED: 'retry',
  RESOURCE_EXHAUSTED: 'retry',
  CANCELLED: 'retry',
  DATA_LOSS: 'retry',
  UNKNOWN: 'retry',
  INTERNAL: 'retry',
  UNIMPLEMENTED: 'config',
  UNAVAILABLE: 'retry',
  DEADLINE_EXCEEDED: 'retry',
  TosError: 'config',
  REQUEST_TOO_LARGE: 'split',
  NOT_CLAIMED: 'data',
  STILL_CLAIMED: 'conflict',
};

describe("Google's error codes", () => {
  test('are all known, once each, with what they call for', () => {
    const rows = zeroTouchErrors.rows.map(([code, errorClass]) => [code, errorClass] as const);
    expect(rows).toHaveLength(Object.keys(classes).length);
    expect(Object.fromEntries(rows)).toEqual(classes);
  });

  const asked = askedFor([orderOf(7, devicesOf([tablet]))]);

  test.each(Object.entries(classes))(
    '%s (%s) reaches CMP as an error with words for operators',
    (code, errorClass) => {
      const { meaning, class: known } = zeroTouchErrors.lookUp(code);
      expect(known).toBe(errorClass);
      expect(meaning).toMatch(/^[A-Z].{10,110}[^.]$/);
      const inResult = code.startsWith('SINGLE_DEVICE_') ? { status: code } : { errorIdentifier: code };
      const [outcome] = outcomesOf(operationOf([claimed(tablet, inResult)]), asked).orders;
      const response =
        outcome &&
        toGenericResponse({ providerId: 'google', outcome, externalFileName: '1.json', now: new Date(0) });
      // These two say nothing of the device, so that nothing is told yet.
      if (code === 'NO_ERROR' || code === 'SINGLE_DEVICE_STATUS_UNSPECIFIED') {
        expect(response).toBeNull();
        return;
      }
      expect(response?.order).toEqual({
        id: 7,
        devices: [{ deviceId: 'D1', errors: [{ id: code, errorMessage: expect.stringContaining(meaning) }] }],
      });
      if (response) writeDocument(deviceEnrolmentResponse, response);
    },
  );

  test.each([
    ['SINGLE_DEVICE_STATUS_NEW', /refused the device with a code that is not in our list/],
    ['INVALID_NEW', /value is not valid with a code that is not in our list/],
    ['NEW', /Google refused it with a code that is not in our list/],
    ['constructor', /Google refused it with a code that is not in our list/],
  ])('%s is not known: data, because nobody knows that it would pass', (code, meaning) => {
    expect(zeroTouchErrors.lookUp(code)).toEqual({ class: 'data', meaning: expect.stringMatching(meaning) });
  });
});
