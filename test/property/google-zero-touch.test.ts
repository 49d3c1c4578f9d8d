import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { googleZeroTouch } from '../../daemons/adaptor/providers/google-zero-touch/google-zero-touch.ts';
import type {
  AskedRequest,
  EnrolledDevice,
  OrderOutcome,
  ProviderRequest,
} from '../../daemons/adaptor/providers/provider-format.ts';
import { deviceEnrolmentRequest, type RequestOrder } from '../../shared/generic/device-enrolment-request.ts';
import { writeDocument } from '../../shared/generic/document.ts';
import type { GenericDevice } from '../../shared/generic/schema-parts.ts';
import {
  askedOf,
  claimed,
  documentOf,
  operationOf,
  orderDate,
  settingsWith,
  shipDate,
} from '../unit/google-zero-touch/examples.ts';

/** What is planned for one device: null succeeds, `missing` is left out of the answer, a text is a code. */
const planned = fc.record({
  kind: fc.constantFrom('imei', 'meid', 'serial', 'broken'),
  verdict: fc.constantFrom(null, null, 'missing', 'INVALID_MODEL', 'NEW_CODE'),
  /** Known from an earlier claim: with Google's number, without, or not at all. */
  known: fc.constantFrom('number', 'name', 'no'),
});
type Planned = typeof planned extends fc.Arbitrary<infer P> ? P : never;

const plan = fc.record({
  orders: fc.array(
    fc.record({
      requestType: fc.constantFrom('ORDER' as const, 'RETURN' as const, 'OVERRIDE' as const, 'VOID' as const),
      deliveries: fc.array(fc.array(planned, { minLength: 1, maxLength: 12 }), {
        minLength: 1,
        maxLength: 2,
      }),
    }),
    { maxLength: 6 },
  ),
  limits: fc.record({
    ordersPerRequest: fc.integer({ min: 1, max: 4 }),
    devicesPerRequest: fc.integer({ min: 1, max: 8 }),
  }),
  /** Without the copy of what was asked, only places tell the devices. */
  echoed: fc.boolean(),
});
type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never;

/** A device with everything that the tests know of it. */
interface Case extends Planned {
  readonly orderId: number;
  readonly device: GenericDevice;
  readonly name: string;
  readonly recordId: string;
}

function caseOf(orderId: number, n: number, made: Planned): Case {
  const number = `${orderId}${String(n).padStart(3, '0')}`;
  const imei = `35${number.padStart(12, '0')}`;
  const identifiers = {
    imei: [{ imei }, `imei:${imei}`],
    meid: [{ meid: `A0${number.padStart(12, '0')}` }, `meid:A0${number.padStart(12, '0')}`],
    serial: [
      { serialNumber: `s/${number}`, manufacturer: 'Google', model: '100% Pixel' },
      `serial:s%2F${number}/Google/100%25 Pixel`,
    ],
    broken: [{ imei: '3.56E+14' }, `imei:${imei}`],
  } as const;
  const [identifier, name] = identifiers[made.kind];
  // As numbers and as texts ids sort differently.
  const device = { deviceId: `device-${n}-${orderId}`, ...identifier };
  return { ...made, orderId, device, name, recordId: `9${number}` };
}

const casesOf = ({ orders }: Plan): Case[][] =>
  orders.map(({ deliveries }, index) => deliveries.flat().map((made, n) => caseOf(40 - index * 7, n, made)));

function documentFor(planOf: Plan, cases: Case[][]) {
  const orders = planOf.orders.map(({ requestType, deliveries }, index): RequestOrder => {
    const own = cases[index] ?? [];
    let from = 0;
    const listed = deliveries.map((devices, d) => ({
      deliveryNumber: `DN${d}`,
      shipDate,
      devices: own.slice(from, (from += devices.length)).map(({ device }) => device),
    }));
    return {
      id: own[0]?.orderId ?? 0,
      requestType,
      organisationId: '1234567890',
      orderDate,
      ...(requestType !== 'ORDER' && { originalRequestId: 'R' }),
      ...(requestType !== 'VOID' && { deliveries: listed }),
    };
  });
  return documentOf(orders);
}

const enrolledOf = (cases: readonly Case[]): EnrolledDevice[] =>
  cases
    .filter(({ known }) => known !== 'no')
    .map(({ device, name, known, recordId }) => ({
      deviceId: device.deviceId,
      providerDeviceId: name,
      providerRecordId: known === 'number' ? recordId : null,
      transactionId: 'earlier',
    }));

interface Body {
  claims?: { deviceIdentifier: Record<string, string> }[];
  unclaims?: { deviceId?: string; deviceIdentifier?: Record<string, string> }[];
}

