import { describe, expect, test } from '@jest/globals';

import { apple } from '../../../daemons/adaptor/providers/apple/apple.ts';
import { appleErrors } from '../../../daemons/adaptor/providers/apple/error-catalogue.ts';
import type {
  AskedRequest,
  DeviceOutcome,
  OrderOutcome,
  ProviderReply,
  Question,
  RequestedOrder,
} from '../../../daemons/adaptor/providers/provider-format.ts';
import { askedOf, documentOf, json, map, orderOf, settingsWith, voidOf } from './examples.ts';

const format = apple(settingsWith());
const [sent] = map(documentOf([orderOf(7, ['KX1', 'KX2']), voidOf(8)])).requests;
if (!sent) throw new Error('no request');
const asked = askedOf(sent);
const readAnswer = (document: unknown, of: Question) => format.readAnswer(json(document), of, asked);
/** Of some of the orders; the others were settled by an earlier answer. */
const toOutcomes = (result: unknown, orders: readonly RequestedOrder[], request: AskedRequest = asked) =>
  format.toOutcomes(result, 'query', { ...request, orders });

const trackingId = 'c7d1a9e4-90b2-4d55-8a11-3f0e6c2b7a90_1777900000001';
const traceId = '11f0c3d2-55aa-4be1-9c77-aa01bb02cc03-1777900000002';
const unknownAnswer = expect.objectContaining({ code: 'UNKNOWN_ANSWER' });
const error = (code: string, message = 'why') => ({ code, message });
const appleError = (errorCode: unknown, errorMessage = 'why') => ({ errorCode, errorMessage });

describe('an answer to a request', () => {
  const acknowledged = { statusCode: 'SUCCESS', statusMessage: 'in Warteschlange' };

  test.each<[string, unknown]>([
    ['as documented', { deviceEnrollmentTransactionId: trackingId, enrollDevicesResponse: acknowledged }],
    [
      'keys in another order',
      { enrollDevicesResponse: acknowledged, deviceEnrollmentTransactionId: trackingId },
    ],
    ['spelled ID', { deviceEnrollmentTransactionID: trackingId, enrollDevicesResponse: acknowledged }],
    [
      'blanks',
      { deviceEnrollmentTransactionId: ` ${trackingId}`, enrollDevicesResponse: { statusCode: ' SUCCESS ' } },
    ],
    ['no acknowledgement beside the id', { deviceEnrollmentTransactionId: trackingId }],
    [
      'T01: unknown keys',
      { deviceEnrollmentTransactionId: trackingId, enrollDevicesResponse: acknowledged, more: 1 },
    ],
    ['alone in a list', [{ deviceEnrollmentTransactionId: trackingId, enrollDevicesResponse: acknowledged }]],
  ])('accepted: %s', (_what, document) => {
    expect(readAnswer(document, 'request')).toEqual({ kind: 'accepted', providerTransactionId: trackingId });
  });

  test.each<[string, unknown, ReturnType<typeof error>[]]>([
    ['one error', { enrollDeviceErrorResponse: appleError('GRX-1056') }, [error('GRX-1056')]],
    ['a list of one', { enrollDeviceErrorResponse: [appleError('DEP-ERR-3002')] }, [error('DEP-ERR-3002')]],
    [
      'several errors',
      { enrollDeviceErrorResponse: [appleError('DEP-ERR-3001'), appleError('DEP-ERR-3004', 'et ceci')] },
      [error('DEP-ERR-3001'), error('DEP-ERR-3004', 'et ceci')],
    ],
    ['a bare error', { ...appleError('GRX-50072'), transactionId: traceId }, [error('GRX-50072')]],
    [
      'a bare error in a list',
      [{ ...appleError('GRX-50072'), transactionId: traceId }],
      [error('GRX-50072')],
    ],
    ['a code that is a number', { enrollDeviceErrorResponse: appleError(50072) }, [error('50072')]],
    ['blanks around the code', { enrollDeviceErrorResponse: appleError(' GRX-1000 ') }, [error('GRX-1000')]],
    [
      'a code that nobody knows',
      { enrollDeviceErrorResponse: appleError('DEP-ERR-3999') },
      [error('DEP-ERR-3999')],
    ],
  ])('refused: %s', (_what, document, errors) => {
    expect(readAnswer(document, 'request')).toEqual({ kind: 'refused', errors });
  });

  test('refused without a text: the catalogue supplies one', () => {
    const answer = readAnswer({ enrollDeviceErrorResponse: { errorCode: 'GRX-1056' } }, 'request');
    const message = expect.stringContaining(appleErrors.lookUp('GRX-1056').meaning);
    expect(answer).toEqual({ kind: 'refused', errors: [{ code: 'GRX-1056', message }] });
  });

  test.each<[string, unknown]>([
    [
      'acknowledged with another word',
      { deviceEnrollmentTransactionId: trackingId, enrollDevicesResponse: { statusCode: 'FAILURE' } },
    ],
    [
      'accepted and refused at once',
      { deviceEnrollmentTransactionId: trackingId, enrollDeviceErrorResponse: appleError('GRX-1000') },
    ],
    [
      'acknowledged and refused at once',
      { enrollDevicesResponse: acknowledged, enrollDeviceErrorResponse: appleError('GRX-1000') },
    ],
    ['acknowledged without an id', { enrollDevicesResponse: acknowledged }],
    [
      'the answer to a question',
      { deviceEnrollmentTransactionID: trackingId, statusCode: 'COMPLETE', orders: [] },
    ],
    [
      'the refusal of a question',
      {
        deviceEnrollmentTransactionID: trackingId,
        checkTransactionErrorResponse: appleError('DEP-ERR-4003'),
      },
    ],
    ['an empty list of errors', { enrollDeviceErrorResponse: [] }],
    ['an error without a code', { enrollDeviceErrorResponse: { errorMessage: 'why' } }],
    ['nothing', {}],
    [
      'a list of two',
      [{ deviceEnrollmentTransactionId: trackingId }, { deviceEnrollmentTransactionId: trackingId }],
    ],
    ['an empty list', []],
    ['null', null],
    ['a text', 'SUCCESS'],
  ])('not known: %s', (_what, document) => {
    expect(() => readAnswer(document, 'request')).toThrow(unknownAnswer);
  });
});

