import { describe, expect, test } from '@jest/globals';

import { samsungKnox } from '../../../daemons/adaptor/providers/samsung-knox/samsung-knox.ts';
import {
  asked,
  byImei,
  bySerial,
  customer,
  documentOf,
  enrolments,
  imeis,
  onlyRequest,
  orderOf,
  overrideOf,
  settingsWith,
  stamp,
} from './examples.ts';

const [first, second, third] = imeis;
const settings = settingsWith({ files: 'csv' });
const format = samsungKnox(settings);
const request = onlyRequest(orderOf(1, byImei(first, second)), settings);

const read = (sheet: string, of = request) =>
  format.readAnswer({ content: { kind: 'csv', bytes: Buffer.from(sheet) } }, 'request', of);

function outcomes(sheet: string, of = request) {
  const answer = read(sheet, of);
  if (answer.kind !== 'result') throw new Error(`read as ${answer.kind}`);
  return format.toOutcomes(answer.result, 'request', of);
}

describe('a sheet for the portal', () => {
  test('has one identifier in each line, and no header', () => {
    expect(request.message).toMatchObject({
      stem: 'devices-upload',
      mediaType: 'text/csv',
      content: `${first}\r\n${second}\r\n`,
    });
  });

  test('a serial number that would break the line is quoted', () => {
    const { message } = onlyRequest(orderOf(1, bySerial('SN58,M')), settings);
    expect(message.content).toBe('"SN58,M"\r\n');
  });

  test('is for one customer and of one kind, and the history says for which customer', () => {
    const orders = [
      orderOf(1, [...byImei(first), ...bySerial('SN58')]),
      orderOf(2, byImei(second), { organisationId: '2000000009' }),
      overrideOf(3, byImei(third)),
    ];
    const enrolled = enrolments({ 3: { D1: 'SN:R59' } });
    const { requests, notes } = format.toRequests(documentOf(...orders), enrolled);
    expect(requests.map(({ message }) => message.content)).toEqual([
      'R59\r\n',
      `${first}\r\n${third}\r\n`,
      'SN58\r\n',
      `${second}\r\n`,
    ]);
    expect(notes).toEqual([
      `devices-delete.${stamp}-1.csv: for customer ${customer}`,
      `devices-upload.${stamp}-2.csv: for customer ${customer}`,
      `devices-upload.${stamp}-3.csv: for customer ${customer}`,
      `devices-upload.${stamp}-4.csv: for customer 2000000009`,
    ]);
  });

  test('sheets are for the spool only', () => {
    const overHttps = settingsWith({ files: 'csv', transport: 'https' });
    expect(onlyRequest(orderOf(1, byImei(first)), overHttps).message.mediaType).toBe('application/json');
    const { notes } = samsungKnox(overHttps).toRequests(documentOf(orderOf(1, byImei(first))), enrolments());
    expect(notes).toEqual([]);
  });
});

describe('the sheet that comes back', () => {
  const header = 'Device,Result,Error\r\n';

  test('is the result, row by row', () => {
    const sheet = `${header}${first},OK,\r\n${second},4092100,already there\r\n`;
    expect(read(sheet)).toMatchObject({ kind: 'result', ids: { transactionId: request.transactionId } });
    expect(outcomes(sheet)).toEqual({
      orders: [
        {
          orderId: 1,
          errors: [],
          devices: [
            { deviceId: 'D1', outcome: 'succeeded' },
            {
              deviceId: 'D2',
              outcome: 'failed',
              errors: [
                { code: '4092100', message: expect.stringMatching(/^already there\. .*may be enrolled/) },
              ],
            },
          ],
          settled: true,
        },
      ],
      unexpected: [],
    });
  });

  test('an empty result settles nothing, nor does a row that is missing', () => {
    const [order] = outcomes(`${header}${first},,\r\n`).orders;
    expect(order?.devices.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown']);
    expect(order?.settled).toBe(false);
  });

  test('serial numbers come back as they went', () => {
    const serials = onlyRequest(orderOf(1, bySerial('SN58a', 'R5,8')), settings);
    const { orders, unexpected } = outcomes(`${header}SN58a,ok,\r\n"R5,8",OK,\r\n`, serials);
    expect(orders[0]?.devices.map(({ outcome }) => outcome)).toEqual(['succeeded', 'succeeded']);
    expect(unexpected).toEqual([]);
  });

  test('devices of other sheets are noted', () => {
    expect(outcomes(`${header}${third},OK,\r\n`).unexpected).toEqual([`device IMEI:${third} SN:${third}`]);
  });

  test('complaint "template mismatch": a sheet that came back as it went out is refused', () => {
    const malformed = expect.objectContaining({ code: 'CSV_MALFORMED' });
    expect(() => read(request.message.content)).toThrow(malformed);
    expect(() => read(`${first},OK,\r\n`)).toThrow(malformed);
  });

  test('belongs to a sheet, not to a request in JSON', () => {
    const inJson = onlyRequest(orderOf(1, byImei(first)));
    expect(() => read(`${header}${first},OK,\r\n`, inJson)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_ANSWER' }),
    );
  });

  test('the answer of the API is understood too, should the request have gone there by hand', () => {
    const [sent] = format.toRequests(documentOf(orderOf(1, byImei(first))), enrolments()).requests;
    if (!sent) throw new Error('no request');
    const document = { transactionId: sent.transactionId, state: 'Complete', devices: [{ imei: first }] };
    const answer = format.readAnswer({ content: { kind: 'json', document } }, 'request', asked(sent));
    expect(answer.kind).toBe('result');
  });
});
