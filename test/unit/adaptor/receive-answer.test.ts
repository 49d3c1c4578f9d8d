import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import type { RequestOrder } from '../../../shared/generic/device-enrolment-request.ts';
import type { KeyRing } from '../../../shared/pgp/key-ring.ts';
import { queuedDocuments } from '../../support/store-lookups.ts';
import type { TestRuntime } from '../../support/test-runtime.ts';
import { voidOf } from '../apple/examples.ts';
import { etisalat, telenor } from '../apple/xml-examples.ts';
import {
  adaptorRuntime,
  answer,
  answerBytes,
  apple,
  extracted,
  keyRing,
  order,
  outcomes,
  publish,
  requestRows,
  responses,
  transform,
} from './scenes.ts';

let ring: KeyRing;
let rt: TestRuntime;
/** Our id of the request. */
let tx: string;
let batch: number;
beforeAll(async () => {
  ring = await keyRing();
});
beforeEach(async () => {
  rt = await adaptorRuntime();
});
afterEach(() => rt.close());

/** A request with these orders is queued. */
async function queued(...orders: RequestOrder[]): Promise<void> {
  const document = await extracted(rt, orders);
  batch = document.identifier;
  await transform(rt, ring, document);
  tx = (await requestRows(rt)).at(-1)?.transaction_id ?? '';
}

async function sent(...orders: RequestOrder[]): Promise<void> {
  await queued(...orders);
  await publish(rt);
}

async function accepted(...orders: RequestOrder[]): Promise<void> {
  await sent(...orders);
  await answerRequest(apple.accepted());
}

const answerRequest = (body: unknown) => answer(rt, `bulk-enroll-devices.${tx}.json`, body);
const answerQuery = (body: unknown, n = 1) => answer(rt, `check-transaction-status.${tx}.${n}.json`, body);
const request = async () => (await requestRows(rt))[0];
const after = (seconds: number) => new Date(rt.clock.now().getTime() + seconds * 1000).toISOString();
const complete = { 12: { 'S12-1': 'COMPLETE', 'S12-2': 'COMPLETE' } };
const fault = (code: string, cls: string) => ({ code, class: cls });

describe('accepted → pending → result', () => {
  test('accepted says nothing of the outcome; the result is asked for later', async () => {
    await sent(order(12, 2));
    expect(await answerRequest(apple.accepted())).toBe(batch);
    expect(await request()).toMatchObject({
      state: 'accepted',
      provider_transaction_id: 'tracking-1',
      accepted_at: after(0),
      next_query_at: after(600),
    });
    expect(await responses(rt)).toEqual([]);
  });

  test('pending is asked again later, as often as it takes', async () => {
    await accepted(order(12, 2));
    for (const n of [1, 2]) {
      rt.pass(100);
      await answerQuery(apple.pending, n);
      expect(await request()).toMatchObject({ state: 'pending', next_query_at: after(3600) });
    }
    expect(await responses(rt)).toEqual([]);
  });

  test('a refused question settles nothing: it is shown, and asked again', async () => {
    await accepted(order(12, 2));
    await answerQuery(apple.queryRefused);
    expect(await request()).toMatchObject({
      state: 'pending',
      next_query_at: after(3600),
      last_error: 'DEP-ERR-4005 later',
    });
    await answerQuery(apple.pending, 2);
    expect(await request()).toMatchObject({ last_error: null });
  });

  test('the result settles every device and queues one response per order', async () => {
    await accepted(order(12, 2), order(13, 1));
    const orders = { ...complete, 13: { 'S13-1': 'DEP-ERR-DE-4303' } };
    await answerQuery(
      apple.result(orders, { deviceEnrollmentTransactionID: 'tracking-1', transactionId: tx }),
    );
    expect(await request()).toMatchObject({ state: 'finished', finished_at: after(0), next_query_at: null });
    expect(await outcomes(rt)).toEqual({ '12 D1': 'succeeded', '12 D2': 'succeeded', '13 D1': 'failed' });
    expect((await responses(rt)).map((response) => response.order)).toEqual([
      { id: 12, devices: [{ deviceId: 'D1' }, { deviceId: 'D2' }] },
      {
        id: 13,
        devices: [{ deviceId: 'D1', errors: [{ id: 'DEP-ERR-DE-4303', errorMessage: expect.any(String) }] }],
      },
    ]);
  });

  test('the responses have names of their own, and say what they are about', async () => {
    await accepted(order(12, 2), order(13, 1));
    await answerQuery(apple.result({ ...complete, 13: { 'S13-1': 'COMPLETE' } }));
    const rows = await queuedDocuments(rt.db, 'generic-response');
    const names = rows.map((row) => row.name);
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(/^device-enrolment-response\.apple\.\d+-[12]\.json\.pgp$/);
    expect(rows).toMatchObject(
      [1, 2].map(() => ({ folder: 'inboundDeviceEnrolment/in', batch_id: batch, provider_request_id: 1 })),
    );
    const [first] = await responses(rt);
    expect(first).toMatchObject({ deviceEnrolmentProviderId: 'apple', extractLoadDateTime: after(0) });
  });

  test('a void is settled by its own status', async () => {
    await accepted(voidOf(12));
    await answerQuery({
      statusCode: 'COMPLETE',
      orders: [{ orderNumber: '12', orderPostStatus: 'COMPLETE' }],
    });
    expect(await request()).toMatchObject({ state: 'finished' });
    expect((await responses(rt)).map((response) => response.order)).toEqual([{ id: 12 }]);
  });

  test('what was not asked for is shown', async () => {
    await accepted(order(12, 1));
    await answerQuery(apple.result({ 12: { 'S12-1': 'COMPLETE', X9: 'COMPLETE' } }));
    expect(await request()).toMatchObject({
      state: 'finished',
      last_error: 'not asked for: device X9 of order 12',
    });
  });
});