test.each<[string, ProviderReply['content']]>([
  ['nothing', { kind: 'empty' }],
  ['a sheet', { kind: 'csv', bytes: Buffer.from('deviceId,Result\nKX1,OK\n') }],
  ['the page of a gateway', { kind: 'other' }],
])('not known: %s', (_what, content) => {
  for (const question of ['request', 'query', 'reconciliation'] as const) {
    expect(() => format.readAnswer({ status: 502, content }, question, asked)).toThrow(unknownAnswer);
  }
});

test.each([200, 400, 500])('the HTTP status %i tells nothing: the body does', (status) => {
  const refusal = { enrollDeviceErrorResponse: appleError('GRX-16001') };
  expect(format.readAnswer({ ...json(refusal), status }, 'request', asked)).toEqual({
    kind: 'refused',
    errors: [error('GRX-16001')],
  });
});

describe('an answer to a question', () => {
  const ids = { providerTransactionId: trackingId };
  const pending = appleError('DEP-ERR-4003');

  test.each<[string, unknown, object]>([
    ['one error', { deviceEnrollmentTransactionID: trackingId, checkTransactionErrorResponse: pending }, ids],
    ['a list', { checkTransactionErrorResponse: [pending], deviceEnrollmentTransactionId: trackingId }, ids],
    ['no id', { checkTransactionErrorResponse: [pending] }, {}],
    ['bare, with a trace id that is not ours', { ...pending, transactionId: traceId }, {}],
  ])('pending: %s', (_what, document, expectedIds) => {
    expect(readAnswer(document, 'query')).toEqual({ kind: 'pending', ids: expectedIds });
  });

  test.each<[string, unknown, ReturnType<typeof error>[]]>([
    ['one error', { checkTransactionErrorResponse: appleError('GRX-90004') }, [error('GRX-90004')]],
    ['a list', { checkTransactionErrorResponse: [appleError('DEP-ERR-4004')] }, [error('DEP-ERR-4004')]],
    ['bare', { ...appleError('GRX-50025'), transactionId: traceId }, [error('GRX-50025')]],
    [
      'pending and more',
      { checkTransactionErrorResponse: [pending, appleError('GRX-50001')] },
      [error('DEP-ERR-4003'), error('GRX-50001')],
    ],
  ])('refused: %s', (_what, document, errors) => {
    expect(readAnswer(document, 'query')).toEqual({ kind: 'query-refused', ids: {}, errors });
  });

  test.each<[string, Record<string, unknown>]>([
    ['complete', { statusCode: 'COMPLETE', orders: [{ orderNumber: '1', orderPostStatus: 'COMPLETE' }] }],
    [
      'complete with errors, a blank before the word',
      { statusCode: ' COMPLETE_WITH_ERRORS', orders: [{ orderNumber: 1 }] },
    ],
    ['error', { statusCode: 'ERROR', orders: [] }],
    ['no status of the whole', { orders: [{ orderNumber: '1' }] }],
    ['no orders', { statusCode: 'ERROR' }],
  ])('a result: %s', (_what, result) => {
    const document = { ...result, deviceEnrollmentTransactionID: trackingId, transactionId: 'ours-1' };
    expect(readAnswer(document, 'query')).toEqual({
      kind: 'result',
      ids: { ...ids, transactionId: 'ours-1' },
      result: document,
    });
  });

  test.each<[string, unknown]>([
    ['a word that nobody knows, and no orders', { statusCode: 'IN_PROGRESS' }],
    ['a result and an error at once', { statusCode: 'COMPLETE', checkTransactionErrorResponse: pending }],
    [
      'the answer to a request',
      { deviceEnrollmentTransactionId: trackingId, enrollDevicesResponse: { statusCode: 'SUCCESS' } },
    ],
    ['the refusal of a request', { enrollDeviceErrorResponse: appleError('GRX-1000') }],
    ['an order without a number', { statusCode: 'COMPLETE', orders: [{ orderPostStatus: 'COMPLETE' }] }],
    [
      'a device without an id',
      { orders: [{ orderNumber: '1', deliveries: [{ devices: [{ devicePostStatus: 'COMPLETE' }] }] }] },
    ],
    ['a status that is an object', { orders: [{ orderNumber: '1', orderPostStatus: {} }] }],
    ['a list of numbers', { orders: [1] }],
  ])('not known: %s', (_what, document) => {
    expect(() => readAnswer(document, 'query')).toThrow(unknownAnswer);
  });

  test('the fault names the place, never the content', () => {
    const document = {
      orders: [{ orderNumber: '1', deliveries: [{ devices: [{ deviceId: { secret: 'F00BAR' } }] }] }],
    };
    expect(() => readAnswer(document, 'query')).toThrow(
      expect.objectContaining({ detail: 'not as expected at orders.0.deliveries.0.devices.0.deviceId' }),
    );
  });
});

