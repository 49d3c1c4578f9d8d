import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { toGenericResponse } from '../../daemons/adaptor/generic-response.ts';
import type {
  AskedRequest,
  OrderOutcome,
  ProviderFormat,
  ProviderReply,
  ProviderRequest,
  Question,
} from '../../daemons/adaptor/providers/provider-format.ts';
import { windowsAutopilot } from '../../daemons/adaptor/providers/windows-autopilot/windows-autopilot.ts';
import { deviceEnrolmentRequest, type RequestOrder } from '../../shared/generic/device-enrolment-request.ts';
import { deviceEnrolmentResponse, readVerdict } from '../../shared/generic/device-enrolment-response.ts';
import { writeDocument } from '../../shared/generic/document.ts';
import type { GenericDevice } from '../../shared/generic/schema-parts.ts';
import {
  asked,
  csv,
  customer,
  documentOf,
  http,
  nothingEnrolled,
  orderOf,
  otherCustomer,
  settingsWith,
  trackingId,
} from '../unit/windows-autopilot/examples.ts';

/** What becomes of a device: null succeeds, a text is the code of the error that CMP is to read. */
interface Planned {
  readonly identity: 'tuple' | 'productId' | 'hash' | 'hash and serial' | 'all';
  readonly verdict: string | null;
  /** The status of the batch leaves it open, so that the list of its devices has to tell. */
  readonly openAtFirst: 'said 806' | 'not named' | 'without its number' | null;
}

const planned: fc.Arbitrary<Planned> = fc.record({
  identity: fc.constantFrom('tuple', 'productId', 'hash', 'hash and serial', 'all'),
  verdict: fc.constantFrom(null, null, '802', '808', 'StorageError', '899'),
  openAtFirst: fc.constantFrom(null, null, 'said 806', 'not named', 'without its number'),
});
const plan = fc.array(
  fc.record({
    organisationId: fc.constantFrom(customer, otherCustomer),
    devices: fc.array(planned, { minLength: 1, maxLength: 6 }),
  }),
  { maxLength: 6 },
);
type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never;
const limits = fc.record({
  ordersPerRequest: fc.integer({ min: 1, max: 4 }),
  devicesPerRequest: fc.integer({ min: 1, max: 7 }),
});

const idOf = (o: number, d: number) => `device-${o}-${d}`;

function deviceOf({ identity }: Planned, o: number, d: number): GenericDevice {
  const n = o * 100 + d;
  const all = {
    serialNumber: `ser ${n}`,
    productId: String(n).padStart(13, '0'),
    hardwareHash: Buffer.from(`hash of device number ${n}!!`).toString('base64'),
  };
  const names = { manufacturer: 'Contoso, Ltd.', model: `Laptop "${o}"` };
  const { serialNumber, productId, hardwareHash } = all;
  const deviceId = idOf(o, d);
  switch (identity) {
    case 'tuple':
      return { deviceId, serialNumber, ...names };
    case 'productId':
      return { deviceId, productId };
    case 'hash':
      return { deviceId, hardwareHash };
    case 'hash and serial':
      return { deviceId, hardwareHash, serialNumber, ...names };
    case 'all':
      return { deviceId, ...all, ...names };
  }
}

const ordersOf = (planOf: Plan): RequestOrder[] =>
  planOf.map(({ organisationId, devices }, o) =>
    orderOf(
      o,
      devices.map((device, d) => deviceOf(device, o, d)),
      { organisationId },
    ),
  );

const plannedOf = (planOf: Plan): Map<string, Planned> =>
  new Map(planOf.flatMap(({ devices }, o) => devices.map((device, d) => [idOf(o, d), device] as const)));

/** What Microsoft knows of the devices of a batch, in our order, with what is planned for each. */
function known(request: ProviderRequest, plans: ReadonlyMap<string, Planned>) {
  const { Devices } = JSON.parse(request.message.content) as { Devices: Record<string, string>[] };
  const ids = request.orders.flatMap(({ devices }) => devices.map(({ deviceId }) => deviceId));
  return Devices.map((device, index) => {
    const deviceId = ids[index] ?? '';
    const plan = plans.get(deviceId);
    if (!plan) throw new Error('a device that nobody planned');
    const number = `guid-${deviceId}`;
    return {
      plan,
      number,
      serialNumber: device['SerialNumber']?.toUpperCase(),
      productKey: device['ProductKey'],
    };
  });
}