/** Google's answer to a request, each device with the verdict that is planned for it. */
function answerTo({ message }: ProviderRequest, cases: readonly Case[], echoed: boolean) {
  const body = JSON.parse(message.content) as Body;
  const items = body.claims ?? body.unclaims ?? [];
  const entries = items.map((item) => {
    const { imei, meid, serialNumber } = item.deviceIdentifier ?? {};
    const called = imei ?? meid ?? serialNumber;
    const found = cases.find(
      ({ device, name, recordId }) =>
        ('deviceId' in item && item.deviceId === recordId) ||
        [device.imei, device.meid, device.serialNumber, name.split(':')[1]].includes(called ?? 'none'),
    );
    if (!found) throw new Error(`${JSON.stringify(item)} is none of the devices`);
    const { verdict, recordId } = found;
    const result =
      verdict === null || verdict === 'missing'
        ? { status: 'SINGLE_DEVICE_STATUS_SUCCESS', ...(body.claims && { deviceId: recordId }) }
        : { status: 'SINGLE_DEVICE_STATUS_OTHER_ERROR', errorIdentifier: verdict };
    if (!echoed) return { verdict: null, entry: { result } };
    return {
      verdict,
      entry: body.claims ? claimed(item.deviceIdentifier, result) : { unclaim: item, result },
    };
  });
  return operationOf(
    echoed
      ? entries
          .filter(({ verdict }) => verdict !== 'missing')
          .map(({ entry }) => entry)
          .toReversed()
      : entries.map(({ entry }) => entry),
  );
}

const said = (orders: readonly OrderOutcome[]): [string, string][] =>
  orders.flatMap(({ orderId, devices }) =>
    devices.map((device): [string, string] => [
      `${orderId}/${device.deviceId}`,
      device.outcome === 'failed' ? device.errors.map(({ code }) => code).join(' ') : device.outcome,
    ]),
  );

describe('from the generic format to Google and back', () => {
  test('every device has exactly one outcome, and it is the one that the answer said', () => {
    fc.assert(
      fc.property(plan, (planOf) => {
        const cases = casesOf(planOf);
        const all = cases.flat();
        const document = documentFor(planOf, cases);
        writeDocument(deviceEnrolmentRequest, document);
        const format = googleZeroTouch(
          settingsWith({ limits: planOf.limits, identifiers: { imei14: 'accept' } }),
        );
        const byOrder = new Map(cases.map((own) => [own[0]?.orderId, enrolledOf(own)]));
        const { requests, refused } = format.toRequests(document, {
          ofOrder: (orderId) => byOrder.get(orderId) ?? [],
        });

        const outcomes = said(refused);
        const prepared: string[] = [];
        for (const request of requests) {
          checkLimits(request, planOf);
          const asked: AskedRequest = askedOf(request, { providerTransactionId: 'operations/1' });
          const document = answerTo(request, all, planOf.echoed);
          const answer = format.readAnswer({ content: { kind: 'json', document } }, 'query', asked);
          if (answer.kind !== 'result') throw new Error(`the answer is ${answer.kind}`);
          const { orders, unexpected } = format.toOutcomes(answer.result, 'query', asked);
          expect(unexpected).toEqual([]);
          if (request.preparatory) prepared.push(...said(orders).map(([device]) => device));
          else outcomes.push(...said(orders));
        }
        expect(outcomes.toSorted()).toEqual(expected(planOf, cases).toSorted());
        expect(prepared.toSorted()).toEqual(expectedPreparations(planOf, cases).toSorted());
      }),
    );
  });
});

function checkLimits({ orders }: ProviderRequest, { limits }: Plan): void {
  const devices = orders.flatMap((order) => order.devices);
  expect(orders.length).toBeLessThanOrEqual(limits.ordersPerRequest);
  expect(devices.length).toBeLessThanOrEqual(limits.devicesPerRequest);
  expect(devices.length).toBeGreaterThan(0);
  expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(orders.length);
  expect(new Set(devices.map(({ providerDeviceId }) => providerDeviceId)).size).toBe(devices.length);
}

/** The rules once more, in words of the test. */
const expected = ({ orders, echoed }: Plan, cases: Case[][]): [string, string][] =>
  orders.flatMap(({ requestType }, index) =>
    (cases[index] ?? [])
      .filter(({ known }) => requestType !== 'VOID' || known !== 'no')
      .map((made): [string, string] => {
        const { orderId, device, kind, verdict, known } = made;
        const named = requestType === 'VOID' || (requestType === 'RETURN' && known !== 'no');
        const outcome =
          kind === 'broken' && !named
            ? 'IDENTIFIER_DAMAGED'
            : verdict === 'missing'
              ? echoed
                ? 'unknown'
                : 'succeeded'
              : (verdict ?? 'succeeded');
        return [`${orderId}/${device.deviceId}`, outcome];
      }),
  );

const expectedPreparations = ({ orders }: Plan, cases: Case[][]): string[] =>
  orders.flatMap(({ requestType }, index) => {
    const own = cases[index] ?? [];
    if (requestType !== 'OVERRIDE' || own.every(({ kind }) => kind === 'broken')) return [];
    return own
      .filter(({ known, kind }) => known !== 'no' && kind !== 'broken')
      .map(({ orderId, device }) => `${orderId}/${device.deviceId}`);
  });
