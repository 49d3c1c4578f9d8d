import { describe, expect, test } from '@jest/globals';

import type { ErrorClass } from '../../daemons/adaptor/providers/error-catalogue.ts';
import type {
  AskedRequest,
  EnrolledDevice,
  Enrolments,
  MappedDocument,
  ProviderMessage,
  ProviderReply,
  ProviderRequest,
  Question,
} from '../../daemons/adaptor/providers/provider-format.ts';
import { siblingId } from '../../daemons/adaptor/providers/transaction-id.ts';
import { readXml } from '../../shared/formats/read-xml.ts';
import {
  deviceEnrolmentRequest,
  type DeviceEnrolmentRequest,
  type RequestOrder,
} from '../../shared/generic/device-enrolment-request.ts';
import { writeDocument } from '../../shared/generic/document.ts';
import type { GenericDevice } from '../../shared/generic/schema-parts.ts';
import { faultCodes } from '../../shared/runtime/fault-codes.ts';
import { provider } from '../../shared/runtime/provider-schema.ts';
import {
  device,
  documentOf,
  examples,
  formatOfExample,
  orderOf,
  type Example,
  type Limits,
} from './provider-examples.ts';

/** What every provider format promises to the adaptor. */

const questions: readonly Question[] = ['request', 'query', 'reconciliation'];
const damagedImei = '3.56999E+14';
const wrongSerial = 'SECRET"SERIAL';

/** Devices by name, as the orders below have them. */
const named = (prefix: string, from: number, count: number) =>
  Array.from({ length: count }, (_, index) => device(`${prefix}${index + 1}`, from + index));
const first = named('A', 10, 5);
const gone = named('V', 20, 3);
const returned = named('R', 30, 2);
const [kept, added, replaced] = named('O', 40, 3) as [GenericDevice, GenericDevice, GenericDevice];
const again = named('B', 50, 2);
const broken: readonly GenericDevice[] = [
  { deviceId: 'X1' },
  {
    deviceId: 'X2',
    serialNumber: wrongSerial,
    imei: damagedImei,
    productId: '0000000000001',
    manufacturer: 'E',
    model: 'M',
  },
];

const ordersOf = (example: Example): RequestOrder[] => [
  orderOf(example, 1, 'ORDER', first),
  orderOf(example, 2, 'VOID', []),
  orderOf(example, 3, 'RETURN', returned),
  orderOf(example, 4, 'OVERRIDE', [kept, added]),
  orderOf(example, 5, 'ORDER', [...named('C', 60, 1), ...broken]),
  orderOf(example, 6, 'RETURN', again.slice(0, 1)),
  orderOf(example, 6, 'ORDER', again.slice(1)),
  orderOf(example, 7, 'VOID', []),
];

/** Devices that were enrolled before, by order. Nothing was of order 7. */
const enrolledBefore: readonly (readonly [orderId: number, devices: readonly GenericDevice[]])[] = [
  [2, gone],
  [3, returned],
  [4, [kept, replaced]],
  [6, again.slice(0, 1)],
];

const nothing: Enrolments = { ofOrder: () => [] };

/** What the store would know, had the provider's own format enrolled these devices. */
function enrolmentsOf(example: Example): Enrolments {
  const orders = enrolledBefore.map(([id, devices]) => orderOf(example, id, 'ORDER', devices));
  const { requests } = formatOfExample(example).toRequests(documentOf(orders), nothing);
  const known = requests.flatMap(({ transactionId, orders: asked }) =>
    asked.flatMap(({ orderId, devices }) =>
      devices.map((one): [number, EnrolledDevice] => [
        orderId,
        { ...one, providerRecordId: example.recordIdOf?.(one.deviceId) ?? null, transactionId },
      ]),
    ),
  );
  const byOrder = Map.groupBy(known, ([orderId]) => orderId);
  const frozen = deepFreeze(new Map([...byOrder].map(([id, all]) => [id, all.map(([, one]) => one)])));
  return { ofOrder: (orderId) => frozen.get(orderId) ?? [] };
}

