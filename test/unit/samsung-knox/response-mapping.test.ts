import { describe, expect, test } from '@jest/globals';

import { samsungKnox } from '../../../daemons/adaptor/providers/samsung-knox/samsung-knox.ts';
import type { AnswerContent } from '../../../daemons/adaptor/providers/provider-format.ts';
import {
  answerIn,
  byImei,
  bySerial,
  documentOf,
  enrolments,
  imeis,
  onlyRequest,
  orderOf,
  outcomesIn,
  asked,
  settingsWith,
  stamp,
} from './examples.ts';

const [first, second, third] = imeis;
const request = onlyRequest(orderOf(1, byImei(first, second)));
const transactionId = `${stamp}-1`;
const ids = { transactionId };
const format = samsungKnox(settingsWith());

const alreadyThere = {
  code: 4092100,
  message: 'RESELLER_DEVICE_ALREADY_EXISTS',
  data: 'device already exists',
};
const customerUnknown = { code: 4042104, message: 'CUSTOMER_NOT_FOUND' };
const complete = (...devices: readonly object[]) => ({
  transactionId,
  state: 'Complete',
  type: 'Put',
  devices,
});
const inList = (...transactions: readonly object[]) => ({
  totalCount: transactions.length,
  totalPage: 1,
  pageNum: 0,
  transactions,
});

const unknownAnswer = expect.objectContaining({ code: 'UNKNOWN_ANSWER' });

describe('answers to a request', () => {
  test.each([
    ['Gen1', { transactionId, state: 'Progress', code: 2000000, message: 'SUCCESS' }],
    ['the code as a text', { transactionId, state: 'Progress', code: '2000000', message: 'SUCCESS' }],
    ['no state', { transactionId, code: '2000000', message: 'SUCCESS' }],
    ['no id and no code', { state: ' PROGRESS ' }],
    ['sent again, and known', { transactionId, code: 4092199, message: 'TRANSACTION_ALREADY_EXISTS' }],
  ])(
    'complaint "accepted taken for enrolled": %s is accepted, by our own id, and no more',
    (_what, document) => {
      expect(answerIn(document, 'request', request)).toEqual({
        kind: 'accepted',
        providerTransactionId: transactionId,
      });
    },
  );

  test.each([
    ['Gen1', { transactionId, state: 'Rejected', ...customerUnknown, data: '...' }, '4042104'],
    ['Gen2', { errorId: 'b2f0c1', code: 40400001, message: 'RESELLER_NOT_FOUND' }, '40400001'],
    ['a code as a text', { errorId: 'b2f0c1', code: '40000011', message: 'CUSTOMER_ID_INVALID' }, '40000011'],
    ['without errorId', { code: 4012250, message: 'ACCESS_TOKEN_BAD_REQUEST' }, '4012250'],
    ['a code that is not listed', { code: 40000999 }, '40000999'],
    ['another conflict', { ...alreadyThere }, '4092100'],
    ['another fault of a transaction', { code: 40000998, message: 'TRANSACTION_ID_INVALID' }, '40000998'],
    ['a title and no code', { state: 'Rejected', message: 'TOO_LONG' }, 'TOO_LONG'],
    ['no code', { transactionId, state: 'rejected' }, 'Rejected'],
    ['the code of success', { state: 'Rejected', code: 2000000, message: 'SUCCESS' }, 'Rejected'],
  ])('a rejection, %s', (_what, document, code) => {
    const answer = answerIn(document, 'request', request);
    expect(answer).toEqual({
      kind: 'refused',
      errors: [{ code, message: expect.stringMatching(/\w+ \w+/) }],
    });
  });

  test('a rejection that names the devices at fault is their result', () => {
    const devices = [{ imei: first, ...alreadyThere }, { imei: second }];
    const document = { transactionId, state: 'Rejected', ...customerUnknown, devices };
    expect(answerIn(document, 'request', request).kind).toBe('result');
    expect(outcomesIn(document, request)).toEqual({ D1: '4092100', D2: '4042104' });
  });

  test('an answer that is complete at once is a result', () => {
    expect(answerIn(complete({ imei: first }), 'request', request)).toMatchObject({ kind: 'result', ids });
  });

  test.each([
    ['of another transaction', { transactionId: 'other', state: 'Progress', code: 2000000 }],
    ['refused, of another transaction', { transactionId: 'other', state: 'Rejected', ...customerUnknown }],
    ['in progress with an error', { transactionId, state: 'Progress', ...customerUnknown }],
    ['a state that nobody has reported', { transactionId, state: 'Paused', code: 2000000 }],
    ['a title alone', { message: 'SUCCESS' }],
    ['a list', { ...inList(complete({ imei: first })), code: 2000000 }],
  ])('not understood: %s', (_what, document) => {
    expect(() => answerIn(document, 'request', request)).toThrow(unknownAnswer);
  });
});

