import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { samsungKnox } from '../../daemons/adaptor/providers/samsung-knox/samsung-knox.ts';
import type {
  AskedRequest,
  ProviderRequest,
  RequestedDevice,
} from '../../daemons/adaptor/providers/provider-format.ts';
import { deviceEnrolmentRequest, type RequestOrder } from '../../shared/generic/device-enrolment-request.ts';
import { writeDocument } from '../../shared/generic/document.ts';
import type { GenericDevice } from '../../shared/generic/schema-parts.ts';
import {
  asked,
  documentOf,
  enrolments,
  orderOf,
  overrideOf,
  returnOf,
  settingsWith,
  voidOf,
  type KnoxSettings,
} from '../unit/samsung-knox/examples.ts';

/** An IMEI with a right check digit, of a number. */
function imeiOf(number: number): string {
  const digits = `35999900${String(number).padStart(6, '0')}`;
  const sum = Array.from(digits, Number)
    .map((digit, index) => (index % 2 === 1 ? digit * 2 : digit))
    .reduce((total, digit) => total + (digit > 9 ? digit - 9 : digit), 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

/** A device with what Knox will say of it: null succeeds, a text is the code of the error. */
const planned = fc.record({
  kind: fc.constantFrom('IMEI' as const, 'SN' as const, 'both' as const),
  says: fc.constantFrom(null, '4092100', '40000004', '40000999', 'missing' as const),
});
type Planned = typeof planned extends fc.Arbitrary<infer P> ? P : never;

const plannedOrder = fc.record({
  requestType: fc.constantFrom('ORDER' as const, 'RETURN' as const, 'OVERRIDE' as const, 'VOID' as const),
  customer: fc.constantFrom('1', '2'),
  devices: fc.array(planned, { minLength: 1, maxLength: 5 }),
});
const plan = fc.array(plannedOrder, { maxLength: 8 });
type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never;

const settings: fc.Arbitrary<KnoxSettings> = fc
  .record({
    generation: fc.constantFrom(1 as const, 2 as const),
    files: fc.constantFrom('json' as const, 'csv' as const),
    limits: fc.record({
      ordersPerRequest: fc.integer({ min: 1, max: 4 }),
      devicesPerRequest: fc.integer({ min: 1, max: 6 }),
    }),
  })
  .map(settingsWith);

/** Device `o-n` is number `o * 10 + n`, whatever it goes by. */
const idOf = (o: number, n: number): string => `${o}-${n}`;
const serialOf = (number: number): string => `R58m${number}`;

function deviceOf(o: number, n: number, { kind }: Planned): GenericDevice {
  const number = o * 10 + n;
  return {
    deviceId: idOf(o, n),
    ...(kind !== 'SN' && { imei: imeiOf(number) }),
    ...(kind !== 'IMEI' && { serialNumber: serialOf(number) }),
  };
}

const keyOf = (o: number, n: number, { kind }: Planned): string =>
  kind === 'SN' ? `SN:${serialOf(o * 10 + n)}` : `IMEI:${imeiOf(o * 10 + n)}`;

function orderFor(o: number, { requestType, customer, devices }: Plan[number]): RequestOrder {
  const generic = devices.map((device, n) => deviceOf(o, n, device));
  const makers = { ORDER: orderOf, RETURN: returnOf, OVERRIDE: overrideOf, VOID: voidOf };
  return { ...makers[requestType](o, generic), organisationId: customer };
}

/** Everything in the plan was enrolled before, except what is ordered now. */
const enrolledBefore = (planOf: Plan) =>
  enrolments(
    Object.fromEntries(
      planOf.map(({ requestType, devices }, o) => [
        o,
        requestType === 'ORDER'
          ? {}
          : Object.fromEntries(devices.map((device, n) => [idOf(o, n), keyOf(o, n, device)])),
      ]),
    ),
  );

interface Sent {
  readonly kind: string | undefined;
  readonly identifiers: readonly string[];
}

/** What a request says to Knox, read back from what is sent. */
function sentIn({ message }: ProviderRequest): Sent {
  if (message.mediaType === 'text/csv') {
    return { kind: undefined, identifiers: message.content.split('\r\n').filter((line) => line !== '') };
  }
  const body = JSON.parse(message.content) as {
    type: string;
    devices: string[] | { type: string; list: string[] };
  };
  return Array.isArray(body.devices)
    ? { kind: body.type, identifiers: body.devices }
    : { kind: body.devices.type, identifiers: body.devices.list };
}

/** Knox's answer to a request: `says` tells of each identifier. */
function answerTo(request: ProviderRequest, says: ReadonlyMap<string, string | null>): unknown {
  const { kind, identifiers } = sentIn(request);
  const devices = identifiers.toReversed().flatMap((identifier) => {
    const said = says.get(identifier);
    if (said === 'missing') return [];
    const named = kind === 'SN' ? { serialNumber: identifier } : { imei: identifier };
    return [said == null ? named : { ...named, code: Number(said), message: 'SOME_TITLE' }];
  });
  return { transactions: [{ transactionId: request.transactionId, state: 'Complete', devices }] };
}

/** The same in the sheet that a person brings back. */
function sheetFor(request: ProviderRequest, says: ReadonlyMap<string, string | null>): Uint8Array {
  const rows = sentIn(request).identifiers.map((identifier) => {
    const said = says.get(identifier);
    return `${identifier},${said === 'missing' ? '' : (said ?? 'OK')},`;
  });
  return Buffer.from(['Device,Result,Error', ...rows].join('\n'));
}

const contentFor = (request: ProviderRequest, says: ReadonlyMap<string, string | null>) =>
  request.message.mediaType === 'text/csv'
    ? ({ kind: 'csv', bytes: sheetFor(request, says) } as const)
    : ({ kind: 'json', document: answerTo(request, says) } as const);

describe('generic -> Knox -> outcomes', () => {
  test('T03 each device exactly once, with the outcome that the answer said', () => {
    fc.assert(
      fc.property(plan, settings, (planOf, settingsOf) => {
        const format = samsungKnox(settingsOf);
        const document = documentOf(...planOf.map((order, o) => orderFor(o, order)));
        writeDocument(deviceEnrolmentRequest, document);
        const { requests, refused } = format.toRequests(document, enrolledBefore(planOf));
        expect(refused).toEqual([]);
        const planned = planOf.flatMap(({ devices }, o) => devices.map((device, n) => ({ o, n, device })));
        const says = new Map(
          planned.map(({ o, n, device }) => [keyOf(o, n, device).replace(/^.*:/, ''), device.says] as const),
        );
        const read: (readonly [string, string | null])[] = [];
        for (const request of requests.filter(({ preparatory }) => preparatory !== true)) {
          const of = asked(request);
          const answer = format.readAnswer({ content: contentFor(request, says) }, 'query', of);
          if (answer.kind !== 'result') throw new Error(`the answer was read as ${answer.kind}`);
          const { orders, unexpected } = format.toOutcomes(answer.result, 'query', of);
          expect(unexpected).toEqual([]);
          for (const device of orders.flatMap(({ devices }) => devices)) {
            const said = { succeeded: null, unknown: 'missing', failed: '' }[device.outcome];
            read.push([device.deviceId, 'errors' in device ? (device.errors[0]?.code ?? '') : said]);
          }
        }
        expect(read.length).toBe(planned.length);
        expect(new Map(read)).toEqual(new Map(planned.map(({ o, n, device }) => [idOf(o, n), device.says])));
      }),
    );
  });

  test('every request is within the limits, of one customer and one kind, and has an order once', () => {
    fc.assert(
      fc.property(plan, settings, (planOf, settingsOf) => {
        const document = documentOf(...planOf.map((order, o) => orderFor(o, order)));
        const { requests } = samsungKnox(settingsOf).toRequests(document, enrolledBefore(planOf));
        for (const { orders } of requests) {
          const devices = orders.flatMap((order) => order.devices);
          expect(devices.length).toBeGreaterThan(0);
          expect(devices.length).toBeLessThanOrEqual(settingsOf.limits.devicesPerRequest);
          expect(orders.length).toBeLessThanOrEqual(settingsOf.limits.ordersPerRequest);
          expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(orders.length);
          expect(new Set(orders.map(({ orderId }) => planOf[orderId]?.customer)).size).toBe(1);
          expect(new Set(devices.map(({ providerDeviceId }) => providerDeviceId.split(':')[0])).size).toBe(1);
        }
        for (const request of requests) {
          const sent = request.orders.flatMap(({ devices }) =>
            devices.map(({ providerDeviceId }) => providerDeviceId.replace(/^.*:/, '')),
          );
          expect(sentIn(request).identifiers).toEqual(sent);
        }
      }),
    );
  });

  test('an override takes everything back before it uploads', () => {
    fc.assert(
      fc.property(plan, settings, (planOf, settingsOf) => {
        const document = documentOf(...planOf.map((order, o) => orderFor(o, order)));
        const { requests } = samsungKnox(settingsOf).toRequests(document, enrolledBefore(planOf));
        planOf.forEach(({ requestType, devices }, o) => {
          const steps = requests.flatMap(({ orders, preparatory = false }) =>
            orders
              .filter(({ orderId }) => orderId === o)
              .map((order) => ({ preparatory, count: order.devices.length })),
          );
          const countOf = (wanted: boolean) =>
            steps
              .filter(({ preparatory }) => preparatory === wanted)
              .reduce((sum, { count }) => sum + count, 0);
          expect(countOf(true)).toBe(requestType === 'OVERRIDE' ? devices.length : 0);
          expect(countOf(false)).toBe(devices.length);
          const order = steps.map(({ preparatory }) => preparatory);
          expect(order).toEqual(order.toSorted((a, b) => Number(b) - Number(a)));
        });
      }),
    );
  });
});

describe('halving', () => {
  test('keeps every device once, and comes to an end', () => {
    const counts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(counts, fc.constantFrom(1 as const, 2 as const), (sizes, generation) => {
        const format = samsungKnox(settingsWith({ generation }));
        const order = (o: number, count: number) =>
          orderOf(
            o,
            Array.from({ length: count }, (_, n) => deviceOf(o, n, { kind: 'IMEI', says: null })),
          );
        const document = documentOf(...sizes.map((count, o) => order(o, count)));
        const { requests } = format.toRequests(document, enrolments());
        const smallest: RequestedDevice[] = [];
        const halve = (request: AskedRequest): void => {
          const halves = format.halve(request, ['a', 'b']);
          if (halves) halves.forEach((half) => halve(asked(half)));
          else smallest.push(...request.orders.flatMap(({ devices }) => devices));
        };
        requests.map(asked).forEach(halve);
        expect(smallest).toEqual(requests.flatMap(({ orders }) => orders.flatMap(({ devices }) => devices)));
        expect(smallest.length).toBe(sizes.reduce((sum, count) => sum + count, 0));
      }),
    );
  });
});

describe('hostile answers', () => {
  test('no device succeeds that a complete transaction of ours does not name without an error', () => {
    const word = fc.constantFrom('Complete', 'Rejected', 'Progress', 'Paused', '', undefined);
    const code = fc.constantFrom(undefined, null, '', 2000000, '2000000', 4092100, 'X', 0);
    const device = fc.record({
      imei: fc.constantFrom(imeiOf(0), imeiOf(1), imeiOf(2), undefined),
      serialNumber: fc.constantFrom(serialOf(0), undefined),
      code,
      message: fc.constantFrom(undefined, 'SUCCESS', 'DEVICE_INVALID'),
    });
    const transaction = fc.record({
      transactionId: fc.constantFrom('other', undefined, 'ours'),
      state: word,
      code,
      devices: fc.array(device, { maxLength: 4 }),
    });
    const document = fc.oneof(
      transaction,
      fc.record({ transactions: fc.array(transaction, { maxLength: 3 }) }),
    );
    const format = samsungKnox(settingsWith());
    const devices = [0, 1].map((n) => deviceOf(0, n, { kind: 'IMEI', says: null }));
    const [request] = format.toRequests(documentOf(orderOf(1, devices)), enrolments()).requests;
    if (!request) throw new Error('no request');
    const of = { ...asked(request), transactionId: 'ours' };
    let succeeded = 0;
    fc.assert(
      fc.property(document, fc.constantFrom('request' as const, 'query' as const), (answered, question) => {
        let outcomes;
        try {
          const answer = format.readAnswer({ content: { kind: 'json', document: answered } }, question, of);
          if (answer.kind !== 'result') return;
          outcomes = format.toOutcomes(answer.result, question, of);
        } catch (fault) {
          expect(fault).toMatchObject({ code: 'UNKNOWN_ANSWER' });
          return;
        }
        const transactions = 'transactions' in answered ? answered.transactions : [answered];
        const ours = transactions.filter(({ transactionId }) => transactionId !== 'other');
        for (const { deviceId, outcome } of outcomes.orders.flatMap((order) => order.devices)) {
          if (outcome !== 'succeeded') continue;
          succeeded++;
          expect(ours.every(({ state }) => state === 'Complete')).toBe(true);
          const named = ours
            .flatMap((transaction) => transaction.devices)
            .filter(({ imei }) => imei === imeiOf(Number(deviceId.slice(2))));
          expect(named.length).toBeGreaterThan(0);
          for (const one of named) {
            expect(['2000000', '']).toContain(String(one.code ?? ''));
            if (String(one.code ?? '') === '') expect(one.message).not.toBe('DEVICE_INVALID');
          }
        }
      }),
      { numRuns: 2000 },
    );
    expect(succeeded).toBeGreaterThan(10);
  });
});