describe('refused', () => {
  test('every order fails with the reason, one response each', async () => {
    await sent(order(12, 2), voidOf(13));
    await answerRequest(apple.refused);
    const reason = 'DEP-ERR-3003 No valid order';
    expect(await request()).toMatchObject({ state: 'refused', finished_at: after(0), last_error: reason });
    const errors = [{ id: 'DEP-ERR-3003', errorMessage: 'No valid order' }];
    expect((await responses(rt)).map((response) => response.order)).toEqual([
      { id: 12, errors },
      { id: 13, errors },
    ]);
    expect(await outcomes(rt)).toEqual({ '12 D1': 'failed', '12 D2': 'failed' });
  });

  test('after it was accepted contradicts that', async () => {
    await accepted(order(12, 2));
    await expect(answerRequest(apple.refused)).rejects.toMatchObject(fault('UNEXPECTED_ANSWER', 'permanent'));
    expect(await request()).toMatchObject({ state: 'accepted' });
    expect(await responses(rt)).toEqual([]);
  });
});

describe('out of order', () => {
  test('a result without an acknowledgement counts, and brings the provider’s id', async () => {
    await sent(order(12, 2));
    await answerQuery(apple.result(complete, { deviceEnrollmentTransactionID: 'tracking-9' }));
    expect(await request()).toMatchObject({ state: 'finished', provider_transaction_id: 'tracking-9' });
    expect(await responses(rt)).toHaveLength(1);
  });

  test('an answer before the publisher has recorded that the file is out is tried again', async () => {
    await queued(order(12, 2));
    await expect(answerRequest(apple.accepted())).rejects.toMatchObject(
      fault('BATCH_NOT_READY', 'transient'),
    );
    await publish(rt);
    await answerRequest(apple.accepted());
    expect(await request()).toMatchObject({ state: 'accepted' });
  });

  test('a second result, or a late pending, for a finished request is done quietly', async () => {
    await accepted(order(12, 2));
    await answerQuery(apple.result(complete));
    const before = await request();
    rt.pass(60);
    await answerQuery(apple.result({ 12: { 'S12-1': 'DEP-ERR-DE-4303', 'S12-2': 'COMPLETE' } }), 2);
    await answerQuery(apple.pending, 3);
    await answerQuery(apple.queryRefused, 4);
    expect(await request()).toEqual(before);
    expect(await responses(rt)).toHaveLength(1);
    expect(await outcomes(rt)).toEqual({ '12 D1': 'succeeded', '12 D2': 'succeeded' });
  });

  test.each([
    ['accepted again', apple.accepted('tracking-2')],
    ['refused', apple.refused],
  ])('%s after it was finished is unexpected', async (_what, body) => {
    await accepted(order(12, 2));
    await answerQuery(apple.result(complete));
    await expect(answerRequest(body)).rejects.toMatchObject(fault('UNEXPECTED_ANSWER', 'permanent'));
    expect(await request()).toMatchObject({ state: 'finished', provider_transaction_id: 'tracking-1' });
  });
});

