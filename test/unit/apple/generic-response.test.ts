import { describe, expect, test } from '@jest/globals';

import { toGenericResponse } from '../../../daemons/adaptor/generic-response.ts';
import type { OrderOutcome, ProviderError } from '../../../daemons/adaptor/providers/provider-format.ts';
import {
  deviceEnrolmentResponse,
  type DeviceEnrolmentResponse,
} from '../../../shared/generic/device-enrolment-response.ts';
import { writeDocument } from '../../../shared/generic/document.ts';

const error: ProviderError = { code: 'DEP-ERR-DE-4303', message: 'taken' };
const written = { id: 'DEP-ERR-DE-4303', errorMessage: 'taken' };
const ok = (deviceId: string) => ({ deviceId, outcome: 'succeeded' }) as const;
const failed = (deviceId: string, ...errors: ProviderError[]) =>
  ({ deviceId, outcome: 'failed', errors }) as const;
const unknown = (deviceId: string) => ({ deviceId, outcome: 'unknown' }) as const;

function respond(outcome: Partial<OrderOutcome>): DeviceEnrolmentResponse | null {
  const response = toGenericResponse({
    providerId: 'apple',
    outcome: { orderId: 4, errors: [], devices: [], settled: true, ...outcome },
    externalFileName: 'a1.json',
    now: new Date('2026-05-06T01:02:03.004Z'),
  });
  if (response) writeDocument(deviceEnrolmentResponse, response); // refuses what a reader would refuse
  return response;
}

describe('the generic response', () => {
  test('heads the order with provider, file and time', () => {
    expect(respond({})).toEqual({
      interfaceCategory: 'Device Enrolment',
      interfaceType: 'Device Enrolment Response',
      version: 1,
      extractLoadDateTime: '2026-05-06T01:02:03.004Z',
      deviceEnrolmentProviderId: 'apple',
      externalFileName: 'a1.json',
      order: { id: 4 },
    });
  });

  test.each<[string, Partial<OrderOutcome>, object]>([
    ['a void that was done', { settled: true }, { id: 4 }],
    ['a void that was refused', { errors: [error] }, { id: 4, errors: [written] }],
    [
      'errors of the order need no devices',
      { errors: [error], devices: [failed('D1', error)] },
      { id: 4, errors: [written] },
    ],
    [
      'each device by itself, unknown ones left out',
      { devices: [ok('D1'), failed('D2', error), unknown('D3')], settled: false },
      { id: 4, devices: [{ deviceId: 'D1' }, { deviceId: 'D2', errors: [written] }] },
    ],
  ])('%s', (_what, outcome, order) => {
    expect(respond(outcome)?.order).toEqual(order);
  });

  test.each<[string, Partial<OrderOutcome>]>([
    ['a void that is not settled', { settled: false }],
    [
      'all devices unknown: an empty list would mean that all succeeded',
      { devices: [unknown('D1')], settled: false },
    ],
  ])('none for %s', (_what, outcome) => {
    expect(respond(outcome)).toBeNull();
  });

  test('T05 a text that is too long ends with the note that it was cut', () => {
    const long: ProviderError = { code: 'C'.repeat(150), message: '🙂'.repeat(1532) };
    const [cut] = respond({ errors: [long] })?.order.errors ?? [];
    expect(cut?.id).toMatch(/^C+… \[cut; the provider's file has all 150 characters\]$/);
    expect(cut?.id).toHaveLength(100);
    expect(cut?.errorMessage).toMatch(/^(🙂)+… \[cut; the provider's file has all 1532 characters\]$/u);
    expect(Array.from(cut?.errorMessage ?? '')).toHaveLength(1000);
  });

  test('a text of just the length stays whole', () => {
    const message = 'm'.repeat(1000);
    expect(respond({ errors: [{ code: 'C', message }] })?.order.errors?.[0]?.errorMessage).toBe(message);
  });

  test('a failed device without an error is a bug, because it would read as one that succeeded', () => {
    expect(() => respond({ devices: [failed('D1')] })).toThrow(expect.objectContaining({ code: 'BUG' }));
  });
});
