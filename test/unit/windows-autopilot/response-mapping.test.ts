import { describe, expect, test } from '@jest/globals';

import type {
  AskedRequest,
  DeviceOutcome,
  ProviderReply,
  Question,
} from '../../../daemons/adaptor/providers/provider-format.ts';
import { windowsAutopilot } from '../../../daemons/adaptor/providers/windows-autopilot/windows-autopilot.ts';
import {
  asked,
  customer,
  documentOf,
  http,
  json,
  nothingEnrolled,
  orderOf,
  settingsWith,
  stamp,
  trackingId,
  tuple,
} from './examples.ts';

const format = windowsAutopilot(settingsWith());
const unknownAnswer = expect.objectContaining({ code: 'UNKNOWN_ANSWER' });

const mapped = format.toRequests(
  documentOf(
    orderOf(1, [tuple('A'), { deviceId: 'B', productId: '0034567890123' }]),
    orderOf(2, [tuple('C')]),
  ),
  nothingEnrolled,
);
const [request] = mapped.requests;
if (!request) throw new Error('no request');
const sent = asked(request);
const accepted = asked(request, { providerTransactionId: trackingId });

const finished = { status: 'finished' };
const A = { serialNumber: 'ser-A', deviceId: 'guid-A', ...finished };
const B = { serialNumber: 'who-knows', productKey: '0034567890123', deviceId: 'guid-B', ...finished };
const C = { serialNumber: 'SER-C', deviceId: 'guid-C', ...finished };
const batch = (status: string, ...devicesStatus: readonly object[]) => ({
  batchTrackingId: trackingId.toUpperCase(),
  status,
  devicesStatus,
  attributes: { objectType: 'BatchUploadDetails' },
});
const wrong = (errorCode: unknown, errorDescription?: string) => ({
  ...C,
  status: 'finished_with_errors',
  errorCode,
  errorDescription,
});

const outcomes = (reply: ProviderReply, of: Question, by: AskedRequest) => {
  const answer = format.readAnswer(reply, of, by);
  if (answer.kind !== 'result') throw new Error(`the answer was read as ${answer.kind}`);
  return format.toOutcomes(answer.result, of, by);
};
const devicesOf = (reply: ProviderReply, of: Question, by: AskedRequest): DeviceOutcome[] =>
  outcomes(reply, of, by).orders.flatMap(({ devices }) => devices);
const query = (document: unknown) => devicesOf(http(200, document), 'query', accepted);
const succeeded = (deviceId: string) => ({
  deviceId,
  outcome: 'succeeded',
  providerRecordId: `${customer}/${stamp}-1/guid-${deviceId}`,
});
const unknown = (deviceId: string) => ({ deviceId, outcome: 'unknown' });