describe('which request it answers', () => {
  const unknown = fault('UNKNOWN_TRANSACTION', 'transient');
  const result = (ids: object = {}) => apple.result(complete, ids);

  test.each([
    ['bulk-enroll-devices.other-1.json', apple.accepted()],
    ['check-transaction-status.other-1.1.json', apple.pending],
    ['result.json', apple.result(complete, { deviceEnrollmentTransactionID: 'other' })],
    ['result.json', apple.result(complete, { transactionId: 'other' })],
    ['result.json', apple.result(complete)],
    ['bulk-enroll-devices.json', apple.refused],
  ])('%s with ids that we do not know is tried again', async (name, body) => {
    await accepted(order(12, 2));
    await expect(answer(rt, name, body)).rejects.toMatchObject(unknown);
    expect(await request()).toMatchObject({ state: 'accepted' });
  });

  test('a request of another provider is none of this one', async () => {
    await accepted(order(12, 2));
    await rt.db.updateTable('provider_request').set({ provider_id: 'google' }).execute();
    await expect(answerQuery(result())).rejects.toMatchObject(unknown);
  });

  test.each([
    ['by our id in the content', 'result.json', () => ({ transactionId: tx })],
    [
      'by the provider’s id in the content',
      'a.b.json',
      () => ({ deviceEnrollmentTransactionID: 'tracking-1' }),
    ],
    [
      'by an id in the content, where the name has none',
      'check-transaction-status.json',
      () => ({ transactionId: tx }),
    ],
    ['by the name alone', '', () => ({})],
  ])('%s', async (_what, name, ids) => {
    await accepted(order(12, 2));
    await answer(rt, name || `check-transaction-status.${tx}.1.json`, result(ids()));
    expect(await request()).toMatchObject({ state: 'finished' });
  });

  test.each([
    ['our id', { transactionId: 'other-1' }],
    ['the provider’s id', { deviceEnrollmentTransactionID: 'tracking-2' }],
  ])('name and content that contradict each other by %s are refused', async (_what, ids) => {
    await accepted(order(12, 2));
    await expect(answerQuery(result(ids))).rejects.toMatchObject(fault('UNEXPECTED_ANSWER', 'permanent'));
    expect(await request()).toMatchObject({ state: 'accepted' });
    expect(await responses(rt)).toEqual([]);
  });

  test('an id that no index of the store could hold is refused', async () => {
    await sent(order(12, 2));
    const tooLong = answerRequest(apple.accepted('x'.repeat(501)));
    await expect(tooLong).rejects.toMatchObject(fault('UNKNOWN_ANSWER', 'permanent'));
    expect(await request()).toMatchObject({ state: 'sent', provider_transaction_id: null });
    await answerRequest(apple.accepted('x'.repeat(500)));
    expect(await request()).toMatchObject({ state: 'accepted', provider_transaction_id: 'x'.repeat(500) });
    const other = { deviceEnrollmentTransactionID: 'x'.repeat(501) };
    await expect(answerQuery(result(other))).rejects.toMatchObject(fault('UNKNOWN_ANSWER', 'permanent'));
  });

  test('J04 what is no answer is refused, without a word of its content', async () => {
    await accepted(order(12, 2));
    await expect(answerQuery({ secret: 'CANARY' })).rejects.toMatchObject({
      code: 'UNKNOWN_ANSWER',
      message: expect.not.stringContaining('CANARY'),
    });
  });
});

