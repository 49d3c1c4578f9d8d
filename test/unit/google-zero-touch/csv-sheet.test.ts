import { describe, expect, test } from '@jest/globals';

import { googleZeroTouch } from '../../../daemons/adaptor/providers/google-zero-touch/google-zero-touch.ts';
import type { AskedRequest, Question } from '../../../daemons/adaptor/providers/provider-format.ts';
import type { RequestOrder } from '../../../shared/generic/device-enrolment-request.ts';
import {
  askedOf,
  devicesOf,
  documentOf,
  enrolledAs,
  flat,
  imeis,
  nothingEnrolled,
  orderOf,
  overrideOf,
  returnOf,
  settingsWith,
  sheets,
  tablet,
  voidOf,
} from './examples.ts';

const [first, second, third] = imeis;
const header = 'modemtype,modemid,serial,model,manufacturer,profiletype,owner';

const map = (orders: readonly RequestOrder[], enrolled = nothingEnrolled) =>
  sheets.toRequests(documentOf(orders), enrolled).requests;

function askedFor(orders: readonly RequestOrder[], enrolled = nothingEnrolled): AskedRequest {
  const [request] = map(orders, enrolled);
  if (!request) throw new Error('nothing is asked for');
  return askedOf(request);
}

const answer = (lines: readonly string[], of: Question, asked: AskedRequest) =>
  sheets.readAnswer({ content: { kind: 'csv', bytes: Buffer.from(lines.join('\r\n')) } }, of, asked);

function outcomesOf(lines: readonly string[], asked: AskedRequest) {
  const read = answer(lines, 'request', asked);
  if (read.kind !== 'result') throw new Error(`the answer is ${read.kind}`);
  return sheets.toOutcomes(read.result, 'request', asked);
}

const telephones = devicesOf([
  { imei: first, imei2: second, manufacturer: 'Google' },
  { meid: 'a0000012345678' },
  tablet,
]);

describe("the sheet of the portal: complaint 'CSV header case or template mismatch'", () => {
  test('has the columns that the portal knows, and a row for each device', () => {
    expect(map([orderOf(7, telephones)]).map(({ message }) => message)).toEqual([
      {
        stem: 'claim',
        method: 'POST',
        path: '/v1/partners/555/devices:claimAsync',
        mediaType: 'text/csv',
        content: [
          header,
          `IMEI,${first},,,Google,ZERO_TOUCH,1234567890`,
          'MEID,A0000012345678,,,,ZERO_TOUCH,1234567890',
          ',,Zx8Test01,Pixel Tablet,Google,ZERO_TOUCH,1234567890',
          '',
        ].join('\r\n'),
      },
    ]);
  });

  test('V11: what a spreadsheet takes for a formula is not altered, and only commas need quotes', () => {
    const device = { serialNumber: '=1+1', manufacturer: '@home', model: 'a, "b"' };
    expect(map([orderOf(7, devicesOf([device]))])[0]?.message.content).toContain(
      '\r\n,,=1+1,"a, ""b""",@home,ZERO_TOUCH,1234567890\r\n',
    );
  });

  test("returns and voids have the same columns, and never Google's numbers", () => {
    const enrolled = enrolledAs([['D1', `imei:${first}`, '987654321']]);
    const rows = [header, `IMEI,${first},,,,ZERO_TOUCH,1234567890`, ''].join('\r\n');
    for (const order of [returnOf(7, devicesOf([{ imei: first }])), voidOf(7)]) {
      expect(map([order], enrolled).map(({ message }) => [message.stem, message.content])).toEqual([
        ['unclaim', rows],
      ]);
    }
    const gone = { ...voidOf(7), organisationId: 'gone\u0001' };
    expect(map([gone], enrolled)[0]?.message.content).toContain('ZERO_TOUCH,\r\n');
  });

  test('an override is two sheets; nobody remembers whose the devices were', () => {
    const enrolled = enrolledAs([['D9', `imei:${third}`]]);
    const requests = map([overrideOf(7, devicesOf([tablet]))], enrolled);
    expect(requests.map(({ message: { stem }, preparatory = false }) => [stem, preparatory])).toEqual([
      ['unclaim', true],
      ['claim', false],
    ]);
    expect(requests[0]?.message.content).toContain(`IMEI,${third},,,,ZERO_TOUCH,\r\n`);
  });

  test('over HTTPS there are no sheets', () => {
    const https = googleZeroTouch(settingsWith({ files: 'csv', transport: 'https' }));
    const { requests } = https.toRequests(documentOf([orderOf(7, telephones)]), nothingEnrolled);
    expect(requests.map(({ message }) => message.mediaType)).toEqual(['application/json']);
  });

  test('a portal is asked nothing, and refuses no sheet as too large', () => {
    const asked = { ...askedFor([orderOf(7, telephones)]), providerTransactionId: 'operations/1' };
    expect(sheets.toQuery(asked)).toBeNull();
    expect(sheets.toReconciliation(asked)).toBeNull();
    expect(sheets.halve(asked, ['t-1', 't-2'])).toBeNull();
  });
});

