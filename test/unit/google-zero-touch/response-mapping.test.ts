import { describe, expect, test } from '@jest/globals';

import type { AskedRequest, Question } from '../../../daemons/adaptor/providers/provider-format.ts';
import {
  askedFor,
  claimed,
  devicesOf,
  enrolledAs,
  failure,
  flat,
  format,
  imeis,
  operationName,
  operationOf,
  orderOf,
  outcomesOf,
  read,
  returnOf,
  success,
  tablet,
} from './examples.ts';

const [first, second, third, fourth] = imeis;
const asked = askedFor([orderOf(7, devicesOf([{ imei: first, manufacturer: 'Google' }, tablet]))]);
const ids = { providerTransactionId: operationName };
const unknownAnswer = (message: unknown = expect.anything()) =>
  expect.objectContaining({ code: 'UNKNOWN_ANSWER', message });

describe('the answer to a request', () => {
  const queued = {
    name: operationName,
    metadata: { devicesCount: 2, processingStatus: 'BATCH_PROCESS_PENDING', progress: 0 },
  };

  test('complaint "Accepted taken for enrolled": an operation that was queued is accepted and nothing more', () => {
    const accepted = { kind: 'accepted', providerTransactionId: operationName };
    expect(read(queued, 'request', asked)).toEqual(accepted);
    expect(read({ ...queued, done: false }, 'request', asked)).toEqual(accepted);
  });

  test('an operation that is done at once is a result', () => {
    const document = operationOf([claimed({ imei: first }, success('11')), claimed(tablet, success('12'))]);
    expect(read(document, 'request', asked)).toMatchObject({ kind: 'result', ids });
    expect(flat(outcomesOf(document, asked, 'request'))).toEqual({ D1: 'succeeded 11', D2: 'succeeded 12' });
  });

  const detail = (type: string, content: object) => ({
    '@type': `type.googleapis.com/google.android.device.provisioning.v1.${type}`,
    ...content,
  });
  const refusal = (code: number, status: string | undefined, details?: unknown, message = 'nicht gut') => ({
    error: { code, message, ...(status && { status }), ...(details !== undefined && { details }) },
  });

  test.each([
    [
      'the code in the detail',
      refusal(400, 'INVALID_ARGUMENT', [detail('ErrorDetail', { code: 'INVALID_IMEI' })]),
      ['INVALID_IMEI'],
    ],
    [
      'several details',
      refusal(400, 'INVALID_ARGUMENT', [
        detail('ErrorDetail', { code: 'INVALID_IMEI' }),
        detail('ErrorDetail', { code: 'INVALID_MODEL' }),
      ]),
      ['INVALID_IMEI', 'INVALID_MODEL'],
    ],
    [
      'complaint "Single error as object": one detail',
      refusal(400, 'INVALID_ARGUMENT', detail('ErrorDetail', { code: 'INVALID_IMEI' })),
      ['INVALID_IMEI'],
    ],
    ['no details', refusal(429, 'RESOURCE_EXHAUSTED'), ['RESOURCE_EXHAUSTED']],
    ['another case', refusal(503, ' unavailable '), ['UNAVAILABLE']],
    [
      'details of other Google APIs',
      refusal(403, 'PERMISSION_DENIED', [
        { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'X', metadata: {} },
        { code: 7 },
        'text',
        null,
      ]),
      ['PERMISSION_DENIED'],
    ],
    [
      'NO_ERROR in the detail',
      refusal(500, 'INTERNAL', [detail('ErrorDetail', { code: 'NO_ERROR' })]),
      ['INTERNAL'],
    ],
    ['only an HTTP status', refusal(504, undefined), ['DEADLINE_EXCEEDED']],
    ['only an HTTP status that nobody knows', refusal(418, undefined), ['UNKNOWN']],
    ['too large', refusal(413, undefined), ['REQUEST_TOO_LARGE']],
  ])('a refusal with %s', (_what, document, codes) => {
    expect(read(document, 'request', asked)).toEqual({
      kind: 'refused',
      errors: codes.map((code) => ({ code, message: 'nicht gut' })),
    });
  });

  test('a refusal without a text gets ours', () => {
    const refused = read(refusal(401, 'UNAUTHENTICATED', undefined, ' '), 'request', asked);
    expect(refused).toMatchObject({
      errors: [{ message: expect.stringMatching(/access token is missing/) }],
    });
  });

  test.each([
    detail('TosError', { latestTosAccepted: false }),
    detail('TosError', {}),
    { latestTosAccepted: false },
  ])('new terms are no fault of the data, and the text tells where they are accepted: %j', (terms) => {
    const answer = read(refusal(403, 'PERMISSION_DENIED', [terms]), 'request', asked, 403);
    expect(answer).toEqual({
      kind: 'refused',
      errors: [
        { code: 'TosError', message: expect.stringMatching(/accepted: .*sign in to the reseller portal/) },
      ],
    });
    expect(format.errors.lookUp('TosError').class).toBe('config');
  });

  test('complaint "429, too many retries": passes by itself, like every failure of the server', () => {
    const codes = [429, 500, 503, 504].flatMap((status) => {
      const answer = read(refusal(status, undefined), 'request', asked, status);
      return answer.kind === 'refused'
        ? answer.errors.map(({ code }) => format.errors.lookUp(code).class)
        : [];
    });
    expect(codes).toEqual(['retry', 'retry', 'retry', 'retry']);
  });

  test('too large for the door, with a page instead of JSON, is to be split', () => {
    const answer = format.readAnswer({ status: 413, content: { kind: 'other' } }, 'request', asked);
    expect(answer).toMatchObject({ kind: 'refused', errors: [{ code: 'REQUEST_TOO_LARGE' }] });
    expect(format.errors.lookUp('REQUEST_TOO_LARGE').class).toBe('split');
    expect(() => format.readAnswer({ status: 413, content: { kind: 'other' } }, 'query', asked)).toThrow(
      unknownAnswer(),
    );
  });
});