describe('devices whose outcome is not known', () => {
  const partly = { 12: { 'S12-1': 'COMPLETE' }, 13: { 'S13-1': 'COMPLETE' } };

  test('keep the request open, and the provider is asked about them; the others are answered', async () => {
    await accepted(order(12, 2), order(13, 1));
    await answerQuery(apple.result(partly));
    expect(await request()).toMatchObject({
      state: 'unknown',
      finished_at: null,
      next_query_at: after(3600),
    });
    expect(await outcomes(rt)).toEqual({ '12 D1': 'succeeded', '12 D2': 'unknown', '13 D1': 'succeeded' });
    expect((await responses(rt)).map((response) => response.order)).toEqual([
      { id: 12, devices: [{ deviceId: 'D1' }] },
      { id: 13, devices: [{ deviceId: 'D1' }] },
    ]);
  });

  test('a later result settles only what was open, whatever it says of the rest', async () => {
    await accepted(order(12, 2), order(13, 1));
    await answerQuery(apple.result(partly));
    const changedMind = {
      12: { 'S12-1': 'DEP-ERR-DE-4303', 'S12-2': 'COMPLETE' },
      13: { 'S13-1': 'DEP-ERR-DE-4303' },
    };
    await answerQuery(apple.result(changedMind), 2);
    expect(await request()).toMatchObject({ state: 'finished', finished_at: after(0) });
    expect(await outcomes(rt)).toEqual({ '12 D1': 'succeeded', '12 D2': 'succeeded', '13 D1': 'succeeded' });
    expect((await responses(rt)).slice(2).map((response) => response.order)).toEqual([
      { id: 12, devices: [{ deviceId: 'D2' }] },
    ]);
  });

  test('a later result that knows no more changes nothing', async () => {
    await accepted(order(12, 2), order(13, 1));
    await answerQuery(apple.result(partly));
    await answerQuery(apple.result(partly), 2);
    expect(await request()).toMatchObject({ state: 'unknown' });
    expect(await responses(rt)).toHaveLength(2);
  });

  test('when none is known, nothing is answered: an empty list would say that all succeeded', async () => {
    await accepted(order(12, 2));
    await answerQuery(apple.result({ 12: {} }));
    expect(await request()).toMatchObject({ state: 'unknown' });
    expect(await responses(rt)).toEqual([]);
  });
});

