import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'csv-parse/sync';

import { configured } from '../../daemons/adaptor/providers/configured/configured.ts';
import type {
  AnswerContent,
  ProviderFormat,
  ProviderRequest,
} from '../../daemons/adaptor/providers/provider-format.ts';
import { readXml } from '../../shared/formats/read-xml.ts';
import type { XmlElement } from '../../shared/formats/xml-element.ts';
import { deviceEnrolmentRequest, type RequestOrder } from '../../shared/generic/device-enrolment-request.ts';
import { writeDocument } from '../../shared/generic/document.ts';
import {
  asked,
  csv,
  documentOf,
  imei,
  json,
  nothingEnrolled,
  orderOf,
  settingsOf,
  xml,
} from '../unit/configured/examples.ts';

/** generic document -> requests of a random mapping -> an answer made from what was written -> outcomes. */

const separators = { csv: ' ', xml: '/', json: '.' } as const;
type Kind = keyof typeof separators;
const delimiters = { comma: ',', semicolon: ';', tab: '\t', pipe: '|' } as const;

const kinds = fc.constantFrom<Kind[]>('csv', 'xml', 'json');
const delimiter = fc.constantFrom(...(Object.keys(delimiters) as (keyof typeof delimiters)[]));
const deviceFields = [
  'manufacturer',
  'model',
  'assetTag',
  'imei2',
  'shipDate',
  'deliveryNumber',
  'orderDate',
  'requestType',
];

/** A mapping of any shape, in parts: what it takes from devices, where things stand, how answers look. */
const shape = fc.record({
  sent: kinds,
  answered: kinds,
  key: fc.constantFrom('deviceId', 'serialNumber', 'imei', 'firstIdentifier', 'orderNumber', 'orderId'),
  more: fc.uniqueArray(fc.constantFrom(...deviceFields), { maxLength: 4 }),
  dates: fc.constantFrom('iso', 'date', 'compact', 'compactDate'),
  delimiter,
  header: fc.boolean(),
  lineEnd: fc.constantFrom('lf', 'crlf'),
  rows: fc.constantFrom('device', 'order'),
  nested: fc.boolean(),
  wrapped: fc.boolean(),
  alone: fc.boolean(),
  limits: fc.record({
    ordersPerRequest: fc.integer({ min: 1, max: 4 }),
    devicesPerRequest: fc.integer({ min: 1, max: 5 }),
  }),
});
type Shape = typeof shape extends fc.Arbitrary<infer S> ? S : never;

const isOrderKey = (key: string) => key.startsWith('order');

function mappingOf(made: Shape): { request: object; answer: object } {
  const { sent, answered, key, more, dates, wrapped } = made;
  const path = (kind: Kind, ...names: string[]) =>
    kind === 'csv' ? names.join(' ') : names.join(separators[kind]);
  const field = (from: string) => ({ name: path(sent, 'f', from), from, required: false, date: dates });
  const byOrder = isOrderKey(key);
  const ofDevices = [...new Set([...(byOrder ? [] : [key]), ...more])].map(field);
  const batch = { name: path(sent, 'batch'), from: 'transactionId' };
  const common = {
    kind: sent,
    types: { ORDER: 'ADD', RETURN: 'REMOVE', OVERRIDE: 'SET' },
    key,
    identifiers: ['imei', 'serialNumber'],
  };
  return {
    request:
      sent === 'csv'
        ? { ...common, ...ofTable(made, [batch, ...ofDevices, ...(byOrder ? [field(key)] : [])]) }
        : {
            ...common,
            ...(sent === 'xml' && { root: 'Root', namespace: 'urn:x' }),
            fields: [batch],
            ...((made.nested || byOrder) && {
              orders: {
                at: made.alone ? '' : path(sent, ...(wrapped ? ['list', 'order'] : ['order'])),
                fields: [field(byOrder ? key : 'organisationId')],
              },
            }),
            ...(ofDevices.length > 0 && {
              devices: { at: path(sent, ...(wrapped ? ['things', 'thing'] : ['thing'])), fields: ofDevices },
            }),
          },
    answer: {
      kind: answered,
      ...(answered === 'csv' ? { delimiter: made.delimiter } : { records: path(answered, 'out', 'item') }),
      key: path(answered, 'k', 'id'),
      status: path(answered, 's'),
      code: path(answered, 'e', 'c'),
      text: path(answered, 'e', 't'),
      words: { success: ['OK'], failure: ['BAD'], pending: ['LATER'] },
    },
  };
}