function deepFreeze<Value>(value: Value): Value {
  const parts =
    value instanceof Map ? [...(value as Map<unknown, unknown>).values()] : Object.values(value as object);
  parts.filter((part) => typeof part === 'object' && part !== null).forEach(deepFreeze);
  return Object.freeze(value);
}

const askedOf = ({ transactionId, message, orders }: ProviderRequest): AskedRequest => ({
  transactionId,
  providerTransactionId: 'operations/theirs-1',
  message,
  orders,
});

/** Order and device, and of an order without devices the order alone. */
const keysOf = ({ orders }: Pick<ProviderRequest, 'orders'>): string[] =>
  orders.flatMap(({ orderId, devices }) =>
    devices.length === 0 ? [`${orderId}`] : devices.map(({ deviceId }) => `${orderId} ${deviceId}`),
  );

function checkMessage(
  message: ProviderMessage,
  stems: Readonly<Record<string, Question>>,
  of: Question,
): void {
  expect(stems[message.stem]).toBe(of);
  expect(['GET', 'POST', 'PUT', 'DELETE']).toContain(message.method);
  expect(message.path).toMatch(/^\/[\x21-\x7e]*$/);
  expect(() => new URL(`https://provider.example/base${message.path}`)).not.toThrow();
  if (message.content === '') return;
  switch (message.mediaType) {
    case 'application/json':
      expect(JSON.parse(message.content)).toBeInstanceOf(Object);
      return;
    case 'application/xml':
      expect(readXml(Buffer.from(message.content)).children.length).toBeGreaterThan(0);
      return;
    case 'text/csv':
      expect(message.content).toMatch(/^\S.*\r?\n$/s);
  }
}

