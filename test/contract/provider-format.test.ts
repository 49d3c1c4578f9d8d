import { describe, expect, test } from '@jest/globals';

import type { ProviderRequest } from '../../daemons/adaptor/providers/provider-format.ts';
import { formatOf, formats } from '../../daemons/adaptor/providers/registry.ts';
import type { RequestOrder } from '../../shared/generic/device-enrolment-request.ts';
import { documentOf, orderOf, settingsWith, voidOf } from '../unit/apple/examples.ts';

const returned = orderOf(3, ['SER3'], { requestType: 'RETURN', originalRequestId: 'R1' });
const replaced = orderOf(4, ['SER4'], { requestType: 'OVERRIDE', originalRequestId: 'R2' });
const orders: RequestOrder[] = [orderOf(1, ['SER1', 'SER2']), voidOf(2), returned, replaced];
const document = documentOf(orders);

/** What every provider format promises to the adaptor. A format needs settings that are its own. */
const settingsOf = { apple: settingsWith({ ordersPerRequest: 2 }) };

describe.each(Object.values(formats))('the format $name', (format) => {
  const settings = settingsOf[format.name];
  const requests = format.toRequests(document, settings);
  const ordersOf = (sent: readonly ProviderRequest[]) => sent.flatMap((request) => request.orders);

  test('is found by its name', () => {
    expect(formatOf(format.name)).toBe(format);
  });

  test('has stems that tell requests from questions, and can be parts of file names', () => {
    expect(format.requestStem).toMatch(/^[a-z][a-z-]*$/);
    expect(format.queryStem).toMatch(/^[a-z][a-z-]*$/);
    expect(format.requestStem).not.toBe(format.queryStem);
  });

  test('maps the same file to the same requests', () => {
    expect(format.toRequests(structuredClone(document), settings)).toEqual(requests);
  });

  test('gives every request an id of its own that can be part of a file name', () => {
    const ids = requests.map((request) => request.transactionId);
    expect(ids.length).toBeGreaterThan(1);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  test('another batch of the same number has other ids: numbers begin again in a new store', () => {
    const later = { ...document, batchDateTime: '2026-05-06T00:00:01.000Z' };
    const ids = new Set(requests.map((request) => request.transactionId));
    const laterRequests = format.toRequests(later, settings);
    expect(laterRequests.some((request) => ids.has(request.transactionId))).toBe(false);
    const numbers = (sent: readonly ProviderRequest[]) =>
      ordersOf(sent)
        .filter(({ requestType }) => requestType === 'RETURN')
        .map(({ orderNumber }) => orderNumber);
    expect(numbers(laterRequests)).not.toEqual(numbers(requests));
  });

  test('keeps every order and device exactly once, and in order', () => {
    const kept = ordersOf(requests).map(({ orderId, requestType, devices }) => ({
      orderId,
      requestType,
      devices: devices.map(({ deviceId }) => deviceId),
    }));
    expect(kept).toEqual(
      orders.map(({ id, requestType, deliveries = [] }) => ({
        orderId: id,
        requestType,
        devices: deliveries.flatMap((delivery) => delivery.devices.map(({ deviceId }) => deviceId)),
      })),
    );
  });

  test('writes requests and questions that survive JSON unchanged', () => {
    for (const written of [...requests.map(({ body }) => body), format.toQuery('tracking-1', settings)]) {
      expect(JSON.parse(JSON.stringify(written))).toEqual(written);
    }
  });

  test('does not change what it is given', () => {
    const before = structuredClone(document);
    format.toRequests(document, settings);
    expect(document).toEqual(before);
  });

  test.each([null, undefined, 1, 'text', [], {}, [[]], { orders: 'x' }, { errorCode: {} }])(
    'refuses %j as an answer',
    (nonsense) => {
      const fault = expect.objectContaining({ code: 'UNKNOWN_ANSWER' });
      expect(() => format.readAnswer(nonsense, 'request')).toThrow(fault);
      expect(() => format.readAnswer(nonsense, 'query')).toThrow(fault);
    },
  );

  test.each([1, 'secret', [], { orders: 'secret' }, { orders: [{ secret: 'secret' }] }])(
    'refuses %j without quoting it',
    (nonsense) => {
      expect(() => format.readAnswer(nonsense, 'query')).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('secret') }),
      );
    },
  );
});