describe('an answer to a new batch', () => {
  const path = `/customers/${customer}/batchJobStatus/${trackingId}`;
  test.each<[string, ProviderReply]>([
    ['202 with Location', { ...http(202), location: path }],
    ['a whole address', { ...http(202), location: `https://api.partnercenter.microsoft.com/v1${path}` }],
    ['other letter case', { ...http(202), location: path.toLowerCase().replace('beba', 'BEBA') }],
    ['over the spool', json({ location: path })],
    ['over the spool, with its status', json({ status: 202, Location: path })],
    ['the status at once, not begun', json(batch('queued'))],
    ['the status at once, at work', json(batch('processing', A))],
  ])('accepted: %s', (_what, reply) => {
    expect(format.readAnswer(reply, 'request', sent)).toEqual({
      kind: 'accepted',
      providerTransactionId: trackingId,
    });
  });

  test('the final status at once is the result', () => {
    const devices = devicesOf(json(batch('finished', A, B, C)), 'request', sent);
    expect(devices).toEqual([succeeded('A'), succeeded('B'), succeeded('C')]);
  });

  test.each<[string, ProviderReply]>([
    ['202 without Location', http(202)],
    ['Location of something else', { ...http(202), location: `/customers/${customer}/orders/1` }],
    ['Location with a tail', { ...http(202), location: `${path}/../../x` }],
    ['at work, without a tracking id', json({ status: 'queued' })],
    ['an error beside success', http(200, { code: '1000', description: 'x' })],
    ['a page of a gateway', { status: 502, content: { kind: 'other' } }],
    ['404 without a body', http(404)],
    ['nothing', json({})],
    ['a list', json([])],
    ['null', json(null)],
  ])('not known: %s', (_what, reply) => {
    expect(() => format.readAnswer(reply, 'request', sent)).toThrow(unknownAnswer);
  });

  test.each<[string, ProviderReply, string, string | RegExp]>([
    [
      'its own words',
      http(400, { code: 800002, description: 'SerialNumber fehlt' }),
      '800002',
      'SerialNumber fehlt',
    ],
    ['no words', http(400, { code: '3000', description: '' }), '3000', /property of the request/],
    ['a code that nobody knows', http(409, { code: '4711', description: 'exists' }), '4711', 'exists'],
    ['over the spool', json({ code: '60003', description: 'Tenant' }), '60003', 'Tenant'],
    ['over the spool, by its status', json({ status: 429 }), 'HTTP-429', /too many requests/],
    ['too large, whatever the page', { status: 413, content: { kind: 'other' } }, 'HTTP-413', /too large/],
    ['denied, whatever the page', { status: 403, content: { kind: 'other' } }, 'HTTP-403', /permission/],
    [
      'not known to the customer, which is not our access',
      http(403, { code: 20002, description: 'x' }),
      '20002',
      'x',
    ],
    [
      '500 with a code',
      http(500, { code: '800003', description: 'y' }),
      'HTTP-500',
      /fault.*y \(code 800003\)/,
    ],
    [
      '503 with the code of something else',
      http(503, { code: '3000', description: 'y' }),
      'HTTP-503',
      /not available/,
    ],
    [
      'a fault that is not listed',
      http(507, { code: '3000', description: 'y' }),
      'HTTP-507',
      /fault.*\(code 3000\)/,
    ],
    ['400 as a code: no matter of access', http(400, { code: 400, description: 'z' }), '400', 'z'],
    ['401', http(401, { code: '400', description: 'z' }), 'HTTP-401', /token.*z \(code 400\)/],
  ])('refused: %s', (_what, reply, code, message) => {
    expect(format.readAnswer(reply, 'request', sent)).toEqual({
      kind: 'refused',
      errors: [{ code, message: typeof message === 'string' ? message : expect.stringMatching(message) }],
    });
  });
});

