import { describe, expect, test } from '@jest/globals';

import type { EnrolledDevice } from '../../../daemons/adaptor/providers/provider-format.ts';
import { windowsAutopilot } from '../../../daemons/adaptor/providers/windows-autopilot/windows-autopilot.ts';
import type { RequestOrder } from '../../../shared/generic/device-enrolment-request.ts';
import {
  asked,
  customer,
  documentOf,
  enrolled,
  enrolledWith,
  http,
  json,
  otherCustomer,
  overrideOf,
  returnOf,
  settingsWith,
  stamp,
  tuple,
  voidOf,
} from './examples.ts';

const format = windowsAutopilot(settingsWith());
const map = (order: RequestOrder, ...devices: readonly EnrolledDevice[]) =>
  format.toRequests(documentOf(order), enrolledWith(order.id, ...devices));
const pathsOf = ({ requests }: ReturnType<typeof map>) =>
  requests.map(({ message }) => `${message.method} ${message.path}`);

const batches = (of = customer) => `/v1/customers/${of}/deviceBatches`;
const notEnrolled = expect.objectContaining({ code: 'NOT_ENROLLED' });
const failed = (deviceId: string) => ({ deviceId, outcome: 'failed', errors: [notEnrolled] });

describe('a return', () => {
  test('one deletion for each device, by batch and number at Microsoft', () => {
    const { requests, refused } = map(returnOf(7, [tuple('A'), tuple('B')]), enrolled('A'), enrolled('B'));
    const deletion = (deviceId: string, n: number) => ({
      transactionId: `${stamp}-${n}`,
      message: {
        stem: 'device-removal',
        method: 'DELETE',
        path: `${batches()}/b-1/devices/guid-${deviceId}`,
        mediaType: 'application/json',
        content: '',
      },
      orders: [
        {
          orderId: 7,
          orderNumber: '7',
          requestType: 'RETURN',
          devices: [{ deviceId, providerDeviceId: `ser-${deviceId}` }],
        },
      ],
    });
    expect(requests).toEqual([deletion('A', 1), deletion('B', 2)]);
    expect(refused).toEqual([]);
  });

  test('what is not enrolled is refused, device by device', () => {
    const mapped = map(returnOf(7, [tuple('A'), tuple('X')]), enrolled('A'), enrolled('B'));
    expect(pathsOf(mapped)).toEqual([`DELETE ${batches()}/b-1/devices/guid-A`]);
    expect(mapped.refused).toEqual([{ orderId: 7, errors: [], devices: [failed('X')], settled: true }]);
  });

  test.each([null, `${customer}/b-1`, 'nonsense'])(
    'what a person registered, or whose number is not known (%j), a person has to delete',
    (providerRecordId) => {
      const mapped = map(returnOf(7, [tuple('A')]), enrolled('A', { providerRecordId }));
      expect(mapped.requests).toEqual([]);
      expect(mapped.refused).toMatchObject([{ devices: [failed('A')] }]);
    },
  );

  test('goes to the customer with whom the device is registered', () => {
    const moved = { ...returnOf(7, [tuple('A')]), organisationId: otherCustomer };
    expect(pathsOf(map(moved, enrolled('A')))).toEqual([`DELETE ${batches()}/b-1/devices/guid-A`]);
  });
});

describe('a void', () => {
  test('deletes all that is enrolled', () => {
    const mapped = map(voidOf(7), enrolled('A'), enrolled('B'));
    expect(pathsOf(mapped)).toEqual(['A', 'B'].map((id) => `DELETE ${batches()}/b-1/devices/guid-${id}`));
    expect(mapped.requests[0]?.orders).toMatchObject([{ requestType: 'VOID', devices: [{ deviceId: 'A' }] }]);
  });

  test('with nothing enrolled is refused', () => {
    expect(map(voidOf(7))).toEqual({
      requests: [],
      refused: [{ orderId: 7, errors: [notEnrolled], devices: [], settled: true }],
      notes: [],
    });
  });
});

describe('an override', () => {
  test('takes out what is not listed, leaves what is enrolled as listed, and registers the rest', () => {
    const mapped = map(overrideOf(7, [tuple('A'), tuple('C')]), enrolled('A'), enrolled('B'));
    expect(pathsOf(mapped)).toEqual([`DELETE ${batches()}/b-1/devices/guid-B`, `POST ${batches()}`]);
    expect(mapped.requests.map(({ preparatory }) => preparatory)).toEqual([true, undefined]);
    expect(mapped.requests[1]?.orders).toMatchObject([
      { requestType: 'OVERRIDE', devices: [{ deviceId: 'C' }] },
    ]);
    const kept = { deviceId: 'A', outcome: 'succeeded' };
    expect(mapped.refused).toEqual([{ orderId: 7, errors: [], devices: [kept], settled: true }]);
  });

  test('with all of it enrolled asks for nothing, and tells so', () => {
    const mapped = map(overrideOf(7, [tuple('A')]), enrolled('A'));
    expect(mapped.requests).toEqual([]);
    expect(mapped.refused).toMatchObject([{ devices: [{ deviceId: 'A', outcome: 'succeeded' }] }]);
  });

  test('a device with another serial number than before is registered anew', () => {
    const mapped = map(overrideOf(7, [tuple('A', 'corrected')]), enrolled('A'));
    expect(pathsOf(mapped)).toEqual([`DELETE ${batches()}/b-1/devices/guid-A`, `POST ${batches()}`]);
  });

  test('for another customer moves every device', () => {
    const order = overrideOf(7, [tuple('A')], { organisationId: otherCustomer });
    const mapped = map(order, enrolled('A'));
    expect(pathsOf(mapped)).toEqual([
      `DELETE ${batches()}/b-1/devices/guid-A`,
      `POST ${batches(otherCustomer)}`,
    ]);
    expect(mapped.refused).toEqual([]);
  });

  test('a listed device that cannot be registered is told, and what is enrolled of it stays', () => {
    const mapped = map(overrideOf(7, [{ deviceId: 'A', imei: '350000000000006' }]), enrolled('A'));
    expect(mapped.requests).toEqual([]);
    expect(mapped.refused).toMatchObject([
      { devices: [{ deviceId: 'A', outcome: 'failed', errors: [{ code: 'IDENTIFIER_MISSING' }] }] },
    ]);
  });

  test('that would leave behind a device that we cannot delete is refused', () => {
    const mapped = map(overrideOf(7, [tuple('C')]), enrolled('B', { providerRecordId: null }));
    expect(mapped.requests).toEqual([]);
    expect(mapped.refused).toMatchObject([{ orderId: 7, errors: [notEnrolled], devices: [failed('C')] }]);
  });
});

