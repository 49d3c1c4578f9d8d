import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { readVerdict, type ResponseOrder } from '../../../shared/generic/device-enrolment-response.ts';

const error = { id: 'E1', errorMessage: 'no' };
const other = { id: 'E2', errorMessage: 'not that one' };
const succeeded = { outcome: 'succeeded' };
const silent = { outcome: 'silent' };
const failed = (...errors: object[]) => ({ outcome: 'failed', errors });

describe('what a response says of device D1', () => {
  test.each<[string, Omit<ResponseOrder, 'id'>, object]>([
    ['neither devices nor errors', {}, succeeded],
    ['empty lists of both', { errors: [], devices: [] }, succeeded],
    ['listed without errors', { devices: [{ deviceId: 'D1' }] }, succeeded],
    ['listed with an empty list of errors', { devices: [{ deviceId: 'D1', errors: [] }] }, succeeded],
    ['listed with an error', { devices: [{ deviceId: 'D1', errors: [error, other] }] }, failed(error, other)],
    ['an error of the order', { errors: [error] }, failed(error)],
    [
      'an error of the order beside a list without errors',
      { errors: [error], devices: [{ deviceId: 'D1' }] },
      failed(error),
    ],
    [
      'an error of the order counts before one of the device',
      { errors: [error], devices: [{ deviceId: 'D1', errors: [other] }] },
      failed(error),
    ],
    [
      'an error of the order, and another device listed',
      { errors: [error], devices: [{ deviceId: 'D2' }] },
      failed(error),
    ],
    ['missing from a list that is not empty', { devices: [{ deviceId: 'D2' }] }, silent],
    ['another device failed', { devices: [{ deviceId: 'D2', errors: [error] }] }, silent],
    ['only its name in other letters', { devices: [{ deviceId: 'd1' }] }, silent],
  ])('%s', (_what, order, verdict) => {
    expect(readVerdict({ id: 1, ...order }, 'D1')).toEqual(verdict);
  });

  test('a device succeeds only when nothing in the response is against it', () => {
    const errors = fc.array(fc.constant(error), { maxLength: 2 });
    const listed = fc.record(
      { deviceId: fc.constantFrom('D1', 'D2', 'D3'), errors },
      { requiredKeys: ['deviceId'] },
    );
    const devices = fc.uniqueArray(listed, { selector: (device) => device.deviceId });
    const order = fc.record({ id: fc.constant(1), errors, devices }, { requiredKeys: ['id'] });
    fc.assert(
      fc.property(order, (response: ResponseOrder) => {
        const own = response.devices?.find((device) => device.deviceId === 'D1');
        const refused = (response.errors?.length ?? 0) > 0;
        const expected = refused || (own?.errors?.length ?? 0) > 0 ? 'failed' : own ? 'succeeded' : undefined;
        const unlisted = (response.devices?.length ?? 0) === 0 ? 'succeeded' : 'silent';
        expect(readVerdict(response, 'D1').outcome).toBe(expected ?? unlisted);
      }),
    );
  });
});