describe('answers to a question', () => {
  test.each(['query', 'reconciliation'] as const)('%s: still at work', (of) => {
    const progress = { transactionId, state: 'Progress', code: 2000000, message: 'SUCCESS' };
    expect(answerIn(progress, of, request)).toEqual({ kind: 'pending', ids });
    expect(answerIn(inList(progress), of, request)).toEqual({ kind: 'pending', ids });
    expect(answerIn(inList(complete({ imei: first }), progress), of, request)).toEqual({
      kind: 'pending',
      ids,
    });
  });

  test.each(['query', 'reconciliation'] as const)('%s: a result, in both generations', (of) => {
    const document = complete({ imei: first });
    expect(answerIn(document, of, request)).toEqual({ kind: 'result', ids, result: document });
    expect(answerIn(inList(document), of, request)).toEqual({
      kind: 'result',
      ids,
      result: inList(document),
    });
  });

  test.each([
    ['an empty list', inList()],
    ['a count alone', { totalCount: 0, pageNum: 0 }],
    [
      'as Gen1 rejects',
      { transactionId, state: 'Rejected', code: 4042120, message: 'TRANSACTION_NOT_FOUND' },
    ],
    ['a code that says so', { errorId: 'e', code: 40400077, message: 'TRANSACTION_NOT_FOUND' }],
  ])('%s: Knox does not know the request', (_what, document) => {
    expect(answerIn(document, 'reconciliation', request)).toEqual({ kind: 'not-found' });
    expect(answerIn(document, 'query', request)).toEqual({ kind: 'not-found' });
  });

  test.each([
    { code: 40400001, message: 'RESELLER_NOT_FOUND' },
    { code: 4042104, message: 'CUSTOMER_NOT_FOUND' },
    { code: 40400078, message: '' },
    { code: 40000078, message: 'TRANSACTION_ID_INVALID' },
    { code: 4012250, message: 'ACCESS_TOKEN_BAD_REQUEST' },
    { code: 50000000, message: 'INTERNAL_SERVER_ERROR' },
  ])('$code $message says nothing of the transaction: it is not sent again', (document) => {
    // Gen1 may put an error of the question as it puts a rejection; the transaction is not rejected by it.
    const rejected = { ...document, transactionId, state: 'Rejected' };
    expect(answerIn(rejected, 'query', request, 500)).toMatchObject({ kind: 'query-refused' });
    expect(answerIn(rejected, 'query', request, 200)).toMatchObject({ kind: 'result' });
    for (const question of ['query', 'reconciliation'] as const) {
      expect(answerIn(document, question, request)).toEqual({
        kind: 'query-refused',
        ids,
        errors: [{ code: String(document.code), message: expect.any(String) }],
      });
    }
  });

  test('a list that is empty on this page only does not say that nothing is known', () => {
    const document = { totalCount: 7, totalPages: 2, transactions: [] };
    expect(() => answerIn(document, 'reconciliation', request)).toThrow(unknownAnswer);
  });

  test('rejected after it had been accepted: every device failed', () => {
    const document = inList({
      transactionId,
      state: 'Rejected',
      ...customerUnknown,
      devices: [{ imei: first }],
    });
    expect(outcomesIn(document, request)).toEqual({ D1: '4042104', D2: '4042104' });
  });

  test.each([
    ['of another transaction', { ...complete({ imei: first }), transactionId: 'other' }],
    ['a list of others', inList({ ...complete({ imei: first }), transactionId: 'other' })],
    ['a state that nobody has reported', { ...complete({ imei: first }), state: 'Paused' }],
    [
      'a list of devices without a state',
      { code: '2000000', message: 'SUCCESS', devices: [{ imei: first }] },
    ],
  ])('not understood: %s', (_what, document) => {
    expect(() => answerIn(document, 'query', request)).toThrow(unknownAnswer);
    expect(() => format.toOutcomes(document, 'query', request)).toThrow(unknownAnswer);
  });

  test('a transaction that is still at work has no outcomes', () => {
    expect(() => format.toOutcomes({ transactionId, state: 'Progress' }, 'query', request)).toThrow(
      unknownAnswer,
    );
  });
});

