import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { z } from 'zod';

import { raiseEvent } from '../../shared/store/workflow-events.ts';
import { addDevices, addProviderRequest, later } from '../support/store-examples.ts';
import { install, type TestInstallation } from '../support/installation.ts';

/** What a collector takes: ExportTraceServiceRequest in the JSON encoding of OTLP, as far as we write it. */
const nanoseconds = z.string().regex(/^\d{19}$/);
const attributes = z.array(
  z.strictObject({
    key: z.string().min(1),
    value: z.union([
      z.strictObject({ stringValue: z.string() }),
      z.strictObject({ intValue: z.string().regex(/^\d+$/) }),
    ]),
  }),
);
const span = z.strictObject({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  name: z.string().min(1),
  kind: z.union([z.literal(1), z.literal(3)]),
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  attributes,
  events: z.array(z.strictObject({ name: z.string().min(1), timeUnixNano: nanoseconds, attributes })),
  status: z.strictObject({ code: z.union([z.literal(0), z.literal(2)]) }),
});
const exported = z.strictObject({
  resourceSpans: z.tuple([
    z.strictObject({
      resource: z.strictObject({ attributes }),
      scopeSpans: z.tuple([
        z.strictObject({
          scope: z.strictObject({ name: z.string(), version: z.string() }),
          spans: z.array(span).min(1),
        }),
      ]),
    }),
  ]),
});
const spansIn = (document: unknown) => exported.parse(document).resourceSpans[0].scopeSpans[0].spans;

let installation: TestInstallation;
let collector: Server;
let answer: { status: number; body: string };
let posted: { path: string | undefined; type: string | undefined; body: string }[];

beforeAll(async () => {
  installation = await install();
  const db = await installation.store();
  const [device] = await addDevices(db, '12', [{ deviceId: 'ZZTRACE1' }]);
  if (device === undefined) throw new Error('no device');
  const history = { device: device.id, actor: 'test', batch_id: null };
  await db
    .insertInto('device_history')
    .values([
      { ...history, at: later(60).toISOString(), status: 'Enrol Requested', note: null },
      { ...history, at: later(120).toISOString(), status: 'Enrol Failed', note: 'already enrolled' },
    ])
    .execute();
  await db.updateTable('device').set({ status: 'Enrol Failed' }).where('id', '=', device.id).execute();
  const devices = [{ deviceId: 'ZZTRACE1', providerDeviceId: 'ZZTRACE1' }];
  const order = { orderId: 12, orderNumber: 'ORDER-12', requestType: 'ORDER' as const, devices };
  await addProviderRequest(db, 'T-1', { orders: [order] });
  const event = {
    eventType: 'ENR',
    eventCode: 'FAILED',
    referenceNumber: device.order_id,
    notes: 'refused',
    batchId: null,
  };
  await raiseEvent(db, event, later(120));
  collector = createServer((request, response) => {
    void text(request).then((body) => {
      posted.push({ path: request.url, type: request.headers['content-type'], body });
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
});
beforeEach(() => {
  posted = [];
  answer = { status: 200, body: '{}' };
});
afterAll(async () => {
  collector.close();
  await installation.close();
});

const trace = (...words: string[]) => installation.json('device', 'trace', 'ZZTRACE1', ...words);
const collectorUrl = () => `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`;

test('the journey of a device is one trace, always the same: its statuses, and what happened', async () => {
  const { code, value } = await trace();
  expect(code).toBe(0);
  const spans = spansIn(value);
  const [journey, ...parts] = spans;
  expect(journey).toMatchObject({ name: 'device ZZTRACE1', kind: 1, status: { code: 2 } });
  expect(journey?.parentSpanId).toBeUndefined();
  expect(journey?.events.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['order', 'dispatch', 'event']),
  );
  expect(parts.every(({ parentSpanId }) => parentSpanId === journey?.spanId)).toBe(true);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
  const nano = (date: Date) => `${date.getTime()}000000`;
  const requested = parts.find(({ name }) => name === 'status Enrol Requested');
  expect(requested).toMatchObject({ startTimeUnixNano: nano(later(60)), endTimeUnixNano: nano(later(120)) });
  expect(parts).toContainEqual(expect.objectContaining({ name: 'apple T-1', kind: 3, status: { code: 0 } }));
  expect(parts.filter(({ name }) => /^batch \d+$/.test(name)).length).toBeGreaterThan(1);
  for (const { startTimeUnixNano: start, endTimeUnixNano: end } of spans) {
    expect(start >= (journey?.startTimeUnixNano ?? '') && end <= (journey?.endTimeUnixNano ?? '')).toBe(true);
    expect(start <= end).toBe(true);
  }
  expect(spansIn((await trace()).value)).toEqual(spans);
});

test('a collector gets it over HTTP, and its refusals are told', async () => {
  const { code, value } = await trace('--otlp', collectorUrl());
  expect({ code, posted: posted.map(({ path, type }) => [path, type]) }).toEqual({
    code: 0,
    posted: [['/v1/traces', 'application/json']],
  });
  const spans = spansIn(JSON.parse(posted[0]?.body ?? ''));
  expect(value).toEqual({ traces: [spans[0]?.traceId] });

  answer = { status: 200, body: '{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}' };
  expect(await trace('--otlp', collectorUrl())).toMatchObject({
    code: 1,
    value: {
      error: {
        code: 'TRACE_UNDELIVERED',
        detail: expect.stringContaining('2 spans were not taken: too old'),
      },
    },
  });
  answer = { status: 503, body: 'busy' };
  expect(await trace('--otlp', collectorUrl())).toMatchObject({
    code: 1,
    value: { error: { code: 'TRACE_UNDELIVERED', detail: expect.stringContaining('HTTP 503') } },
  });
});

test('nothing goes over a network in plain', async () => {
  for (const url of [
    'http://collector.example.com:4318/v1/traces',
    'https://user:secret@127.0.0.1/',
    'here',
  ]) {
    expect(await trace('--otlp', url)).toMatchObject({ code: 2, value: { error: { code: 'BAD_INPUT' } } });
  }
  expect(posted).toEqual([]);
});