// Orders as we asked for them: two devices, and a void.
const order = {
  orderId: 7,
  orderNumber: '7',
  requestType: 'ORDER',
  devices: [
    { deviceId: 'D1', providerDeviceId: 'KX1' },
    { deviceId: 'D2', providerDeviceId: 'KX2' },
  ],
} as const;
const voided = { orderId: 8, orderNumber: '8', requestType: 'VOID', devices: [] } as const;

const ok = (deviceId: string): DeviceOutcome => ({ deviceId, outcome: 'succeeded' });
const unknown = (deviceId: string): DeviceOutcome => ({ deviceId, outcome: 'unknown' });
const failed = (deviceId: string, ...errors: ReturnType<typeof error>[]): DeviceOutcome => ({
  deviceId,
  outcome: 'failed',
  errors,
});
const ownWords = (code: string) => appleErrors.describe({ code, message: '' });

type Statuses = Record<string, unknown>;
const device = (deviceId: string, devicePostStatus?: unknown, devicePostStatusMessage?: string) => ({
  devicePostStatusMessage,
  devicePostStatus,
  deviceId,
});
const delivery = (deliveryPostStatus: unknown, devices?: unknown, more: Statuses = {}) => ({
  devices,
  deliveryNumber: 'DN',
  deliveryPostStatus,
  ...more,
});
const result = (
  statusCode: unknown,
  orderPostStatus: unknown,
  deliveries?: unknown,
  more: Statuses = {},
) => ({
  statusCode,
  orders: [{ orderNumber: '7', orderPostStatus, deliveries, ...more }],
});