function ofTable(
  { key, rows, delimiter, header, lineEnd }: Shape,
  fields: readonly { name: string; from: string }[],
) {
  if (!isOrderKey(key) || rows === 'device') return { rows: 'device', delimiter, header, lineEnd, fields };
  const own = fields.filter(({ from }) => ['transactionId', 'orderDate', 'requestType', key].includes(from));
  return { rows, delimiter, header, lineEnd, fields: own };
}

/** What becomes of a device: enrolled, an error code, or nothing that settles it. */
type Fate =
  { word: 'OK' } | { word: 'BAD'; code: string } | { word: 'LATER' } | { word: 'WHAT' } | { word: 'none' };
const fate: fc.Arbitrary<Fate> = fc.oneof(
  fc.constant({ word: 'OK' as const }),
  fc.record({ word: fc.constant('BAD' as const), code: fc.constantFrom('E1', 'E2', '') }),
  fc.constantFrom({ word: 'LATER' as const }, { word: 'WHAT' as const }, { word: 'none' as const }),
);
/** Texts with everything that needs care in one of the formats. */
const text = fc.string({
  unit: fc.constantFrom(
    'a',
    'B',
    ' ',
    ',',
    ';',
    '|',
    '\t',
    '"',
    '<',
    '&',
    '>',
    '\r',
    '\n',
    'é',
    '𝄞',
    "'",
    ']',
  ),
  minLength: 1,
  maxLength: 12,
});
const plan = fc.array(
  fc.record({
    type: fc.constantFrom('ORDER' as const, 'RETURN' as const),
    devices: fc.array(fc.record({ model: text, assetTag: text, fate }), { minLength: 1, maxLength: 6 }),
  }),
  { maxLength: 6 },
);
type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never;

const ordersOf = (planned: Plan): RequestOrder[] =>
  planned.map(({ type, devices }, o) =>
    orderOf(
      o + 1,
      devices.map(({ model, assetTag }, d) => ({
        deviceId: `device-${o}-${d}`,
        serialNumber: `SER${o}X${d}`,
        imei: imei(o * 100 + d),
        model,
        assetTag,
      })),
      { requestType: type, ...(type !== 'ORDER' && { originalRequestId: 'R' }) },
    ),
  );

interface Record_ {
  readonly key: string;
  readonly fate: Fate;
}

/** The answer of a partner, in any order, with things in it that nobody asked for. */
function answerOf({ answered, delimiter, wrapped }: Shape, records: readonly Record_[]): AnswerContent {
  const listed = records.filter((record) => record.fate.word !== 'none').toReversed();
  const codeOf = (one: Fate) => ('code' in one ? one.code : '');
  if (answered === 'csv') {
    const quote = (value: string) => `"${value.replaceAll('"', '""')}"`;
    const rows = listed.map(({ key, fate: one }) => ['new', one.word, key, codeOf(one), ''].map(quote));
    return csv(
      [['extra', 'S', 'k id', 'e c', 'e t'], ...rows]
        .map((row) => `${row.join(delimiters[delimiter])}\r\n`)
        .join(''),
    );
  }
  if (answered === 'json') {
    const items = listed.map(({ key, fate: one }) => ({
      k: { id: key, extra: 1 },
      s: one.word,
      e: codeOf(one) === '' ? [] : { c: codeOf(one) },
    }));
    return json({ out: { item: items.length === 1 && wrapped ? items[0] : items }, extra: {} });
  }
  const escaped = (value: string) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const items = listed.map(
    ({ key, fate: one }) =>
      `<p:item><p:k><p:id> ${escaped(key)}\n</p:id></p:k><p:s>${one.word}</p:s><p:e><p:c>${codeOf(one)}</p:c></p:e></p:item>`,
  );
  return xml(`<p:any xmlns:p="urn:p"><p:extra/><p:out>${items.join('')}</p:out></p:any>`);
}