describe.each(examples)('the format $what', (example) => {
  const format = formatOfExample(example);
  const enrolled = enrolmentsOf(example);
  const document = deepFreeze(documentOf(ordersOf(example)));
  const map = (given: DeviceEnrolmentRequest = document, limits: Partial<Limits> = {}): MappedDocument =>
    formatOfExample(example, limits).toRequests(given, enrolled);
  const mapped = map();
  const { requests, refused } = mapped;
  const [someRequest] = requests;
  if (!someRequest) throw new Error('the example makes no request');
  const counted = (some: readonly ProviderRequest[]) => some.filter(({ preparatory }) => !preparatory);

  test('bears the name of its setting, and the document of this suite is a valid one', () => {
    expect(format.name).toBe(example.settings.format);
    expect(() => writeDocument(deviceEnrolmentRequest, document)).not.toThrow();
  });

  test('has stems that tell what a message is for, and can be parts of file names', () => {
    expect(Object.values(format.stems)).toContain('request');
    for (const [stem, of] of Object.entries(format.stems)) {
      expect(stem).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(questions).toContain(of);
    }
  });

  test('maps the same file to the same requests, and does not change what it is given', () => {
    expect(map(structuredClone(document))).toEqual(mapped);
  });

  test('gives every request an id of its own that can be part of a file name', () => {
    const ids = map(document, { ordersPerRequest: 2, devicesPerRequest: 2 }).requests.map(
      ({ transactionId }) => transactionId,
    );
    expect(ids.length).toBeGreaterThan(1);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{1,100}$/);
  });

  test('another batch of the same number has other ids: numbers begin again in a new store', () => {
    const later = map({ ...document, batchDateTime: '2026-05-06T00:00:01.000Z' }).requests;
    const ids = new Set(requests.map(({ transactionId }) => transactionId));
    expect(later).toHaveLength(requests.length);
    expect(later.some(({ transactionId }) => ids.has(transactionId))).toBe(false);
  });

  test.each<[string, Partial<Limits>]>([
    ['one request', {}],
    ['requests of few orders', { ordersPerRequest: 2 }],
    ['requests of few devices', { devicesPerRequest: 2 }],
    ['requests of one order', { ordersPerRequest: 1, devicesPerRequest: 3 }],
  ])('every order and device is just once asked for or refused: %s', (_what, limits) => {
    const { requests: some, refused: others } = map(document, limits);
    const told = others.flatMap(({ orderId, devices }) =>
      devices.map(({ deviceId }) => `${orderId} ${deviceId}`),
    );
    const asked = counted(some).flatMap(keysOf);
    const listed = document.orders.flatMap(({ id, deliveries = [] }) =>
      deliveries.flatMap(({ devices }) => devices.map(({ deviceId }) => `${id} ${deviceId}`)),
    );
    const voided = gone.map(({ deviceId }) => `2 ${deviceId}`);
    const ofVoids = (key: string) => /^[27]\b/.test(key);
    const all = [...asked, ...told];
    expect(all.filter((key) => !ofVoids(key)).toSorted()).toEqual(listed.toSorted());
    // A void names no devices, or those that are known; and one of which nothing is known may be refused.
    const devicesOfVoids = all.filter(ofVoids).filter((key) => key.includes(' '));
    expect([[], voided]).toContainEqual(devicesOfVoids.toSorted());
    const known = new Set([...some.flatMap(({ orders }) => orders), ...others].map(({ orderId }) => orderId));
    expect([...known].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('keeps the limits, though an order is larger', () => {
    const { requests: some } = map(document, { ordersPerRequest: 3, devicesPerRequest: 2 });
    for (const { orders } of some) {
      expect(orders.length).toBeGreaterThan(0);
      expect(orders.length).toBeLessThanOrEqual(3);
      expect(orders.flatMap(({ devices }) => devices).length).toBeLessThanOrEqual(2);
    }
  });

  test.each<Partial<Limits>>([{}, { devicesPerRequest: 2 }])(
    'asks about an order in good order (%j)',
    (limits) => {
      const { requests: some } = map(document, limits);
      for (const { orders } of some) {
        expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(orders.length);
      }
      const about = (orderId: number) =>
        some.flatMap(({ orders, preparatory = false }) =>
          orders
            .filter((order) => order.orderId === orderId)
            .map(({ requestType }) => ({ requestType, preparatory })),
        );
      expect(about(6).map(({ requestType }) => requestType)).toEqual(['RETURN', 'ORDER']);
      const preparations = about(4).map(({ preparatory }) => preparatory);
      expect(preparations).toEqual(preparations.toSorted((a, b) => Number(b) - Number(a)));
      const prepared = some.filter(({ preparatory }) => preparatory).flatMap(({ orders }) => orders);
      expect(prepared.every(({ requestType }) => requestType === 'OVERRIDE')).toBe(true);
    },
  );

  test('names a device by one id within an order', () => {
    for (const { orders } of requests) {
      for (const { devices } of orders) {
        expect(devices.every(({ providerDeviceId }) => providerDeviceId !== '')).toBe(true);
        expect(new Set(devices.map(({ providerDeviceId }) => providerDeviceId)).size).toBe(devices.length);
      }
    }
  });

  test('refuses with a code of the fault table, and does not quote the identifier', () => {
    const ofBroken = refused.filter(({ orderId }) => orderId === 5).flatMap(({ devices }) => devices);
    expect(ofBroken.map(({ deviceId }) => deviceId)).toEqual(expect.arrayContaining(['X1']));
    for (const { errors, devices, settled } of refused) {
      expect(settled).toBe(true);
      const failures = devices.filter((one) => one.outcome === 'failed');
      for (const { code, message } of [...errors, ...failures.flatMap((one) => one.errors)]) {
        expect(Object.keys(faultCodes)).toContain(code);
        expect(message.length).toBeGreaterThan(20);
        expect(message).not.toContain(damagedImei);
        expect(message).not.toContain(wrongSerial);
      }
      for (const one of failures) expect(one.errors.length).toBeGreaterThan(0);
    }
  });

  test('notes have counts and no identifiers', () => {
    for (const note of mapped.notes) expect(note).not.toMatch(/SN\d+X|00101\d+|SECRET|3\.56999/);
  });

  test('halves a request, and halves the halves: every device just once', () => {
    for (const request of requests) {
      let taken = 90;
      const parted = (whole: ProviderRequest): ProviderRequest[] => {
        const ids = [
          siblingId(request.transactionId, ++taken),
          siblingId(request.transactionId, ++taken),
        ] as const;
        const halves = format.halve(askedOf(whole), ids);
        if (!halves) return [whole];
        expect(halves.map(({ transactionId }) => transactionId)).toEqual(ids);
        for (const half of halves) {
          expect(keysOf(half).length).toBeGreaterThan(0);
          checkMessage(half.message, format.stems, 'request');
          expect(half.message.stem).toBe(whole.message.stem);
        }
        expect(halves.flatMap(keysOf).toSorted()).toEqual(keysOf(whole).toSorted());
        return halves.flatMap(parted);
      };
      const pieces = parted(request);
      expect(pieces.flatMap(keysOf).toSorted()).toEqual(keysOf(request).toSorted());
    }
  });

  test.each(questions)('nonsense is no answer to a %s, and is not quoted', (of) => {
    const nonsense: ProviderReply['content'][] = [
      ...[null, 1, true, 'secret', ['secret'], [['secret']], { orders: 'secret', devices: 'secret' }].map(
        (value) => ({ kind: 'json' as const, document: value }),
      ),
      { kind: 'xml', root: readXml(Buffer.from('<secret>secret</secret>')) },
      { kind: 'other' },
    ];
    for (const content of nonsense) {
      expect(() => format.readAnswer({ content }, of, askedOf(someRequest))).toThrow(
        expect.objectContaining({ code: 'UNKNOWN_ANSWER', message: expect.not.stringContaining('secret') }),
      );
    }
  });

  test('what is not a result that it read gives no outcomes', () => {
    for (const result of [null, 1, 'secret', [[]]]) {
      expect(() => format.toOutcomes(result, 'query', askedOf(someRequest))).toThrow(
        expect.objectContaining({ code: 'UNKNOWN_ANSWER', message: expect.not.stringContaining('secret') }),
      );
    }
  });

  test('describes every code, also one that it does not know', () => {
    const classes: readonly ErrorClass[] = [
      'auth',
      'config',
      'data',
      'conflict',
      'retry',
      'pending',
      'split',
    ];
    for (const code of [...format.errors.rows.map(([known]) => known), 'ZZZ-999', '0', 'constructor']) {
      expect(format.errors.describe({ code, message: '' })).toEqual({
        code,
        message: expect.stringMatching(/^.{10,}\.$/s),
      });
      expect(classes).toContain(format.errors.lookUp(code).class);
    }
    expect(format.errors.describe({ code: 'ZZZ-999', message: 'their words' }).message).toBe('their words');
  });
});

const hollow = examples.flatMap((example) =>
  example.hollow ? [{ ...example, hollow: example.hollow }] : [],
);

test.each(hollow)('$what: a whole that succeeded without its devices leaves them unknown', (example) => {
  const format = formatOfExample(example);
  const { requests } = format.toRequests(documentOf(ordersOf(example)), enrolmentsOf(example));
  let seen = 0;
  for (const asked of requests.map(askedOf)) {
    const said = example.hollow(asked);
    if (!said || asked.orders.every(({ devices }) => devices.length === 0)) continue;
    const answer = format.readAnswer(said.reply, said.of, asked);
    if (answer.kind !== 'result') throw new Error(`it was read as ${answer.kind}`);
    const { orders } = format.toOutcomes(answer.result, said.of, asked);
    expect(orders.map(({ orderId }) => orderId)).toEqual(asked.orders.map(({ orderId }) => orderId));
    for (const { requestType, orderId, devices } of asked.orders) {
      if (requestType === 'VOID' && devices.length === 0) continue;
      const outcome = orders.find((order) => order.orderId === orderId);
      expect(outcome).toMatchObject({ errors: [], settled: false });
      expect(outcome?.devices).toEqual(devices.map(({ deviceId }) => ({ deviceId, outcome: 'unknown' })));
      seen += devices.length;
    }
  }
  expect(seen).toBeGreaterThan(0);
});

test('every format of the settings has an example', () => {
  const formats = provider.options.map(({ shape }) => shape.format.value);
  const shown = examples.filter(({ make }) => make === undefined).map(({ settings }) => settings.format);
  expect(new Set(shown)).toEqual(new Set<string>(formats));
});