describe('outcomes', () => {
  test('complaint "the state is Complete": only the device with an error has failed', () => {
    const document = inList(complete({ imei: first }, { imei: second, ...alreadyThere }));
    expect(outcomesIn(document, request)).toEqual({ D1: 'succeeded', D2: '4092100' });
  });

  test('the error has Knox’s words and ours: the device may be enrolled already', () => {
    const { orders } = format.toOutcomes(complete({ imei: first, ...alreadyThere }), 'query', request);
    expect(orders[0]?.devices[0]).toEqual({
      deviceId: 'D1',
      outcome: 'failed',
      errors: [
        {
          code: '4092100',
          message:
            'RESELLER_DEVICE_ALREADY_EXISTS: device already exists. The device stands in a Knox inventory already; ' +
            'it may be enrolled for this very customer, which Knox does not tell us (what the provider has on file ' +
            'is to be settled first).',
        },
      ],
    });
  });

  test.each([
    ['no code', {}, 'succeeded'],
    ['a code of null', { code: null, message: null }, 'succeeded'],
    ['the code of success as a number', { code: 2000000, message: 'SUCCESS' }, 'succeeded'],
    ['the code of success as a text', { code: '2000000' }, 'succeeded'],
    ['the title of success', { message: 'SUCCESS' }, 'succeeded'],
    ['a code as a text', { code: '40000004' }, '40000004'],
    ['a title alone', { message: 'DEVICE_INVALID' }, 'DEVICE_INVALID'],
    ['a sentence alone', { message: 'The device is bad.' }, 'NO_CODE'],
    ['a code that is not listed', { code: 99 }, '99'],
  ])('a device with %s', (_what, error, outcome) => {
    expect(outcomesIn(complete({ imei: first, ...error }, { imei: second }), request)).toEqual({
      D1: outcome,
      D2: 'succeeded',
    });
  });

  test('a device that is missing is not settled, and its order neither', () => {
    const { orders } = format.toOutcomes(complete({ imei: second }), 'query', request);
    expect(orders).toEqual([
      {
        orderId: 1,
        errors: [],
        devices: [
          { deviceId: 'D1', outcome: 'unknown' },
          { deviceId: 'D2', outcome: 'succeeded' },
        ],
        settled: false,
      },
    ]);
    expect(format.toOutcomes({ transactionId, state: 'Complete' }, 'query', request).orders[0]?.settled).toBe(
      false,
    );
  });

  test('further pages leave what they hold unsettled, and are noted', () => {
    const document = { ...inList(complete({ imei: first })), totalPages: '3', totalPage: undefined };
    expect(outcomesIn(document, request)).toEqual({ D1: 'succeeded', D2: 'unknown' });
    const { unexpected } = format.toOutcomes(document, 'query', request);
    expect(unexpected).toEqual(['2 further pages of the answer']);
  });

  test('a device that is named with an error and without is not settled', () => {
    const document = complete(
      { imei: first },
      { imei: first, ...alreadyThere },
      { imei: second },
      { imei: second },
    );
    expect(outcomesIn(document, request)).toEqual({ D1: 'unknown', D2: 'succeeded' });
  });

  test('complaint "an object where an array was expected": one device, one transaction', () => {
    const single = onlyRequest(orderOf(1, byImei(first)));
    const document = { transactions: { transactionId, state: 'Complete', devices: { imei: first } } };
    expect(outcomesIn(document, single)).toEqual({ D1: 'succeeded' });
  });

  test('complaint "only the first of the answer read": the devices of every transaction of ours', () => {
    const document = inList(
      { ...complete({ imei: third }), transactionId: 'other' },
      complete({ imei: first }),
      complete({ imei: second, ...alreadyThere }),
    );
    expect(outcomesIn(document, request)).toEqual({ D1: 'succeeded', D2: '4092100' });
  });

  test('several orders in one request, in any order', () => {
    const document = documentOf(orderOf(1, byImei(first)), orderOf(2, byImei(second)));
    const [both] = format.toRequests(document, enrolments()).requests;
    if (!both) throw new Error('no request');
    const answer = complete({ imei: second, ...alreadyThere }, { imei: first });
    const { orders } = format.toOutcomes(answer, 'query', asked(both));
    expect(orders.map(({ orderId, devices }) => [orderId, devices[0]?.outcome])).toEqual([
      [1, 'succeeded'],
      [2, 'failed'],
    ]);
  });

  test('serial numbers are matched as they are written', () => {
    const serials = onlyRequest(orderOf(1, bySerial('R58a', 'R58B')));
    const document = complete({ serialNumber: ' R58a ' }, { serialNumber: 'R58b' });
    expect(outcomesIn(document, serials)).toEqual({ S1: 'succeeded', S2: 'unknown' });
    expect(format.toOutcomes(document, 'query', serials).unexpected).toEqual(['device SN:R58b']);
  });

  test('an identifier of the other kind is another device', () => {
    const digits = onlyRequest(orderOf(1, bySerial(first)));
    expect(outcomesIn(complete({ imei: first }), digits)).toEqual({ S1: 'unknown' });
  });

  test('devices that were not asked for are noted, by every name', () => {
    const document = complete(
      { imei: first, serialNumber: 'R0' },
      { imei: third, serialNumber: 'R1' },
      { imei: '' },
    );
    const { orders, unexpected } = format.toOutcomes(document, 'query', request);
    expect(orders[0]?.devices).toEqual([
      { deviceId: 'D1', outcome: 'succeeded' },
      { deviceId: 'D2', outcome: 'unknown' },
    ]);
    expect(unexpected).toEqual([`device IMEI:${third} SN:R1`]);
  });
});

describe('what is no answer of Knox', () => {
  const contents: AnswerContent[] = [
    { kind: 'empty' },
    { kind: 'other' },
    { kind: 'csv', bytes: Buffer.from('Device,Result,Error\r\n') },
    ...[null, undefined, 1, 'secret', [], [[]], {}, { transactions: 'secret' }, { state: ['secret'] }].map(
      (document) => ({ kind: 'json', document }) as const,
    ),
  ];

  test.each(contents)('%j is refused, and not quoted', (content) => {
    for (const question of ['request', 'query', 'reconciliation'] as const) {
      const read = () => format.readAnswer({ content }, question, request);
      expect(read).toThrow(unknownAnswer);
      expect(read).toThrow(expect.objectContaining({ message: expect.not.stringContaining('secret') }));
    }
  });
});
