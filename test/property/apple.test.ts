import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { toGenericResponse } from '../../daemons/adaptor/generic-response.ts';
import { apple } from '../../daemons/adaptor/providers/apple/apple.ts';
import type { BulkEnrollRequest } from '../../daemons/adaptor/providers/apple/request-mapping.ts';
import type { ProviderRequest } from '../../daemons/adaptor/providers/provider-format.ts';
import { readVerdict } from '../../shared/generic/device-enrolment-response.ts';
import { deviceEnrolmentRequest, type RequestOrder } from '../../shared/generic/device-enrolment-request.ts';
import { deviceEnrolmentResponse } from '../../shared/generic/device-enrolment-response.ts';
import { writeDocument } from '../../shared/generic/document.ts';
import { documentOf, orderDate, settingsWith, shipDate } from '../unit/apple/examples.ts';

/** A device of a random verdict: null succeeds, a text is the code of the error. */
interface Planned {
  readonly identifier: 'serialNumber' | 'imei' | 'meid';
  readonly verdict: string | null;
}

const planned: fc.Arbitrary<Planned> = fc.record({
  identifier: fc.constantFrom('serialNumber', 'imei', 'meid'),
  verdict: fc.constantFrom(null, 'DEP-ERR-DE-4301', 'DEP-ERR-DE-4303', 'DEP-ERR-DE-4999'),
});
const plan = fc.array(
  fc.record({
    requestType: fc.constantFrom('ORDER' as const, 'RETURN' as const, 'OVERRIDE' as const),
    deliveries: fc.array(fc.array(planned, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
  }),
  { maxLength: 8 },
);
type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never;

const deviceIdOf = (o: number, d: number, n: number) => `device-${o}-${d}-${n}`;
const identifierOf = (o: number, d: number, n: number) => `ab${o}x${d}x${n}`;

const ordersOf = (planOf: Plan): RequestOrder[] =>
  planOf.map(({ requestType, deliveries }, o) => ({
    id: o,
    requestType,
    organisationId: '5',
    orderDate,
    ...(requestType !== 'ORDER' && { originalRequestId: 'R' }),
    deliveries: deliveries.map((devices, d) => ({
      deliveryNumber: `DN${d}`,
      shipDate,
      devices: devices.map((device, n) => ({
        deviceId: deviceIdOf(o, d, n),
        [device.identifier]: identifierOf(o, d, n),
      })),
    })),
  }));

/** Apple's answer to a request, with the verdict that `verdictOf` gives for each of Apple's device ids. */
function answerTo(request: ProviderRequest, verdictOf: (appleId: string) => string | null) {
  const status = (verdicts: (string | null)[]) => {
    if (verdicts.every((verdict) => verdict === null)) return 'COMPLETE';
    return verdicts.includes(null) ? 'POSTED_WITH_ERRORS' : 'ERROR';
  };
  const { orders } = request.body as BulkEnrollRequest;
  return {
    deviceEnrollmentTransactionID: 'tracking-1',
    statusCode: 'COMPLETE', // not to be trusted
    orders: orders.toReversed().map(({ orderNumber, deliveries }) => ({
      orderNumber,
      orderPostStatus: status(
        deliveries.flatMap(({ devices }) => devices.map(({ deviceId }) => verdictOf(deviceId))),
      ),
      deliveries: deliveries.map(({ deliveryNumber, devices }) => ({
        deliveryNumber,
        deliveryPostStatus: status(devices.map(({ deviceId }) => verdictOf(deviceId))),
        devices: devices
          .toReversed()
          .map(({ deviceId }) => ({ deviceId, devicePostStatus: verdictOf(deviceId) ?? 'COMPLETE' })),
      })),
    })),
  };
}

/** A verdict for every device, by its generic id, as CMP would read it. */
function throughApple(planOf: Plan): Map<string, string | null> {
  const verdicts = new Map(
    planOf.flatMap(({ deliveries }, o) =>
      deliveries.flatMap((devices, d) =>
        devices.map(({ verdict }, n) => [identifierOf(o, d, n).toUpperCase(), verdict] as const),
      ),
    ),
  );
  const document = documentOf(ordersOf(planOf));
  writeDocument(deviceEnrolmentRequest, document);
  const read = new Map<string, string | null>();
  for (const request of apple.toRequests(document, settingsWith({ ordersPerRequest: 3 }))) {
    const answer = apple.readAnswer(
      answerTo(request, (id) => verdicts.get(id) ?? null),
      'query',
    );
    if (answer.kind !== 'result') throw new Error(`the answer was read as ${answer.kind}`);
    const { orders: outcomes, unexpected } = apple.toOutcomes(answer.result, request.orders);
    expect(unexpected).toEqual([]);
    for (const outcome of outcomes) {
      const response = toGenericResponse({
        providerId: 'apple',
        outcome,
        externalFileName: 'x',
        now: new Date(0),
      });
      if (!response) throw new Error('an order without a response');
      writeDocument(deviceEnrolmentResponse, response);
      for (const { deviceId } of request.orders.find(({ orderId }) => orderId === outcome.orderId)?.devices ??
        []) {
        const verdict = readVerdict(response.order, deviceId);
        expect(verdict.outcome).not.toBe('silent');
        read.set(deviceId, verdict.outcome === 'failed' ? (verdict.errors[0]?.id ?? '') : null);
      }
    }
  }
  return read;
}

describe('generic -> Apple -> generic', () => {
  test('T03 the verdict of each device is preserved', () => {
    fc.assert(
      fc.property(plan, (planOf) => {
        const expected = new Map(
          planOf.flatMap(({ deliveries }, o) =>
            deliveries.flatMap((devices, d) =>
              devices.map(({ verdict }, n) => [deviceIdOf(o, d, n), verdict] as const),
            ),
          ),
        );
        expect(throughApple(planOf)).toEqual(expected);
      }),
    );
  });

  test('no device succeeds that the answer does not name as complete', () => {
    const noise = fc.constantFrom(
      'COMPLETE',
      'ERROR',
      'POSTED_WITH_ERRORS',
      'DEP-ERR-OR-4114',
      'WAITING',
      '',
      undefined,
    );
    const device = fc.record({ deviceId: fc.constantFrom('A', 'B', 'C'), devicePostStatus: noise });
    const delivery = fc.record({ deliveryPostStatus: noise, devices: fc.array(device, { maxLength: 4 }) });
    const order = fc.record({
      orderNumber: fc.constantFrom('1', '2'),
      orderPostStatus: noise,
      deliveries: fc.array(delivery, { maxLength: 3 }),
    });
    const result = fc.record({ statusCode: noise, orders: fc.array(order, { maxLength: 3 }) });
    const requested = ['A', 'B'].map((id) => ({ deviceId: id, providerDeviceId: id }));
    const ours = { orderId: 1, orderNumber: '1', requestType: 'ORDER', devices: requested } as const;
    fc.assert(
      fc.property(result, (document) => {
        const [outcome] = apple.toOutcomes(document, [ours]).orders;
        const named = document.orders
          .filter(({ orderNumber }) => orderNumber === '1')
          .flatMap(({ deliveries }) => deliveries.flatMap(({ devices }) => devices));
        for (const { deviceId, outcome: said } of outcome?.devices ?? []) {
          const statuses = named
            .filter((one) => one.deviceId === deviceId)
            .map((one) => one.devicePostStatus);
          if (said === 'succeeded') {
            expect(statuses.length).toBeGreaterThan(0);
            expect(new Set(statuses)).toEqual(new Set(['COMPLETE']));
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('splitting', () => {
  test('every order exactly once and in order, every request within the limits', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 20 });
    const limit = fc.integer({ min: 1, max: 6 });
    const deviceLimit = fc.integer({ min: 5, max: 12 });
    fc.assert(
      fc.property(sizes, limit, deviceLimit, (counts, ordersPerRequest, devicesPerRequest) => {
        const device: Planned = { identifier: 'imei', verdict: null };
        const planOf: Plan = counts.map((count) => ({
          requestType: 'ORDER',
          deliveries: [Array.from({ length: count }, () => device)],
        }));
        const settings = settingsWith({ ordersPerRequest, devicesPerRequest });
        const requests = apple.toRequests(documentOf(ordersOf(planOf)), settings);
        expect(requests.flatMap(({ orders }) => orders.map(({ orderId }) => orderId))).toEqual(
          counts.map((_, index) => index),
        );
        for (const { orders, body } of requests) {
          expect(orders.length).toBeGreaterThan(0);
          expect(orders.length).toBeLessThanOrEqual(ordersPerRequest);
          expect(orders.flatMap(({ devices }) => devices).length).toBeLessThanOrEqual(devicesPerRequest);
          expect((body as BulkEnrollRequest).orders.map(({ orderNumber }) => orderNumber)).toEqual(
            orders.map(({ orderNumber }) => orderNumber),
          );
        }
      }),
    );
  });
});