/** The status of the batch, which is never to be trusted, in another order. */
function statusOf(request: ProviderRequest, plans: ReadonlyMap<string, Planned>, status: string) {
  const devicesStatus = known(request, plans).flatMap(({ plan, number, ...names }) => {
    const failed = { ...names, deviceId: number, status: 'finished_with_errors' };
    if (plan.openAtFirst === 'not named') return [];
    if (plan.openAtFirst === 'said 806') return [{ ...failed, errorCode: 806 }];
    if (plan.openAtFirst === 'without its number') return [{ ...names, status: 'finished' }];
    return plan.verdict === null
      ? [{ ...names, deviceId: number, status: 'finished', errorCode: '0' }]
      : [{ ...failed, errorCode: plan.verdict }];
  });
  return { batchTrackingId: trackingId, status, devicesStatus: devicesStatus.toReversed() };
}

const listOf = (request: ProviderRequest, plans: ReadonlyMap<string, Planned>) => ({
  items: known(request, plans)
    .filter(({ plan }) => plan.verdict === null)
    .map(({ number, plan: _, ...names }) => ({ id: number, ...names }))
    .toReversed(),
});

function outcomesOf(
  format: ProviderFormat,
  reply: ProviderReply,
  of: Question,
  by: AskedRequest,
): readonly OrderOutcome[] {
  const answer = format.readAnswer(reply, of, by);
  if (answer.kind !== 'result') throw new Error(`the answer was read as ${answer.kind}`);
  const { orders, unexpected } = format.toOutcomes(answer.result, of, by);
  expect(unexpected).toEqual([]);
  return orders;
}

const isOpen = (outcomes: readonly OrderOutcome[], deviceId: string): boolean =>
  outcomes.some(({ devices }) =>
    devices.some((one) => one.deviceId === deviceId && one.outcome === 'unknown'),
  );

/** What is left of a request after some outcomes, as the adaptor has it. */
const openOf = (by: AskedRequest, outcomes: readonly OrderOutcome[]): AskedRequest => ({
  ...by,
  orders: by.orders
    .map((order) => ({
      ...order,
      devices: order.devices.filter(({ deviceId }) => isOpen(outcomes, deviceId)),
    }))
    .filter(({ devices }) => devices.length > 0),
});

/** How CMP reads what the outcomes say, device by device; each may be settled once only. */
function readInto(read: Map<string, string | null>, outcomes: readonly OrderOutcome[]): void {
  for (const outcome of outcomes) {
    const response = toGenericResponse({ providerId: 'p', outcome, externalFileName: 'x', now: new Date(0) });
    if (!response) continue;
    writeDocument(deviceEnrolmentResponse, response);
    for (const { deviceId } of outcome.devices.filter(({ outcome: said }) => said !== 'unknown')) {
      expect(read.has(deviceId)).toBe(false);
      const verdict = readVerdict(response.order, deviceId);
      read.set(deviceId, verdict.outcome === 'failed' ? (verdict.errors[0]?.id ?? '') : null);
    }
  }
}

/** Of a device that was left open, only whether it is listed can be known. */
const expectedOf = ({ verdict, openAtFirst }: Planned): string | null =>
  openAtFirst !== null && verdict !== null ? '806' : verdict;

