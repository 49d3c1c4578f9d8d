import { describe, expect, test } from '@jest/globals';

import { describeError, lookUpError } from '../../../daemons/adaptor/providers/apple/error-catalogue.ts';

describe("Apple's error codes", () => {
  test.each([
    ['DEP-ERR-4003', 'pending', /still at work/],
    ['DEP-ERR-4005', 'retry', /unable to process/],
    ['DEP-ERR-OR-4113', 'data', /void/],
    ['DEP-ERR-DE-4304', 'conflict', /another customer/],
    ['GRX-50025', 'config', /Ship-To/],
    ['GRX-90004', 'auth', /reseller id/],
    ['ERROR', 'data', /without giving a code/],
  ])('%s is known', (code, errorClass, meaning) => {
    expect(lookUpError(code)).toEqual({ class: errorClass, meaning: expect.stringMatching(meaning) });
  });

  test.each([
    ['DEP-ERR-OR-4999', /the order with a code that is not in our list/],
    ['DEP-ERR-DL-4204', /the delivery/],
    ['DEP-ERR-DE-4999', /the device/],
    ['DEP-ERR-3999', /the request/],
    ['DEP-ERR-4999', /the question for the result/],
    ['DEP-ERR-5999', /the question for orders/],
    ['GRX-1', /platform/],
    ['4305', /refused it with a code/],
    ['constructor', /refused it with a code/],
  ])('%s is not known: the prefix tells the level', (code, meaning) => {
    expect(lookUpError(code).meaning).toMatch(meaning);
  });

  test("the provider's own words stand", () => {
    const error = { code: 'DEP-ERR-DE-4303', message: 'Appareil déjà utilisé' };
    expect(describeError(error)).toEqual(error);
  });

  test.each(['', '  '])('an empty message %j gets ours, with what to do', (message) => {
    expect(describeError({ code: 'DEP-ERR-DE-4304', message })).toEqual({
      code: 'DEP-ERR-DE-4304',
      message: 'The device is assigned to another customer (what Apple has on file is to be settled first).',
    });
  });
});