describe('the answer to a question for the result', () => {
  test.each([
    ['queued', { name: operationName }],
    ['running', { name: operationName, done: false, metadata: { progress: 40 } }],
    [
      'progress 100 is not done',
      { name: operationName, metadata: { progress: 100, processingStatus: 'BATCH_PROCESS_PROCESSED' } },
    ],
  ])('%s: pending', (_what, document) => {
    expect(read(document, 'query', asked)).toEqual({ kind: 'pending', ids });
  });

  test('a result under a name of its own choice tells its operation, by which the request is found', () => {
    const message = { ...asked.message, stem: '', content: '' };
    const nobody = { transactionId: '', providerTransactionId: null, message, orders: [] };
    expect(read(operationOf([claimed(tablet, success())]), 'query', nobody)).toMatchObject({
      kind: 'result',
      ids,
    });
  });

  test('a refusal says nothing of the request', () => {
    const document = { error: { code: 401, message: 'x', status: 'UNAUTHENTICATED' } };
    expect(read(document, 'query', asked)).toEqual({
      kind: 'query-refused',
      ids: {},
      errors: [{ code: 'UNAUTHENTICATED', message: 'x' }],
    });
  });

  test.each([
    { code: 404, message: 'x', status: 'NOT_FOUND' },
    { code: 400, message: 'x', details: [{ '@type': 'x.ErrorDetail', code: 'INVALID_OPERATION_ID' }] },
  ])('an operation that Google has forgotten is over, and its devices are to be asked for: %j', (error) => {
    expect(flat(outcomesOf({ error }, asked))).toEqual({ D1: 'unknown', D2: 'unknown' });
  });
});