describe('the status of a batch', () => {
  test.each([
    ['queued, without devices', { status: 'queued', batchTrackingId: trackingId }],
    ['processing, devices null', { ...batch('processing'), devicesStatus: null }],
    ['processing, some missing', batch('processing', A, B)],
    ['finished, but one at work', batch('finished', A, B, { ...C, status: 'processing' })],
    ['the word of another page', batch('finished', A, B, { ...C, status: 'in-progress' })],
    ['unknown, error 0', batch('unknown', A, B, { ...C, status: 'unknown', errorCode: 0 })],
  ])('pending: %s', (_what, document) => {
    const answer = format.readAnswer(http(200, document), 'query', accepted);
    expect(answer).toEqual({ kind: 'pending', ids: { providerTransactionId: trackingId } });
  });

  test('all of it registered; the record is what a deletion needs', () => {
    expect(query(batch('finished', C, B, A))).toEqual([succeeded('A'), succeeded('B'), succeeded('C')]);
  });

  test('the outcome of each order', () => {
    const { orders, unexpected } = outcomes(http(200, batch('x', A, wrong(808), B)), 'query', accepted);
    expect(orders).toMatchObject([
      { orderId: 1, errors: [], settled: true },
      { orderId: 2, errors: [], settled: true, devices: [{ outcome: 'failed' }] },
    ]);
    expect(unexpected).toEqual([]);
  });

  test.each<[string, object, string, RegExp | string]>([
    [
      'a text as code',
      wrong('808', 'ZtdDeviceAssignedToOtherTenant'),
      '808',
      /^ZtdDeviceAssignedToOtherTenant: .*tenant/,
    ],
    ['a number as code', wrong(802, 'InvalidZtdHardwareHash'), '802', /^InvalidZtdHardwareHash: .*hash/],
    ['a name as code', wrong('StorageError'), 'StorageError', /store.*may pass/],
    [
      'no code, but the name of one',
      wrong(null, 'ZtdDeviceDuplicated'),
      'ZtdDeviceDuplicated',
      /more than once/,
    ],
    ['no code, own words', wrong('', 'Quelque chose.'), 'finished_with_errors', 'Quelque chose.'],
    ['nothing', wrong(undefined), 'finished_with_errors', /no reason/],
    ['a code that nobody knows', wrong('899', 'Etwas Neues.'), '899', 'Etwas Neues.'],
    ['a code beside a word that is not final', { ...wrong('808'), status: 'unknown' }, '808', /tenant/],
  ])('failed: %s', (_what, device, code, message) => {
    const error = { code, message: typeof message === 'string' ? message : expect.stringMatching(message) };
    expect(query(batch('finished', A, B, device))).toEqual([
      succeeded('A'),
      succeeded('B'),
      { deviceId: 'C', outcome: 'failed', errors: [error] },
    ]);
  });

  test.each<[string, object]>([
    ['missing from a finished batch', {}],
    ['registered, without its number: it could not be given back', { ...C, deviceId: null }],
    ['registered, with an error', { ...C, errorCode: '808' }],
    ['a word that nobody has reported', { ...C, status: 'done' }],
  ])('not settled: %s', (_what, device) => {
    expect(query(batch('finished', A, B, device))).toEqual([succeeded('A'), succeeded('B'), unknown('C')]);
  });

  test('two entries of one device that contradict each other settle nothing', () => {
    expect(query(batch('finished', A, B, C, wrong('808')))[2]).toEqual(unknown('C'));
    expect(query(batch('finished', A, B, C, C))[2]).toEqual(succeeded('C'));
  });

  test('one device stands alone where there would be a list; unknown fields are skipped', () => {
    const [single] = format.toRequests(documentOf(orderOf(1, [tuple('A')])), nothingEnrolled).requests;
    if (!single) throw new Error('no request');
    const reply = http(200, { ...batch('finished'), devicesStatus: { ...A, more: [1] }, more: {} });
    expect(devicesOf(reply, 'query', asked(single))).toEqual([succeeded('A')]);
  });

  test('a device of the batch that was never ours is told, one that is settled is not', () => {
    const open = { ...accepted, orders: accepted.orders.slice(1) };
    const stranger = { ...C, serialNumber: 'stranger' };
    const { orders, unexpected } = outcomes(http(200, batch('finished', A, B, C, stranger)), 'query', open);
    expect(orders).toEqual([{ orderId: 2, errors: [], devices: [succeeded('C')], settled: true }]);
    expect(unexpected).toEqual(['device STRANGER']);
  });

  test('a device known by its hash alone is the one of its batch', () => {
    const nameless = { deviceId: 'H', hardwareHash: 'T0FBQUVYQU1QTEU=' };
    const [single] = format.toRequests(documentOf(orderOf(1, [nameless])), nothingEnrolled).requests;
    if (!single) throw new Error('no request');
    const reply = http(200, batch('finished', { ...A, serialNumber: 'whatever Microsoft knows' }));
    const [order] = outcomes(reply, 'query', asked(single)).orders;
    expect(order?.devices).toEqual([{ ...succeeded('A'), deviceId: 'H' }]);
  });

  test.each<[string, ProviderReply, string]>([
    ['not known', http(404, { code: '1000', description: '' }), '1000'],
    ['busy', http(429), 'HTTP-429'],
    ['denied', http(403, { code: '2032', description: '' }), 'HTTP-403'],
  ])('the question is refused: %s', (_what, reply, code) => {
    const answer = format.readAnswer(reply, 'query', accepted);
    expect(answer).toMatchObject({ kind: 'query-refused', ids: {}, errors: [{ code }] });
  });

  test('an answer without a name of ours is found by its tracking id', () => {
    const nobody = {
      ...sent,
      transactionId: '',
      message: { ...sent.message, path: '/', content: '' },
      orders: [],
    };
    expect(format.readAnswer(json(batch('finished', A)), 'query', nobody)).toMatchObject({
      ids: { providerTransactionId: trackingId },
    });
  });
});

