import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { describeOutcome, planResponse, type AskedDevice } from '../../../jobs/response-rules.ts';
import type { RequestType } from '../../../shared/generic/device-enrolment-request.ts';
import type { ResponseOrder } from '../../../shared/generic/device-enrolment-response.ts';
import { deviceMoves } from '../../../shared/store/states/device.ts';

const error = { id: 'E1', errorMessage: 'no' };
const asked = (id: number, role: AskedDevice['role'] = 'enrol'): AskedDevice => ({
  id,
  deviceId: `D${id}`,
  status: role === 'enrol' ? 'Enrol Requested' : 'Unenrol Requested',
  role,
});
const plan = (type: RequestType, devices: AskedDevice[], response: Omit<ResponseOrder, 'id'>) =>
  planResponse(type, devices, { id: 12, ...response });

describe('what a response means', () => {
  test.each<[RequestType, AskedDevice, Omit<ResponseOrder, 'id'>, string]>([
    ['ORDER', asked(1), {}, 'Enrolled'],
    ['ORDER', asked(1), { errors: [error] }, 'Enrol Failed'],
    ['ORDER', asked(1), { devices: [{ deviceId: 'D1' }] }, 'Enrolled'],
    ['ORDER', asked(1), { devices: [{ deviceId: 'D1', errors: [error] }] }, 'Enrol Failed'],
    ['RETURN', asked(1, 'unenrol'), {}, 'Unenrolled'],
    ['RETURN', asked(1, 'unenrol'), { devices: [{ deviceId: 'D1', errors: [error] }] }, 'Unenrol Failed'],
    ['VOID', asked(1, 'unenrol'), {}, 'Unenrolled'],
    ['VOID', asked(1, 'unenrol'), { errors: [error] }, 'Unenrol Failed'],
    ['OVERRIDE', asked(1), { devices: [{ deviceId: 'D1' }] }, 'Enrolled'],
    ['OVERRIDE', asked(2, 'unenrol'), { devices: [{ deviceId: 'D1' }] }, 'Unenrolled'],
    ['OVERRIDE', asked(2, 'unenrol'), { devices: [{ deviceId: 'D1', errors: [error] }] }, 'Unenrolled'],
    ['OVERRIDE', asked(2, 'unenrol'), { errors: [error] }, 'Unenrol Failed'],
  ])('%s, %j, answered %j: %s', (type, device, response, to) => {
    const { settled, silent } = plan(type, [device], response);
    expect(silent).toEqual([]);
    const succeeded = !to.endsWith('Failed');
    expect(settled).toEqual([{ ...device, to, succeeded, errors: succeeded ? [] : [error] }]);
  });

  test('a device that is not mentioned stays, one that was not asked for is named', () => {
    const planned = plan('ORDER', [asked(1), asked(2)], { devices: [{ deviceId: 'D1' }, { deviceId: 'X' }] });
    expect(planned.settled.map(({ deviceId }) => deviceId)).toEqual(['D1']);
    expect(planned.silent).toEqual([asked(2)]);
    expect(planned.unexpected).toEqual(['X']);
  });

  test('every asked device is either settled or silent, by a move that it may make', () => {
    const devices = fc
      .array(fc.constantFrom('enrol' as const, 'unenrol' as const), { maxLength: 5 })
      .map((roles) => roles.map((role, index) => asked(index, role)));
    const errors = fc.array(fc.constant(error), { maxLength: 1 });
    const listed = fc.record({ deviceId: fc.nat(7).map((n) => `D${n}`), errors });
    const response = fc.record({ errors, devices: fc.uniqueArray(listed, { selector: (d) => d.deviceId }) });
    const types = fc.constantFrom<RequestType>('ORDER', 'RETURN', 'VOID', 'OVERRIDE');
    fc.assert(
      fc.property(types, devices, response, (type, list, answered) => {
        const { settled, silent, unexpected } = plan(type, list, answered);
        const ended = [...settled, ...silent].map(({ id }) => id).toSorted();
        expect(ended).toEqual(list.map(({ id }) => id));
        for (const { status, to, succeeded, errors: reasons } of settled) {
          expect(deviceMoves[status]).toContain(to);
          expect(succeeded).toBe(reasons.length === 0);
        }
        const known = list.map(({ deviceId }) => deviceId);
        expect(unexpected).toEqual(
          answered.devices.map((d) => d.deviceId).filter((id) => !known.includes(id)),
        );
      }),
    );
  });
});

describe('what people are told', () => {
  const request = { requestType: 'ORDER', orderId: '12', providerId: 'apple' } as const;
  const tell = (devices: AskedDevice[], response: Omit<ResponseOrder, 'id'>) =>
    describeOutcome(request, plan('ORDER', devices, response));

  test('a success in one line', () => {
    expect(tell([asked(1), asked(2)], {})).toEqual({
      outcome: 'success',
      notes: 'ORDER of order 12 at apple: 2 of 2 device(s) succeeded.',
    });
  });

  test('every message of the provider, every silent and every unexpected device', () => {
    const errors = [error, { id: 'E2', errorMessage: 'never' }];
    const devices = [{ deviceId: 'D1', errors }, { deviceId: 'D2' }, { deviceId: 'X' }];
    expect(tell([asked(1), asked(2), asked(3)], { devices })).toEqual({
      outcome: 'failure',
      notes: [
        'ORDER of order 12 at apple: 1 of 3 device(s) succeeded.',
        'D1: E1 no; E2 never',
        'D3: not mentioned in the answer, stays Enrol Requested',
        'X: mentioned in the answer, but not asked for',
      ].join('\n'),
    });
  });

  test.each<[string, Omit<ResponseOrder, 'id'>]>([
    ['a failed device', { errors: [error] }],
    ['a silent device', { devices: [{ deviceId: 'D2' }] }],
    ['an unexpected device', { devices: [{ deviceId: 'D1' }, { deviceId: 'X' }] }],
  ])('%s is no success', (_what, response) => {
    expect(tell([asked(1)], response).outcome).toBe('failure');
  });
});