describe('the result of an operation', () => {
  test('one good, one bad, as in the reference', () => {
    const document = operationOf([
      claimed({ imei: first, manufacturer: 'Google' }, success('987654321')),
      claimed(tablet, failure('INVALID_MODEL', 'SINGLE_DEVICE_STATUS_INVALID_DEVICE_IDENTIFIER')),
    ]);
    const outcomes = outcomesOf(document, asked);
    expect(outcomes).toEqual({
      orders: [
        {
          orderId: 7,
          errors: [],
          devices: [
            { deviceId: 'D1', outcome: 'succeeded', providerRecordId: '987654321' },
            {
              deviceId: 'D2',
              outcome: 'failed',
              errors: [
                { code: 'INVALID_MODEL', message: 'nicht gut' },
                {
                  code: 'SINGLE_DEVICE_STATUS_INVALID_DEVICE_IDENTIFIER',
                  message: expect.stringMatching(/identifiers of the device are not valid/),
                },
              ],
            },
          ],
          settled: true,
        },
      ],
      unexpected: [],
    });
  });

  test('complaint "COMPLETE, and an error inside": processed does not mean that a device succeeded', () => {
    const document = operationOf([
      claimed({ imei: first }, failure('INVALID_IMEI')),
      claimed(tablet, failure('INVALID_SERIAL')),
    ]);
    // successCount is left out, because it is zero.
    expect(flat(outcomesOf(document, asked))).toEqual({ D1: 'INVALID_IMEI', D2: 'INVALID_SERIAL' });
  });

  test('complaint "Device bought elsewhere earlier": claimed by another customer', () => {
    const status = 'SINGLE_DEVICE_STATUS_SECTION_NOT_YOURS';
    const document = operationOf([
      claimed({ imei: first }, { status }),
      claimed(tablet, failure('INVALID_PARAMETER', status)),
    ]);
    expect(flat(outcomesOf(document, asked))).toEqual({ D1: status, D2: `INVALID_PARAMETER ${status}` });
    expect(format.errors.lookUp(status)).toEqual({
      class: 'conflict',
      meaning: expect.stringMatching(/another company/),
    });
    expect(outcomesOf(document, asked).orders[0]?.devices[0]).toMatchObject({
      errors: [{ message: expect.stringMatching(/claimed by another company/) }],
    });
  });

  test.each([
    ['OTHER_ERROR alone', { status: 'SINGLE_DEVICE_STATUS_OTHER_ERROR' }, 'SINGLE_DEVICE_STATUS_OTHER_ERROR'],
    ['OTHER_ERROR with its identifier', failure('INVALID_MEID'), 'INVALID_MEID'],
    ['an identifier without a status', { errorIdentifier: 'INVALID_MEID' }, 'INVALID_MEID'],
    [
      'NO_ERROR beside a status',
      failure('NO_ERROR', 'SINGLE_DEVICE_STATUS_INVALID_TOKEN'),
      'SINGLE_DEVICE_STATUS_INVALID_TOKEN',
    ],
    ['a status that is not in our list', { status: 'SINGLE_DEVICE_STATUS_NEW' }, 'SINGLE_DEVICE_STATUS_NEW'],
    ['success in another case', { status: ' single_device_status_success ' }, 'succeeded'],
    ['success beside NO_ERROR', { ...success(), errorIdentifier: 'NO_ERROR' }, 'succeeded'],
    ['no status', {}, 'unknown'],
    ['a status of value zero', { status: 'SINGLE_DEVICE_STATUS_UNSPECIFIED' }, 'unknown'],
    ['a number that lost its digits', { ...success(), deviceId: 9.87e20 }, 'succeeded'],
  ])('%s', (_what, result, outcome) => {
    const document = operationOf([claimed({ imei: first }, result), claimed(tablet, success('12'))]);
    expect(flat(outcomesOf(document, asked))).toEqual({ D1: outcome, D2: 'succeeded 12' });
  });

  test('devices are told by their identifiers, not by their place', () => {
    const document = operationOf([
      claimed({ ...tablet, manufacturer: 'google', model: 'PIXEL TABLET' }, success('12')),
      claimed({ imei: first.slice(0, 14) }, failure('INVALID_IMEI')),
    ]);
    expect(flat(outcomesOf(document, asked))).toEqual({ D1: 'INVALID_IMEI', D2: 'succeeded 12' });
  });

  test('a serial number in another case is another device', () => {
    const other = { ...tablet, serialNumber: tablet.serialNumber.toUpperCase() };
    const outcomes = outcomesOf(operationOf([claimed(other, success('12'))]), asked);
    expect(flat(outcomes)).toEqual({ D1: 'unknown', D2: 'unknown' });
    expect(outcomes.unexpected).toEqual(['device serial:ZX8TEST01/google/pixel tablet']);
  });

  test('without identifiers the place counts, if the list is as long as that of the request', () => {
    const results = [claimed(undefined, failure('INVALID_IMEI')), claimed(undefined, success('12'))];
    expect(flat(outcomesOf(operationOf(results), asked))).toEqual({ D1: 'INVALID_IMEI', D2: 'succeeded 12' });
    const shorter = outcomesOf(operationOf(results.slice(0, 1)), asked);
    expect(flat(shorter)).toEqual({ D1: 'unknown', D2: 'unknown' });
    expect(shorter.unexpected).toEqual(['device without identifiers']);
  });

  test('identifiers that nobody asked for are not made up for by the place', () => {
    const document = operationOf([claimed({ imei: fourth }, success('11')), claimed(tablet, success('12'))]);
    const outcomes = outcomesOf(document, asked);
    expect(flat(outcomes)).toEqual({ D1: 'unknown', D2: 'succeeded 12' });
    expect(outcomes.unexpected).toHaveLength(1);
  });

  test('the place is that in the request, which lists devices by their ids', () => {
    const devices = [
      { deviceId: 'D2', imei: second },
      { deviceId: 'D10', imei: first },
    ];
    const request = askedFor([orderOf(9, [{ deviceId: 'D5', imei: third }]), orderOf(7, devices)]);
    const results = ['1', '2', '3'].map((id) => claimed(undefined, success(id)));
    expect(flat(outcomesOf(operationOf(results), request))).toEqual({
      D10: 'succeeded 1',
      D2: 'succeeded 2',
      D5: 'succeeded 3',
    });
  });

  test('devices that Google could not read are missing: what became of them is unknown', () => {
    const document = operationOf([claimed(tablet, success('12'))], { metadata: { devicesCount: 1 } });
    expect(flat(outcomesOf(document, asked))).toEqual({ D1: 'unknown', D2: 'succeeded 12' });
    expect(outcomesOf(document, asked).orders[0]?.settled).toBe(false);
  });

  test.each([
    ['an empty response', { response: {} }],
    ['no response', { response: undefined }],
    ['an error of the whole', { response: undefined, error: { code: 13, message: 'x' } }],
  ])('%s settles nothing', (_what, changes) => {
    expect(flat(outcomesOf(operationOf([], changes), asked))).toEqual({ D1: 'unknown', D2: 'unknown' });
  });

  test('complaint "Single thing as object": one device that is no list', () => {
    const document = operationOf(claimed(tablet, success('12')));
    expect(flat(outcomesOf(document, asked))).toEqual({ D1: 'unknown', D2: 'succeeded 12' });
  });

  test.each([
    ['the same twice', success('11'), 'succeeded 11'],
    ['contradictions', failure('INVALID_IMEI'), 'unknown'],
  ])('a device that stands twice in the answer: %s', (_what, result, outcome) => {
    const twice = [claimed({ imei: first }, success('11')), claimed({ imei: first }, result)];
    expect(flat(outcomesOf(operationOf(twice), asked))).toMatchObject({ D1: outcome });
  });

  test('a device that was settled before is no surprise, and another is', () => {
    const [order] = asked.orders;
    const left: AskedRequest = {
      ...asked,
      orders: order ? [{ ...order, devices: order.devices.slice(1) }] : [],
    };
    const document = operationOf([
      claimed({ imei: first }, success('11')),
      claimed(tablet, success('12')),
      claimed({ imei: fourth }, success('13')),
    ]);
    const outcomes = outcomesOf(document, left);
    expect(flat(outcomes)).toEqual({ D2: 'succeeded 12' });
    expect(outcomes.unexpected).toEqual([`device imei:${fourth.slice(0, 14)}`]);
  });

  test('both IMEIs name a device', () => {
    const request = askedFor([orderOf(7, devicesOf([{ imei: first, imei2: second }]))]);
    const document = operationOf([claimed({ imei: second, imei2: first }, success('11'))]);
    expect(flat(outcomesOf(document, request))).toEqual({ D1: 'succeeded 11' });
  });
});