describe('generic -> Partner Center -> generic', () => {
  test('T03: the verdict of each device is preserved, by the status and the list of its batch', () => {
    const batchStatus = fc.constantFrom('finished', 'finished_with_errors');
    fc.assert(
      fc.property(plan, limits, batchStatus, (planOf, limitsOf, status) => {
        const format = windowsAutopilot(settingsWith({ limits: limitsOf }));
        const document = documentOf(...ordersOf(planOf));
        writeDocument(deviceEnrolmentRequest, document);
        const plans = plannedOf(planOf);
        const read = new Map<string, string | null>();
        const mapped = format.toRequests(document, nothingEnrolled);
        expect(mapped.refused).toEqual([]);
        for (const request of mapped.requests) {
          const by = asked(request, { providerTransactionId: trackingId });
          const first = outcomesOf(format, http(200, statusOf(request, plans, status)), 'query', by);
          readInto(read, first);
          const open = openOf(by, first);
          if (open.orders.length === 0) continue;
          readInto(read, outcomesOf(format, http(200, listOf(request, plans)), 'reconciliation', open));
        }
        expect(read).toEqual(new Map([...plans].map(([id, device]) => [id, expectedOf(device)])));
      }),
    );
  });

  test('T03: the same by sheets for the portal', () => {
    fc.assert(
      fc.property(plan, limits, (planOf, limitsOf) => {
        const format = windowsAutopilot(settingsWith({ transport: 'spool', files: 'csv', limits: limitsOf }));
        const plans = plannedOf(planOf);
        const read = new Map<string, string | null>();
        for (const request of format.toRequests(documentOf(...ordersOf(planOf)), nothingEnrolled).requests) {
          const [header = '', ...rows] = request.message.content.trimEnd().split('\r\n');
          const ids = request.orders.flatMap(({ devices }) => devices.map(({ deviceId }) => deviceId));
          const results = rows.map((row, index) => `${row},${plans.get(ids[index] ?? '')?.verdict ?? 'OK'},`);
          const reply = csv([`${header},Result,Error`, ...results.toReversed()].join('\n'));
          readInto(read, outcomesOf(format, reply, 'request', asked(request)));
        }
        expect(read).toEqual(new Map([...plans].map(([id, { verdict }]) => [id, verdict])));
      }),
    );
  });

  test('no device succeeds that the status does not name as finished, without an error and with a number', () => {
    const format = windowsAutopilot(settingsWith());
    const names = ['S1', 'S2'];
    const listed = names.map((serialNumber) => ({ deviceId: serialNumber, serialNumber, ...makers }));
    const [request] = format.toRequests(documentOf(orderOf(1, listed)), nothingEnrolled).requests;
    if (!request) throw new Error('no request');
    const by = asked(request, { providerTransactionId: trackingId });
    const device = fc.record({
      serialNumber: fc.constantFrom('S1', 's2', 'S3', null),
      deviceId: fc.constantFrom('guid', '', null),
      status: fc.constantFrom('finished', 'finished_with_errors', 'processing', 'unknown', 'done', '', null),
      errorCode: fc.constantFrom('808', 806, 0, '0', '', null),
    });
    const document = fc.record({
      status: fc.constantFrom('finished', 'finished_with_errors', 'queued', 'done', ''),
      devicesStatus: fc.option(fc.array(device, { maxLength: 5 })),
    });
    fc.assert(
      fc.property(document, (status) => {
        const answer = format.readAnswer(http(200, status), 'query', by);
        if (answer.kind !== 'result') return;
        const [order] = format.toOutcomes(answer.result, 'query', by).orders;
        expect(order?.devices.map(({ deviceId }) => deviceId)).toEqual(names);
        for (const { deviceId } of order?.devices.filter(({ outcome }) => outcome === 'succeeded') ?? []) {
          const named = (status.devicesStatus ?? []).filter(
            (one) => one.serialNumber?.toUpperCase() === deviceId,
          );
          expect(named.some((one) => one.deviceId === 'guid')).toBe(true);
          expect(named.every((one) => one.status === 'finished')).toBe(true);
          expect(named.every((one) => [0, '0', '', null].includes(one.errorCode))).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

const makers = { manufacturer: 'Contoso', model: 'Laptop 13' };

describe('splitting', () => {
  test('every device exactly once, every request within the limits, for one customer, and with each order once', () => {
    fc.assert(
      fc.property(plan, limits, (planOf, limitsOf) => {
        const format = windowsAutopilot(settingsWith({ limits: limitsOf }));
        const { requests } = format.toRequests(documentOf(...ordersOf(planOf)), nothingEnrolled);
        const devices: string[] = [];
        for (const { orders, message } of requests) {
          const ids = orders.flatMap((order) => order.devices.map(({ deviceId }) => deviceId));
          devices.push(...ids);
          expect(ids.length).toBeGreaterThan(0);
          expect(ids.length).toBeLessThanOrEqual(limitsOf.devicesPerRequest);
          expect(orders.length).toBeLessThanOrEqual(limitsOf.ordersPerRequest);
          expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(orders.length);
          const customers = orders.map(({ orderId }) => planOf[orderId]?.organisationId);
          expect(new Set(customers)).toEqual(new Set([message.path.split('/')[3]]));
        }
        expect(devices.toSorted()).toEqual([...plannedOf(planOf).keys()].toSorted());
      }),
    );
  });

  test('two halves have what the whole had', () => {
    fc.assert(
      fc.property(plan, (planOf) => {
        const format = windowsAutopilot(settingsWith());
        const { requests } = format.toRequests(documentOf(...ordersOf(planOf)), nothingEnrolled);
        const sent = (request: ProviderRequest) =>
          known(request, plannedOf(planOf)).map(({ number }) => number);
        for (const request of requests) {
          const halves = format.halve(asked(request), ['t-8', 't-9']);
          if (halves === null) expect(sent(request)).toHaveLength(1);
          else expect(halves.flatMap(sent)).toEqual(sent(request));
        }
      }),
    );
  });
});