describe('the answer to a deletion', () => {
  const [request] = map(returnOf(7, [tuple('A')]), enrolled('A')).requests;
  if (!request) throw new Error('no request');
  const deletion = asked(request);
  const outcomeOf = (result: unknown) =>
    format.toOutcomes(result, 'request', deletion).orders.flatMap(({ devices }) => devices);
  const succeeded = [{ deviceId: 'A', outcome: 'succeeded' }];

  test.each([
    ['204', http(204)],
    ['its record over the spool', json({ status: 204 })],
    ['an empty file', { content: { kind: 'empty' as const } }],
    ['gone already: what was wanted is so', http(404, { code: 1000, description: 'Not found' })],
    ['gone already, over the spool', json({ status: 404 })],
    ['gone already, by the code alone', json({ code: '1000', description: 'Not found' })],
  ])('done: %s', (_what, reply) => {
    const answer = format.readAnswer(reply, 'request', deletion);
    expect(answer).toEqual({ kind: 'result', ids: {}, result: { kind: 'deleted' } });
    expect(answer.kind === 'result' && outcomeOf(answer.result)).toEqual(succeeded);
  });

  test.each([
    ['404 of a gateway, which knows nothing of devices', http(404)],
    ['404 with a page', { status: 404, content: { kind: 'other' as const } }],
    ['202: no such answer is known', http(202)],
    ['a document', http(200, { status: 'finished' })],
    ['an empty document', json({})],
  ])('not known: %s', (_what, reply) => {
    const unknownAnswer = expect.objectContaining({ code: 'UNKNOWN_ANSWER' });
    expect(() => format.readAnswer(reply, 'request', deletion)).toThrow(unknownAnswer);
  });

  test.each([
    ['the customer is not known', http(404, { code: '60003', description: 'Tenant not found' }), '60003'],
    ['denied', http(403, { code: '2032', description: 'Access denied' }), 'HTTP-403'],
    ['not valid', http(400, { code: '800002', description: 'no' }), '800002'],
  ])('refused: %s', (_what, reply, code) => {
    expect(format.readAnswer(reply, 'request', deletion)).toMatchObject({
      kind: 'refused',
      errors: [{ code }],
    });
  });

  test('has no status to ask for', () => {
    expect(format.toQuery({ ...deletion, providerTransactionId: 'x' })).toBeNull();
    expect(format.halve(deletion, ['t-8', 't-9'])).toBeNull();
  });

  describe('when it is lost, the list of the batch tells', () => {
    const read = (document: unknown) => format.readAnswer(http(200, document), 'reconciliation', deletion);

    test('it is asked for by the batch', () => {
      expect(format.toReconciliation(deletion)?.path).toBe(`${batches()}/b-1/devices`);
    });

    test('not in the list: deleted', () => {
      const answer = read({ totalCount: 1, items: [{ id: 'guid-B', serialNumber: 'ser-B' }] });
      expect(answer.kind === 'result' && outcomeOf(answer.result)).toEqual(succeeded);
    });

    test('in the list, in another letter case: it was never done', () => {
      expect(read({ items: [{ id: 'GUID-A' }] })).toEqual({ kind: 'not-found' });
    });

    test('no such batch: nothing is left to delete', () => {
      const answer = format.readAnswer(
        http(404, { code: '1000', description: '' }),
        'reconciliation',
        deletion,
      );
      expect(answer.kind === 'result' && outcomeOf(answer.result)).toEqual(succeeded);
    });

    test('no such customer: it was never done, and the next answer says why', () => {
      const reply = http(404, { code: '60003', description: '' });
      expect(format.readAnswer(reply, 'reconciliation', deletion)).toEqual({ kind: 'not-found' });
    });

    test('a list that goes on tells nothing of what is not in it', () => {
      const answer = read({ totalCount: 101, items: [], continuationToken: 'more' });
      expect(answer.kind === 'result' && outcomeOf(answer.result)).toEqual([
        { deviceId: 'A', outcome: 'unknown' },
      ]);
    });
  });
});
