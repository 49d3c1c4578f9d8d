import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { toGenericResponse } from '../../daemons/adaptor/generic-response.ts';
import { apple } from '../../daemons/adaptor/providers/apple/apple.ts';
import type { ProviderRequest } from '../../daemons/adaptor/providers/provider-format.ts';
import { deviceEnrolmentRequest, type RequestOrder } from '../../shared/generic/device-enrolment-request.ts';
import { deviceEnrolmentResponse, readVerdict } from '../../shared/generic/device-enrolment-response.ts';
import { writeDocument } from '../../shared/generic/document.ts';
import {
  askedOf,
  bodyOf,
  documentOf,
  json,
  map,
  orderDate,
  settingsWith,
  shipDate,
} from '../unit/apple/examples.ts';

/** A device of a random verdict: null succeeds, a text is the code of the error. */
interface Planned {
  readonly identifier: 'serialNumber' | 'imei' | 'meid' | 'damaged';
  readonly verdict: string | null;
}

const planned: fc.Arbitrary<Planned> = fc.record({
  identifier: fc.constantFrom('serialNumber', 'imei', 'meid', 'damaged'),
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
const limits = fc.record({
  ordersPerRequest: fc.integer({ min: 1, max: 4 }),
  devicesPerRequest: fc.integer({ min: 1, max: 12 }),
});

const deviceIdOf = (o: number, d: number, n: number) => `device-${o}-${d}-${n}`;

/** Distinct for each place; an IMEI without check digit, in a range that no 14 digits are mistaken for damage. */
function identifierOf({ identifier }: Planned, o: number, d: number, n: number) {
  const place = `${o}${d}${n}`;
  switch (identifier) {
    case 'serialNumber':
      return { serialNumber: `ab${place}` };
    case 'imei':
      return { imei: `35999900123${place}` };
    case 'meid':
      return { meid: `a000001234f${place}` };
    case 'damaged':
      return { imei: '3.59999E+13' };
  }
}
const appleIdOf = (device: Planned, o: number, d: number, n: number) =>
  Object.values(identifierOf(device, o, d, n))
    .join('')
    .toUpperCase();

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
        ...identifierOf(device, o, d, n),
      })),
    })),
  }));

/** The devices of a plan that can be sent, and for the others the code with which they are refused. */
function expectedOf(planOf: Plan, devicesPerRequest: number): Map<string, string | null> {
  return new Map(
    planOf.flatMap(({ requestType, deliveries }, o) => {
      const all = deliveries.flat();
      const isWhole =
        all.length <= devicesPerRequest && all.every(({ identifier }) => identifier !== 'damaged');
      return deliveries.flatMap((devices, d) =>
        devices.map(({ identifier, verdict }, n) => {
          const sent = requestType === 'OVERRIDE' && !isWhole ? 'UNMAPPABLE' : verdict;
          return [deviceIdOf(o, d, n), identifier === 'damaged' ? 'IDENTIFIER_DAMAGED' : sent] as const;
        }),
      );
    }),
  );
}