describe('the devices of a batch', () => {
  const list = (...items: readonly object[]) => ({ totalCount: items.length, items });
  const listed = {
    A: { id: 'guid-A', serialNumber: 'ser-A' },
    B: { id: 'guid-B', productKey: '0034567890123' },
    C: { id: 'guid-C', serialNumber: 'ser-c' },
  };
  const reconcile = (document: unknown, by: AskedRequest) =>
    devicesOf(http(200, document), 'reconciliation', by);
  const onlyC = (by: AskedRequest): AskedRequest => ({ ...by, orders: by.orders.slice(1) });

  test.each([
    ['a collection', list(listed.A, listed.B, listed.C)],
    ['a bare list', [listed.C, listed.B, listed.A]],
  ])('listed is registered: %s', (_what, document) => {
    for (const by of [sent, accepted]) {
      expect(reconcile(document, by)).toEqual([succeeded('A'), succeeded('B'), succeeded('C')]);
    }
  });

  test('listed without its number is registered, and the record has none', () => {
    const record = { ...succeeded('C'), providerRecordId: `${customer}/${stamp}-1` };
    expect(reconcile(list({ serialNumber: 'ser-C' }), onlyC(accepted))).toEqual([record]);
  });

  test('after an acknowledgement, not listed is 806', () => {
    const devices = reconcile(list(listed.A, listed.B), accepted);
    expect(devices[2]).toEqual({
      deviceId: 'C',
      outcome: 'failed',
      errors: [
        { code: '806', message: expect.stringMatching(/this customer already.*not by this batch.*portal/) },
      ],
    });
    expect(reconcile(list(), onlyC(accepted))).toMatchObject([
      { outcome: 'failed', errors: [{ code: '806' }] },
    ]);
  });

  test('after an acknowledgement, no such batch is a batch without devices: it is not sent for ever', () => {
    const reply = http(404, { code: '1000', description: 'Not found' });
    expect(devicesOf(reply, 'reconciliation', onlyC(accepted))).toMatchObject([
      { deviceId: 'C', outcome: 'failed', errors: [{ code: '806' }] },
    ]);
  });

  test.each([
    ['no such batch', http(404, { code: '1000', description: 'Not found' })],
    ['no such batch, over the spool', json({ status: 404 })],
    ['no such customer', http(404, { code: '60003', description: 'Tenant' })],
    ['a batch without any of them', http(200, list({ id: 'x', serialNumber: 'stranger' }))],
    ['a batch without devices', http(200, list())],
  ])('without an acknowledgement, %s: it was never done', (_what, reply) => {
    expect(format.readAnswer(reply, 'reconciliation', sent)).toEqual({ kind: 'not-found' });
  });

  test('without an acknowledgement, a part of the batch is all that there will be', () => {
    expect(reconcile(list(listed.A, listed.B), sent)).toEqual([
      succeeded('A'),
      succeeded('B'),
      {
        deviceId: 'C',
        outcome: 'failed',
        errors: [{ code: 'not_in_batch', message: expect.stringMatching(/without this device/) }],
      },
    ]);
  });

  test.each([
    ['by its count', { totalCount: 3, items: [listed.A] }],
    ['by its token', { items: [listed.A], continuationToken: 'next' }],
  ])('a list that goes on tells nothing of what is not in it: %s', (_what, document) => {
    for (const by of [sent, accepted]) {
      expect(reconcile(document, by)).toEqual([succeeded('A'), unknown('B'), unknown('C')]);
    }
  });

  test('the question is refused', () => {
    expect(format.readAnswer(http(401), 'reconciliation', sent)).toMatchObject({
      kind: 'query-refused',
      errors: [{ code: 'HTTP-401' }],
    });
  });

  test.each([{}, [], { items: 'secret' }, { items: [['secret']] }, { devices: [] }])(
    'not known, and not quoted: %j',
    (document) => {
      const fault = expect.objectContaining({
        code: 'UNKNOWN_ANSWER',
        message: expect.not.stringContaining('secret'),
      });
      expect(() => format.readAnswer(http(200, document), 'reconciliation', sent)).toThrow(fault);
    },
  );
});

test.each([
  null,
  {},
  [],
  { kind: 'status', document: {} },
  { kind: 'devices' },
  { kind: 'sheet', verdicts: [1] },
])('a result that is none: %j', (result) => {
  expect(() => format.toOutcomes(result, 'query', accepted)).toThrow(unknownAnswer);
});