describe("the result of an unclaim by Google's numbers", () => {
  const enrolled = enrolledAs([
    ['D2', `imei:${second}`, '22'],
    ['D10', `imei:${first}`, '10'],
  ]);
  const listed = [
    { deviceId: 'D2', imei: second },
    { deviceId: 'D10', imei: first },
    { deviceId: 'D3', imei: third },
  ];
  const request = askedFor([returnOf(7, listed)], enrolled);
  const unclaimed = (unclaim: object, result: object) => ({
    unclaim: { ...unclaim, sectionType: 'SECTION_TYPE_ZERO_TOUCH' },
    result,
  });
  const document = operationOf([
    unclaimed({ deviceId: '22' }, failure('INVALID_DEVICE_ID')),
    unclaimed({ deviceIdentifier: { imei: third } }, success()),
    unclaimed({ deviceId: '10' }, success()),
  ]);

  test('the numbers tell the devices', () => {
    expect(flat(outcomesOf(document, request))).toEqual({
      D2: 'INVALID_DEVICE_ID',
      D10: 'succeeded',
      D3: 'succeeded',
    });
  });

  test('whatever order the store gives the devices in', () => {
    const turned = {
      ...request,
      orders: request.orders.map((order) => ({ ...order, devices: order.devices.toReversed() })),
    };
    expect(flat(outcomesOf(document, turned))).toEqual(flat(outcomesOf(document, request)));
  });

  test('once some of them are settled, a number tells nothing more, and is no surprise', () => {
    const [order] = request.orders;
    const left = {
      ...request,
      orders: order
        ? [{ ...order, devices: order.devices.filter(({ deviceId }) => deviceId !== 'D10') }]
        : [],
    };
    const outcomes = outcomesOf(document, left);
    expect(flat(outcomes)).toEqual({ D2: 'unknown', D3: 'succeeded' });
    expect(outcomes.unexpected).toEqual([]);
  });
});