describe('the sheet with the results', () => {
  const asked = askedFor([orderOf(7, telephones)]);
  const rows = asked.message.content.split('\r\n').slice(1, 4);
  const sheet = (...results: string[]) => [
    `${header},Result,Error`,
    ...rows.map((row, index) => `${row},${results[index] ?? ','}`),
  ];

  test('done, failed and open devices', () => {
    const outcomes = outcomesOf(sheet('OK,', 'claimed elsewhere,by Example Ltd', ','), asked);
    expect(flat(outcomes)).toEqual({ D1: 'succeeded', D2: 'claimed elsewhere', D3: 'unknown' });
    expect(outcomes.unexpected).toEqual([]);
  });

  test('a code of Google without a text gets ours', () => {
    const { orders } = outcomesOf(sheet('ok,', 'ok,', 'INVALID_MODEL,'), asked);
    expect(orders[0]?.devices[2]).toEqual({
      deviceId: 'D3',
      outcome: 'failed',
      errors: [
        { code: 'INVALID_MODEL', message: expect.stringMatching(/list of names that Google publishes/) },
      ],
    });
  });

  test('the rows may stand in another order, and rows may be missing', () => {
    const [head = '', ...listed] = sheet('OK,', 'NO,', 'OK,');
    expect(flat(outcomesOf([head, ...listed.toReversed().slice(0, 2)], asked))).toEqual({
      D1: 'unknown',
      D2: 'NO',
      D3: 'succeeded',
    });
  });

  test('complaint "Spreadsheet damage": a damaged IMEI settles nothing and is told', () => {
    const damaged = sheet('OK,', 'OK,', 'OK,').map((line) => line.replace(first, '1.017E+12'));
    const outcomes = outcomesOf([...damaged, ',,,,,ZERO_TOUCH,1,OK,'], asked);
    expect(flat(outcomes)).toEqual({ D1: 'unknown', D2: 'succeeded', D3: 'succeeded' });
    expect(outcomes.unexpected).toEqual(['device imei:1.017E+12', 'device a row without identifiers']);
  });

  test('an unclaim is answered in the same way', () => {
    const unclaim = askedFor([voidOf(7)], enrolledAs([['D1', 'serial:a%2Fb/Google/Pixel Tablet', '11']]));
    const lines = [`${header},Result,Error`, ',,a/b,Pixel Tablet,Google,ZERO_TOUCH,1234567890,OK,'];
    expect(flat(outcomesOf(lines, unclaim))).toEqual({ D1: 'succeeded' });
  });

  test('a sheet of other columns is refused', () => {
    expect(() => answer([header, ...rows], 'request', asked)).toThrow(
      expect.objectContaining({ code: 'CSV_MALFORMED' }),
    );
  });

  test('a sheet that does not bear the name of ours is no answer', () => {
    expect(() => answer(sheet('OK,', 'OK,', 'OK,'), 'query', asked)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_ANSWER' }),
    );
  });
});
