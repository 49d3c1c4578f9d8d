import { describe, expect, test } from '@jest/globals';

import { apple } from '../../../daemons/adaptor/providers/apple/apple.ts';
import type { Question } from '../../../daemons/adaptor/providers/provider-format.ts';
import { askedOf, documentOf, json, map, orderOf, settingsWith } from './examples.ts';

/**
 * What users of other clients of Apple's API complain about. A void with deliveries, a ship date before the order date and
 * a Sold-To as customer id are in the tests of the requests.
 */

const format = apple(settingsWith());
const [request] = map(documentOf([orderOf(7, ['KX1', 'KX2']), orderOf(8, ['KX3'])])).requests;
if (!request) throw new Error('no request');
const asked = askedOf(request);
const read = (document: unknown, of: Question) => format.readAnswer(json(document), of, asked);

function outcomesIn(document: unknown): Record<string, string[]> {
  const answer = read(document, 'query');
  if (answer.kind !== 'result') throw new Error(`it was read as ${answer.kind}`);
  const { orders } = format.toOutcomes(answer.result, 'query', asked);
  return Object.fromEntries(
    orders.map(({ orderId, devices }) => [
      orderId,
      devices.map((device) =>
        device.outcome === 'failed' ? (device.errors[0]?.code ?? '') : device.outcome,
      ),
    ]),
  );
}

const device = (deviceId: string, devicePostStatus = 'COMPLETE') => ({ deviceId, devicePostStatus });
const order = (orderNumber: string, ...deliveries: object[][]) => ({
  orderNumber,
  orderPostStatus: 'COMPLETE',
  deliveries: deliveries.map((devices) => ({ deliveryPostStatus: 'COMPLETE', devices })),
});

describe('complaint:', () => {
  test.each<[Question, string]>([
    ['request', 'enrollDeviceErrorResponse'],
    ['query', 'checkTransactionErrorResponse'],
    ['reconciliation', 'showOrderErrorResponse'],
  ])('"a single error as object, several as array: the client crashes or loses errors" (%s)', (of, key) => {
    const codes = (document: unknown) => {
      const answer = read(document, of);
      if (!('errors' in answer)) throw new Error(`it was read as ${answer.kind}`);
      return answer.errors.map(({ code }) => code);
    };
    const error = { errorCode: 'GRX-1056', errorMessage: 'x' };
    const other = { errorMessage: 'y', errorCode: 'GRX-90004' };
    expect(codes({ [key]: error })).toEqual(['GRX-1056']);
    expect(codes({ [key]: [error] })).toEqual(['GRX-1056']);
    expect(codes({ [key]: [error, other] })).toEqual(['GRX-1056', 'GRX-90004']);
  });

  test('"accepted taken for enrolled": an acceptance says nothing of any device', () => {
    const accepted = {
      deviceEnrollmentTransactionId: 'theirs-1',
      enrollDevicesResponse: { statusCode: 'SUCCESS', statusMessage: 'enrolled!' },
    };
    expect(read(accepted, 'request')).toEqual({ kind: 'accepted', providerTransactionId: 'theirs-1' });
    expect(() => read(accepted, 'query')).toThrow(expect.objectContaining({ code: 'UNKNOWN_ANSWER' }));
  });

  test('"only the first order and the first delivery of the answer are read"', () => {
    const document = {
      statusCode: 'COMPLETE_WITH_ERRORS',
      orders: [
        order('7', [device('KX1')], [device('KX2', 'DEP-ERR-DE-4301')]),
        order('8', [], [device('KX3')]),
      ],
    };
    expect(outcomesIn(document)).toEqual({ 7: ['succeeded', 'DEP-ERR-DE-4301'], 8: ['succeeded'] });
  });

  test('"statusCode COMPLETE, and the order carries an error code"', () => {
    const document = {
      statusCode: 'COMPLETE',
      orders: [{ orderNumber: '7', orderPostStatus: 'DEP-ERR-OR-4113' }, order('8', [device('KX3')])],
    };
    expect(outcomesIn(document)).toEqual({ 7: ['DEP-ERR-OR-4113', 'DEP-ERR-OR-4113'], 8: ['succeeded'] });
  });

  test.each(['DEP-ERR-DE-4304', 'DEP-ERR-DE-4305'])(
    '"the device was bought elsewhere earlier" (%s): a conflict of this one device',
    (code) => {
      const document = {
        statusCode: 'COMPLETE',
        orders: [order('7', [device('KX1', code), device('KX2')]), order('8', [device('KX3')])],
      };
      expect(outcomesIn(document)).toEqual({ 7: [code, 'succeeded'], 8: ['succeeded'] });
      expect(format.errors.lookUp(code).class).toBe('conflict');
    },
  );
});