describe('outcomes: walk down to the devices', () => {
  const partial = 'POSTED_WITH_ERRORS';
  const refusedDelivery = delivery('DEP-ERR-DL-4203', undefined, { deliveryPostStatusMessage: 'Versand' });

  test.each<[string, unknown, DeviceOutcome[]]>([
    [
      'complete',
      result('COMPLETE', 'COMPLETE', [
        delivery('COMPLETE', [device('KX2', 'COMPLETE'), device('KX1', 'COMPLETE')]),
      ]),
      [ok('D1'), ok('D2')],
    ],
    [
      'complete with errors',
      result('COMPLETE_WITH_ERRORS', partial, [
        delivery(partial, [device('KX1', 'DEP-ERR-DE-4303', '이미 등록됨'), device('KX2', 'COMPLETE')]),
      ]),
      [failed('D1', error('DEP-ERR-DE-4303', '이미 등록됨')), ok('D2')],
    ],
    [
      'error: every device refused',
      result('ERROR', 'ERROR', [
        delivery('ERROR', [device('KX1', 'DEP-ERR-DE-4305', 'x'), device('KX2', 'DEP-ERR-DE-4306')]),
      ]),
      [failed('D1', error('DEP-ERR-DE-4305', 'x')), failed('D2', ownWords('DEP-ERR-DE-4306'))],
    ],
    [
      'error of the delivery, no devices listed',
      result('ERROR', 'ERROR', [refusedDelivery]),
      [failed('D1', error('DEP-ERR-DL-4203', 'Versand')), failed('D2', error('DEP-ERR-DL-4203', 'Versand'))],
    ],
    [
      'one delivery refused, the other done',
      result('COMPLETE_WITH_ERRORS', partial, [
        delivery('COMPLETE', [device('KX1', 'COMPLETE')]),
        refusedDelivery,
      ]),
      [ok('D1'), failed('D2', error('DEP-ERR-DL-4203', 'Versand'))],
    ],
    [
      'deliveries over several entries of the order',
      {
        orders: [
          {
            orderNumber: '7',
            orderPostStatus: 'COMPLETE',
            deliveries: delivery('COMPLETE', device('KX1', 'COMPLETE')),
          },
          {
            orderNumber: '7',
            orderPostStatus: 'COMPLETE',
            deliveries: delivery('COMPLETE', device('KX2', 'COMPLETE')),
          },
        ],
      },
      [ok('D1'), ok('D2')],
    ],
    [
      'single things without a list, a number as order number, lower case, blanks',
      {
        statusCode: 'COMPLETE',
        orders: {
          orderNumber: 7,
          deliveries: delivery('COMPLETE', [device(' kx1 ', ' COMPLETE '), device('kx2', 4305, 'n')]),
        },
      },
      [ok('D1'), failed('D2', error('4305', 'n'))],
    ],
    [
      'a device succeeds by its own status, whatever is said above',
      result('ERROR', 'ERROR', [delivery('ERROR', [device('KX1', 'COMPLETE')])]),
      [ok('D1'), failed('D2', ownWords('ERROR'))],
    ],
    [
      'a missing device has the nearest enclosing error',
      result('COMPLETE_WITH_ERRORS', partial, [delivery('COMPLETE', [device('KX1', 'COMPLETE')])], {
        orderPostStatusMessage: 'en partie',
      }),
      [ok('D1'), failed('D2', error(partial, 'en partie'))],
    ],
    [
      'a device listed without a status likewise',
      result('COMPLETE_WITH_ERRORS', 'COMPLETE', [
        delivery(partial, [device('KX1'), device('KX2', 'COMPLETE')]),
      ]),
      [failed('D1', ownWords(partial)), ok('D2')],
    ],
    [
      'missing while all is complete',
      result('COMPLETE', 'COMPLETE', [delivery('COMPLETE', [device('KX1', 'COMPLETE')])]),
      [ok('D1'), unknown('D2')],
    ],
    [
      'missing, and it may have been in the delivery that is complete',
      result('COMPLETE', 'COMPLETE', [delivery('COMPLETE'), refusedDelivery]),
      [unknown('D1'), unknown('D2')],
    ],
    [
      'listed twice, once as a failure',
      result('COMPLETE', partial, [
        delivery('COMPLETE', [device('KX1', 'COMPLETE'), device('KX2', 'COMPLETE')]),
        delivery(partial, [device('KX2', 'DEP-ERR-DE-4303')]),
      ]),
      [ok('D1'), unknown('D2')],
    ],
    [
      'a word that nobody has reported',
      result('COMPLETE_WITH_ERRORS', partial, [
        delivery(partial, [device('KX1', 'IN_PROGRESS'), device('KX2', 'COMPLETE')]),
      ]),
      [unknown('D1'), ok('D2')],
    ],
    ['complete, and nothing below', result('COMPLETE', 'COMPLETE'), [unknown('D1'), unknown('D2')]],
    ['complete, and no orders', { statusCode: 'COMPLETE' }, [unknown('D1'), unknown('D2')]],
  ])('%s', (_what, document, devices) => {
    const settled = devices.every(({ outcome }) => outcome !== 'unknown');
    expect(toOutcomes(document, [order]).orders).toEqual([{ orderId: 7, errors: [], devices, settled }]);
  });

  test.each<[string, unknown, ReturnType<typeof error>]>([
    [
      'under a COMPLETE of the whole',
      result('COMPLETE', 'DEP-ERR-OR-4110', undefined, { orderPostStatusMessage: 'autre en-tête' }),
      error('DEP-ERR-OR-4110', 'autre en-tête'),
    ],
    ['without a text', result('ERROR', 'DEP-ERR-OR-4102', []), ownWords('DEP-ERR-OR-4102')],
    ['a word and no code', result('ERROR', 'ERROR'), ownWords('ERROR')],
    ['the order is missing', { statusCode: 'ERROR', orders: [] }, ownWords('ERROR')],
    ['the order says nothing', { statusCode: 'ERROR', orders: [{ orderNumber: '7' }] }, ownWords('ERROR')],
  ])('an error of the order fails every device: %s', (_what, document, reason) => {
    expect(toOutcomes(document, [order]).orders).toEqual([
      { orderId: 7, errors: [reason], devices: [failed('D1', reason), failed('D2', reason)], settled: true },
    ]);
  });

  test.each<[string, unknown, Partial<OrderOutcome>]>([
    [
      'done',
      { statusCode: 'COMPLETE', orders: [{ orderNumber: '8', orderPostStatus: 'COMPLETE' }] },
      { settled: true },
    ],
    [
      'done among others that failed',
      { statusCode: 'COMPLETE_WITH_ERRORS', orders: [{ orderNumber: '8', orderPostStatus: 'COMPLETE' }] },
      { settled: true },
    ],
    [
      'refused',
      {
        statusCode: 'COMPLETE',
        orders: [{ orderNumber: '8', orderPostStatus: 'DEP-ERR-OR-4109', orderPostStatusMessage: 'no' }],
      },
      { errors: [error('DEP-ERR-OR-4109', 'no')], settled: true },
    ],
    ['missing, the whole failed', { statusCode: 'ERROR' }, { errors: [ownWords('ERROR')], settled: true }],
    ['missing, the whole complete', { statusCode: 'COMPLETE' }, { settled: false }],
    [
      'a word that nobody has reported',
      { orders: [{ orderNumber: '8', orderPostStatus: 'QUEUED' }] },
      { settled: false },
    ],
  ])('a void follows from its order: %s', (_what, document, outcome) => {
    expect(toOutcomes(document, [voided]).orders).toEqual([
      { orderId: 8, errors: [], devices: [], ...outcome },
    ]);
  });

  test('every order and delivery of the answer is read, in any order', () => {
    const document = {
      orders: [
        { orderNumber: '8', orderPostStatus: 'COMPLETE' },
        {
          orderNumber: '7',
          deliveries: [delivery('', [device('KX2', 'COMPLETE')]), delivery('', [device('KX1', 'COMPLETE')])],
        },
      ],
      statusCode: 'COMPLETE',
    };
    expect(
      toOutcomes(document, [order, voided]).orders.map(({ orderId, settled }) => [orderId, settled]),
    ).toEqual([
      [7, true],
      [8, true],
    ]);
  });

  test('what belongs to no request of ours is named', () => {
    const document = {
      orders: [
        { orderNumber: '9', orderPostStatus: 'COMPLETE' },
        {
          orderNumber: '7',
          deliveries: [delivery('', [device('KX1', 'COMPLETE'), device('KX9', 'COMPLETE')])],
        },
      ],
    };
    expect(toOutcomes(document, [order]).unexpected).toEqual(['order 9', 'device KX9 of order 7']);
  });

  test('what an earlier answer settled is still ours, though it is not asked for any more', () => {
    const [first] = order.devices;
    const document = {
      orders: [
        { orderNumber: '8', orderPostStatus: 'COMPLETE' },
        {
          orderNumber: '7',
          deliveries: [delivery('', [device('KX1', 'COMPLETE'), device('KX2', 'COMPLETE')])],
        },
      ],
    };
    expect(toOutcomes(document, [{ ...order, devices: [first] }])).toEqual({
      orders: [{ orderId: 7, errors: [], devices: [ok('D1')], settled: true }],
      unexpected: [],
    });
  });

  test('two deliveries refused for the same reason give one error', () => {
    const document = result('ERROR', 'ERROR', [refusedDelivery, refusedDelivery]);
    expect(toOutcomes(document, [order]).orders[0]?.devices[0]).toEqual(
      failed('D1', error('DEP-ERR-DL-4203', 'Versand')),
    );
  });
});