/** Apple's answer to a request, with the verdict that `verdictOf` gives for each of Apple's device ids. */
function answerTo({ message }: ProviderRequest, verdictOf: (appleId: string) => string | null) {
  const status = (verdicts: (string | null)[]) => {
    if (verdicts.every((verdict) => verdict === null)) return 'COMPLETE';
    return verdicts.includes(null) ? 'POSTED_WITH_ERRORS' : 'ERROR';
  };
  return {
    deviceEnrollmentTransactionID: 'tracking-1',
    statusCode: 'COMPLETE', // not to be trusted
    orders: bodyOf(message)
      .orders.toReversed()
      .map(({ orderNumber, deliveries }) => ({
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
function throughApple(planOf: Plan, settings = settingsWith()): Map<string, string | null> {
  const verdicts = new Map(
    planOf.flatMap(({ deliveries }, o) =>
      deliveries.flatMap((devices, d) =>
        devices.map((device, n) => [appleIdOf(device, o, d, n), device.verdict] as const),
      ),
    ),
  );
  const document = documentOf(ordersOf(planOf));
  writeDocument(deviceEnrolmentRequest, document);
  const { requests, refused } = map(document, settings);
  const format = apple(settings);
  const outcomes = requests.flatMap((request) => {
    const asked = askedOf(request);
    const reply = json(answerTo(request, (id) => verdicts.get(id) ?? null));
    const answer = format.readAnswer(reply, 'query', asked);
    if (answer.kind !== 'result') throw new Error(`the answer was read as ${answer.kind}`);
    const { orders, unexpected } = format.toOutcomes(answer.result, 'query', asked);
    expect(unexpected).toEqual([]);
    return orders;
  });
  const read = new Map<string, string | null>();
  for (const outcome of [...refused, ...outcomes]) {
    const response = toGenericResponse({
      providerId: 'apple',
      outcome,
      externalFileName: 'x',
      now: new Date(0),
    });
    if (!response) throw new Error('an order without a response');
    writeDocument(deviceEnrolmentResponse, response);
    for (const { deviceId } of outcome.devices) {
      const verdict = readVerdict(response.order, deviceId);
      expect(verdict.outcome).not.toBe('silent');
      expect(read.has(deviceId)).toBe(false);
      read.set(deviceId, verdict.outcome === 'failed' ? (verdict.errors[0]?.id ?? '') : null);
    }
  }
  return read;
}

describe('generic -> Apple -> generic', () => {
  test('T03 the verdict of each device is preserved, whatever the pieces', () => {
    fc.assert(
      fc.property(plan, limits, (planOf, ours) => {
        const expected = expectedOf(planOf, ours.devicesPerRequest);
        expect(throughApple(planOf, settingsWith(ours))).toEqual(expected);
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
    const message = {
      stem: '',
      method: 'POST',
      path: '/',
      mediaType: 'application/json',
      content: '',
    } as const;
    const asked = { transactionId: 't-1', providerTransactionId: null, message, orders: [ours] };
    fc.assert(
      fc.property(result, (document) => {
        const [outcome] = apple(settingsWith()).toOutcomes(document, 'query', asked).orders;
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

  test('what became of a request: just the devices that are listed, wherever the cut in the list is', () => {
    fc.assert(
      fc.property(plan, fc.func(fc.boolean()), (planOf, isListed) => {
        const format = apple(settingsWith());
        for (const request of map(documentOf(ordersOf(planOf))).requests) {
          const asked = askedOf(request);
          const orders = bodyOf(request.message).orders.map((order) => ({
            ...order,
            deliveries: order.deliveries.map((delivery) => ({
              ...delivery,
              devices: delivery.devices.filter(({ deviceId }) => isListed(deviceId)),
            })),
          }));
          const answer = format.readAnswer(json({ statusCode: 'COMPLETE', orders }), 'reconciliation', asked);
          const ours = request.orders.flatMap(({ devices }) => devices);
          const listed = ours.filter(({ providerDeviceId }) => isListed(providerDeviceId));
          expect(answer.kind).toBe(listed.length === 0 ? 'not-found' : 'result');
          if (answer.kind !== 'result') continue;
          const outcomes = format.toOutcomes(answer.result, 'reconciliation', asked).orders;
          const done = outcomes
            .flatMap(({ devices }) => devices)
            .filter(({ outcome }) => outcome === 'succeeded');
          expect(done.map(({ deviceId }) => deviceId)).toEqual(listed.map(({ deviceId }) => deviceId));
        }
      }),
    );
  });
});

describe('splitting', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 20 });
  const planOfSizes = (counts: readonly number[]): Plan =>
    counts.map((count) => ({
      requestType: 'ORDER',
      deliveries: [Array.from({ length: count }, () => ({ identifier: 'serialNumber', verdict: null }))],
    }));

  test('every device exactly once and in order, every request within the limits', () => {
    fc.assert(
      fc.property(sizes, limits, (counts, ours) => {
        const { requests } = map(documentOf(ordersOf(planOfSizes(counts))), settingsWith(ours));
        const asked = requests.flatMap(({ orders }) => orders);
        expect(asked.flatMap(({ devices }) => devices.map(({ deviceId }) => deviceId))).toEqual(
          counts.flatMap((count, o) => Array.from({ length: count }, (_, n) => deviceIdOf(o, 0, n))),
        );
        for (const { orders, message } of requests) {
          const devices = orders.flatMap((order) => order.devices);
          expect(devices.length).toBeGreaterThan(0);
          expect(orders.length).toBeLessThanOrEqual(ours.ordersPerRequest);
          expect(devices.length).toBeLessThanOrEqual(ours.devicesPerRequest);
          const sent = bodyOf(message).orders;
          expect(sent.map(({ orderNumber }) => orderNumber)).toEqual(
            orders.map(({ orderNumber }) => orderNumber),
          );
          expect(
            sent.flatMap(({ deliveries }) => deliveries.flatMap((delivery) => delivery.devices)),
          ).toEqual(devices.map(({ providerDeviceId }) => ({ deviceId: providerDeviceId })));
        }
      }),
    );
  });

  test('halved until nothing can be parted: still every device exactly once', () => {
    const wrapper = fc.constantFrom('none' as const, 'etisalat' as const, 'telenor' as const);
    fc.assert(
      fc.property(plan, wrapper, (planOf, kind) => {
        const settings = settingsWith({}, { wrapper: kind });
        const format = apple(settings);
        const { requests } = map(documentOf(ordersOf(planOf)), settings);
        let next = 100;
        const parted = (request: ProviderRequest): ProviderRequest[] => {
          const halves = format.halve(askedOf(request), [`stamp-${++next}`, `stamp-${++next}`]);
          return halves ? halves.flatMap(parted) : [request];
        };
        const key = ({ orders }: ProviderRequest) =>
          orders.flatMap(({ orderId, requestType, devices }) =>
            devices.map((device) => [orderId, requestType, device]),
          );
        const small = requests.flatMap(parted);
        expect(small.flatMap(key)).toEqual(requests.flatMap(key));
        const numbers = small
          .flatMap(({ orders }) => orders)
          .filter(({ requestType }) => requestType === 'RETURN');
        expect(new Set(numbers.map(({ orderNumber }) => orderNumber)).size).toBe(numbers.length);
        for (const { orders } of small) {
          expect(orders).toHaveLength(1);
          if (orders[0]?.requestType !== 'OVERRIDE') expect(orders[0]?.devices).toHaveLength(1);
        }
      }),
    );
  });
});