describe('in XML, as carriers wrap it', () => {
  const answerXml = (stem: string, xml: string | Buffer, rest = '') =>
    answerBytes(rt, `${stem}.${tx}${rest}.xml`, bytesOf(xml));
  /** The carrier repeats our id. */
  const bytesOf = (xml: string | Buffer) =>
    typeof xml === 'string' ? Buffer.from(xml.replace('TX-1<', `${tx}<`)) : xml;
  const accepts = etisalat.respose(etisalat.data('tracking-1'), etisalat.success);
  const { check, order: orderOf, device } = telenor;

  test('accepted by one carrier, and the result from another', async () => {
    await sent(order(12, 2), order(13, 1));
    expect(await answerXml('bulk-enroll-devices', accepts)).toBe(batch);
    expect(await request()).toMatchObject({ state: 'accepted', provider_transaction_id: 'tracking-1' });
    const orders =
      orderOf('12', device('S12-1', 'COMPLETE') + device('S12-2', 'DEP-ERR-DE-4303', 'déjà pris')) +
      orderOf('13', device('S13-1', 'COMPLETE'));
    expect(await answerXml('check-transaction-status', check(orders), '.1')).toBe(batch);
    expect(await request()).toMatchObject({ state: 'finished' });
    expect(await outcomes(rt)).toEqual({ '12 D1': 'succeeded', '12 D2': 'failed', '13 D1': 'succeeded' });
    expect((await responses(rt)).map((response) => response.order)).toEqual([
      {
        id: 12,
        devices: [
          { deviceId: 'D1' },
          { deviceId: 'D2', errors: [{ id: 'DEP-ERR-DE-4303', errorMessage: 'déjà pris' }] },
        ],
      },
      { id: 13, devices: [{ deviceId: 'D1' }] },
    ]);
  });

  test('X04: refused with one error', async () => {
    await sent(order(12, 1));
    const errors = etisalat.errors({ code: 'DEP-ERR-3001', message: 'no <id> & no order' });
    await expect(
      answerXml('bulk-enroll-devices', etisalat.respose(etisalat.data('', errors), etisalat.failure())),
    ).rejects.toMatchObject({ code: 'XML_NOT_WELL_FORMED' });
    const escaped = errors.replace('<id> &', '&lt;id&gt; &amp;');
    await answerXml('bulk-enroll-devices', etisalat.respose(etisalat.data('', escaped), etisalat.failure()));
    expect(await request()).toMatchObject({
      state: 'refused',
      last_error: 'DEP-ERR-3001 no <id> & no order',
    });
  });

  test.each([
    ['with a byte-order mark', `\ufeff${accepts}`],
    ['after white space', `\r\n\t ${accepts}`],
    ['in UTF-8 that is declared', `<?xml version="1.0" encoding="UTF-8"?>${accepts}`],
  ])('the content tells, not the name: %s', async (_what, xml) => {
    await sent(order(12, 1));
    await answerBytes(rt, `bulk-enroll-devices.${tx}.json`, bytesOf(xml));
    expect(await request()).toMatchObject({ state: 'accepted' });
  });

  test('JSON may be named .xml', async () => {
    await sent(order(12, 1));
    await answerXml('bulk-enroll-devices', JSON.stringify(apple.accepted()));
    expect(await request()).toMatchObject({ state: 'accepted' });
  });

  test('X06: messages in Latin-1 that is declared reach the response as they are', async () => {
    await sent(order(12, 1));
    const errors = etisalat.errors({ code: 'DEP-ERR-3001', message: 'numéro' });
    const xml = etisalat.respose(etisalat.data('', errors), etisalat.failure());
    const latin = Buffer.from(
      `<?xml version="1.0" encoding="ISO-8859-1"?>${xml.replace('TX-1', tx)}`,
      'latin1',
    );
    await answerXml('bulk-enroll-devices', latin);
    const [response] = await responses(rt);
    expect(response?.order.errors).toEqual([{ id: 'DEP-ERR-3001', errorMessage: 'numéro' }]);
  });

  const utf16 = Buffer.from(`\ufeff${accepts}`, 'utf16le');
  test.each([
    ['X01: a DOCTYPE', `<!DOCTYPE a SYSTEM "file:///etc/hostname">${accepts}`, 'XML_DTD'],
    ['X03: what is cut off', accepts.slice(0, -10), 'XML_NOT_WELL_FORMED'],
    ['X05: a great depth', '<a>'.repeat(200), 'XML_TOO_DEEP'],
    ['X05: more than 4 MB', `${accepts}${' '.repeat(4 * 1024 * 1024)}`, 'TOO_LARGE'],
    ['X06: UTF-16', utf16, 'ENCODING'],
    ['X06: UTF-16, big-endian', Buffer.from(utf16).swap16(), 'ENCODING'],
    ['X06: UTF-16 without a byte-order mark', Buffer.from(accepts, 'utf16le'), 'ENCODING'],
    ['X07: another namespace', accepts.replace(etisalat.namespace, 'urn:x'), 'UNKNOWN_ANSWER'],
    ['V09: a control character', accepts.replace('TX-1', 'TX\u0001'), 'CONTROL_CHAR'],
    ['any other XML', '<html><body>CANARY</body></html>', 'UNKNOWN_ANSWER'],
  ])('%s is refused, and the request stays as it was', async (_what, xml, code) => {
    await sent(order(12, 1));
    const before = await request();
    await expect(answerXml('bulk-enroll-devices', xml)).rejects.toMatchObject({
      code,
      message: expect.not.stringContaining('CANARY'),
    });
    expect(await request()).toEqual(before);
    expect(await responses(rt)).toEqual([]);
  });
});

describe('hostile JSON', () => {
  test.each([
    ['V02: Latin-1', Buffer.from('{"errorCode":"é"}', 'latin1'), 'ENCODING'],
    ['V09: an escaped NUL', '{"errorCode":"A1","errorMessage":"x\\u0000"}', 'CONTROL_CHAR'],
    ['J01: __proto__', '{"__proto__":{"errorCode":"A1"}}', 'FORBIDDEN_KEY'],
    ['J02: a great depth', '['.repeat(1000), 'JSON_TOO_DEEP'],
    ['J04: two documents', '{"errorCode":"A1"}{"errorCode":"A1"}', 'JSON_MALFORMED'],
  ])('%s is refused', async (_what, content, code) => {
    await sent(order(12, 1));
    const name = `bulk-enroll-devices.${tx}.json`;
    await expect(answerBytes(rt, name, Buffer.from(content as string))).rejects.toMatchObject({ code });
    expect(await request()).toMatchObject({ state: 'sent' });
  });

  test('V09: a message of several lines is a message', async () => {
    await sent(order(12, 1));
    await answerRequest({ errorCode: 'A1', errorMessage: 'one\n\ttwo' });
    const [response] = await responses(rt);
    expect(response?.order.errors).toEqual([{ id: 'A1', errorMessage: 'one\n\ttwo' }]);
  });
});