describe('what is no answer', () => {
  const questions: Question[] = ['request', 'query', 'reconciliation'];

  test.each([
    null,
    1,
    'secret',
    [],
    [[]],
    { secret: 'secret' },
    { name: 'secret' },
    { name: 'operations/../secret' },
    { name: 'operations/a b?secret' },
    { name: operationName, done: 'secret' },
    { name: operationName, done: true, response: { perDeviceStatus: ['secret'] } },
    { error: 'secret' },
    { error: { code: { secret: 1 } } },
  ])('complaint "an object where an array was expected": %j is refused without quoting it', (document) => {
    for (const question of questions) {
      expect(() => read(document, question, asked)).toThrow(
        unknownAnswer(expect.not.stringContaining('secret')),
      );
    }
  });

  test.each([{ kind: 'empty' }, { kind: 'other' }, { kind: 'xml', root: {} as never }] as const)(
    'content of the kind $kind',
    (content) => {
      for (const question of questions) {
        expect(() => format.readAnswer({ status: 200, content }, question, asked)).toThrow(unknownAnswer());
      }
    },
  );

  test.each([
    undefined,
    null,
    {},
    { told: 'secret' },
    { told: [{ names: [], verdict: { kind: 'failed', errors: [] } }] },
  ])('a result that is none of ours: %j', (result) => {
    expect(() => format.toOutcomes(result, 'query', asked)).toThrow(
      unknownAnswer(expect.not.stringContaining('secret')),
    );
  });
});