/** Every text that stands in what was written, by another reader than ours where there is one. */
function textsIn({ message }: ProviderRequest, { delimiter, lineEnd }: Shape): string[] {
  if (message.mediaType === 'text/csv') {
    return parse(message.content, {
      delimiter: delimiters[delimiter],
      record_delimiter: lineEnd === 'lf' ? '\n' : '\r\n',
    }).flat();
  }
  if (message.mediaType === 'application/xml') return textsOf(readXml(Buffer.from(message.content)));
  const texts: string[] = [];
  JSON.parse(message.content, (_name, value: unknown) => {
    if (typeof value === 'string') texts.push(value);
    return value;
  });
  return texts;
}

const textsOf = ({ text: own, children }: XmlElement): string[] => [own, ...children.flatMap(textsOf)];

const keysOf = (request: ProviderRequest, key: string): [string, string[]][] =>
  request.orders.flatMap(({ orderNumber, devices }): [string, string[]][] =>
    isOrderKey(key)
      ? [[orderNumber, devices.map(({ deviceId }) => deviceId)]]
      : devices.map(({ deviceId, providerDeviceId }) => [providerDeviceId, [deviceId]]),
  );

function fatesOf(
  format: ProviderFormat,
  request: ProviderRequest,
  content: AnswerContent,
): [string, string][] {
  const by = asked(request, 'T');
  let answer;
  try {
    answer = format.readAnswer({ content }, 'query', by);
  } catch (error) {
    // An answer without any record says nothing.
    expect(error).toMatchObject({ code: 'UNKNOWN_ANSWER' });
    return request.orders.flatMap(({ devices }) =>
      devices.map(({ deviceId }): [string, string] => [deviceId, '?']),
    );
  }
  if (answer.kind === 'pending') {
    return request.orders.flatMap(({ devices }) =>
      devices.map(({ deviceId }): [string, string] => [deviceId, '?']),
    );
  }
  if (answer.kind !== 'result') throw new Error(answer.kind);
  const { orders, unexpected } = format.toOutcomes(answer.result, 'query', by);
  expect(unexpected).toEqual([]);
  expect(orders.map(({ orderId }) => orderId)).toEqual(request.orders.map(({ orderId }) => orderId));
  return orders.flatMap(({ devices }) =>
    devices.map((device): [string, string] => [
      device.deviceId,
      device.outcome === 'failed'
        ? (device.errors[0]?.code ?? '')
        : device.outcome === 'succeeded'
          ? 'ok'
          : '?',
    ]),
  );
}

const expectedOf = (one: Fate): string =>
  one.word === 'OK' ? 'ok' : one.word === 'BAD' ? ('code' in one && one.code) || 'BAD' : '?';

describe('generic -> configured -> generic', () => {
  test('T03: every device exactly once, with the outcome that the answer said', () => {
    fc.assert(
      fc.property(shape, plan, (made, planned) => {
        const settings = settingsOf(mappingOf(made), { limits: made.limits });
        const format = configured(settings);
        const orders = ordersOf(planned);
        const document = documentOf(orders);
        writeDocument(deviceEnrolmentRequest, document);
        const { requests, refused } = format.toRequests(document, nothingEnrolled);
        expect(refused).toEqual([]);
        const fates = new Map(
          planned.flatMap(({ devices }, o) => devices.map((device, d) => [`device-${o}-${d}`, device.fate])),
        );
        const read: [string, string][] = [];
        const expected: [string, string][] = [];
        for (const request of requests) {
          const keys = keysOf(request, made.key);
          const texts = textsIn(request, made);
          for (const [key] of keys) expect(texts).toContain(key);
          expect(texts).toContain(request.transactionId);
          // An order has one outcome: that of its first device.
          const records = keys.map(([key, ids]): Record_ => ({
            key,
            fate: fates.get(ids[0] ?? '') ?? { word: 'none' },
          }));
          read.push(...fatesOf(format, request, answerOf(made, records)));
          expected.push(
            ...keys.flatMap(([, ids], n) =>
              ids.map((id): [string, string] => [id, expectedOf(records[n]?.fate ?? { word: 'none' })]),
            ),
          );
        }
        expect(read).toEqual(expected);
        expect(read.map(([id]) => id).sort()).toEqual([...fates.keys()].sort());
      }),
      { numRuns: 150 },
    );
  });

  test('T05: texts are written as they are, whatever is in them, and halves say the same as the whole', () => {
    fc.assert(
      fc.property(shape, plan, (made, planned) => {
        const listed: Shape = { ...made, rows: 'device', more: ['model', 'assetTag'] };
        const format = configured(settingsOf(mappingOf(listed), { limits: made.limits }));
        const orders = ordersOf(planned);
        const { requests } = format.toRequests(documentOf(orders), nothingEnrolled);
        const written = (some: readonly ProviderRequest[], ids: readonly string[]) =>
          some.flatMap((request) => textsIn(request, listed)).filter((one) => !ids.includes(one));
        const models = planned.flatMap(({ devices }) =>
          devices.flatMap(({ model, assetTag }) => [model, assetTag]),
        );
        const all = written(requests, []);
        for (const model of models) expect(all).toContain(model);
        for (const request of requests) {
          const halves = format.halve(asked(request), ['h-1', 'h-2']);
          if (!halves) continue;
          const ids = [request.transactionId, 'h-1', 'h-2'];
          const once = (texts: string[]) => [...new Set(texts)].sort();
          expect(once(written(halves, ids))).toEqual(once(written([request], ids)));
          const devices = (some: readonly ProviderRequest[]) =>
            some.flatMap((one) =>
              one.orders.flatMap((order) => order.devices.map(({ deviceId }) => deviceId)),
            );
          expect(devices(halves)).toEqual(devices([request]));
          for (const half of halves) expect(devices([half]).length).toBeLessThan(devices([request]).length);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('no device succeeds that the answer does not name with a word of success', () => {
    const noise = fc.constantFrom('OK', 'BAD', 'LATER', 'WHAT', '', undefined, 0, null, ['OK', 'BAD'], {
      OK: 'OK',
    });
    const item = fc.record({
      k: fc.record({ id: fc.constantFrom('SER0X0', 'SER0X1', 'X', null) }),
      s: noise,
      e: fc.record({ c: noise }),
    });
    const items = fc.oneof(fc.array(item, { maxLength: 4 }), item, noise);
    const base: Shape = {
      ...{
        sent: 'json',
        answered: 'json',
        key: 'serialNumber',
        more: [],
        dates: 'iso',
        delimiter: 'comma',
        header: true,
      },
      ...{ lineEnd: 'lf', rows: 'device', nested: false, wrapped: false, alone: false },
      limits: { ordersPerRequest: 9, devicesPerRequest: 9 },
    };
    const format = configured(settingsOf(mappingOf(base)));
    const devices = [0, 1].map(() => ({ model: 'm', assetTag: 'a', fate: { word: 'OK' as const } }));
    const [request] = format.toRequests(
      documentOf(ordersOf([{ type: 'ORDER', devices }])),
      nothingEnrolled,
    ).requests;
    if (!request) throw new Error('no request');
    fc.assert(
      fc.property(items, (found) => {
        const fates = new Map(fatesLeniently(format, request, json({ out: { item: found } })));
        const named = [found].flat().filter((one) => typeof one === 'object' && one !== null && 'k' in one);
        for (const n of [0, 1]) {
          if (fates.get(`device-0-${n}`) !== 'ok') continue;
          const own = named.filter((one) => one.k.id === `SER0X${n}`);
          expect(own.length).toBeGreaterThan(0);
          for (const one of own) expect(one.s).toBe('OK');
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** The same for answers that may have anything in them. */
function fatesLeniently(
  format: ProviderFormat,
  request: ProviderRequest,
  content: AnswerContent,
): [string, string][] {
  const by = asked(request, 'T');
  try {
    const answer = format.readAnswer({ content }, 'query', by);
    if (answer.kind !== 'result') return [];
    return format
      .toOutcomes(answer.result, 'query', by)
      .orders.flatMap(({ devices }) =>
        devices.map(({ deviceId, outcome }): [string, string] => [
          deviceId,
          outcome === 'succeeded' ? 'ok' : '?',
        ]),
      );
  } catch (error) {
    expect(error).toMatchObject({ code: 'UNKNOWN_ANSWER' });
    return [];
  }
}
