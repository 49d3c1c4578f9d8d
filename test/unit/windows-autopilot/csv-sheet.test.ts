import { describe, expect, test } from '@jest/globals';

import { windowsAutopilot } from '../../../daemons/adaptor/providers/windows-autopilot/windows-autopilot.ts';
import {
  asked,
  csv,
  customer,
  documentOf,
  enrolled,
  enrolledWith,
  json,
  nothingEnrolled,
  orderOf,
  otherCustomer,
  overrideOf,
  returnOf,
  settingsWith,
  sheets,
  stamp,
  tuple,
} from './examples.ts';

const format = windowsAutopilot(sheets);
const header = 'Device Serial Number,Windows Product ID,Hardware Hash,Manufacturer name,Device model';
const hash = 'T0FBQUVYQU1QTEU=';

const devices = [
  { deviceId: 'A', serialNumber: 'ZZ-1', manufacturer: 'Dell, Inc.', model: 'X "13"' },
  { deviceId: 'B', productId: '0034567890123' },
  { deviceId: 'C', hardwareHash: hash, productId: '1234567890123', serialNumber: 'zz-3' },
  { deviceId: 'D', hardwareHash: 'SEFTSA==' },
];
const { requests } = format.toRequests(documentOf(orderOf(1, devices)), nothingEnrolled);
const [request] = requests;
if (!request) throw new Error('no request');

describe("a sheet for Partner Center's portal", () => {
  test('exact columns, and quotes only where a value needs them', () => {
    expect(requests).toHaveLength(1);
    expect(request.transactionId).toBe(`${stamp}-${customer}-1`);
    expect(request.message).toEqual({
      stem: 'device-batch',
      method: 'POST',
      path: `/v1/customers/${customer}/deviceBatches`,
      mediaType: 'text/csv',
      content: [
        header,
        'ZZ-1,,,"Dell, Inc.","X ""13"""',
        ',0034567890123,,,',
        `zz-3,1234567890123,${hash},,`,
        ',,SEFTSA==,,',
        '',
      ].join('\r\n'),
    });
  });

  test('one customer for each sheet, and as many rows as the settings say', () => {
    const limited = windowsAutopilot({ ...sheets, limits: { ordersPerRequest: 9, devicesPerRequest: 150 } });
    const many = Array.from({ length: 200 }, (_, index) => tuple(`D${index}`));
    const other = orderOf(2, [tuple('E')], { organisationId: otherCustomer });
    const mapped = limited.toRequests(documentOf(orderOf(1, many), other), nothingEnrolled);
    expect(mapped.requests.map(({ orders }) => orders.map(({ devices }) => devices.length))).toEqual([
      [150],
      [50],
      [1],
    ]);
    expect(mapped.requests.map(({ transactionId }) => transactionId)).toEqual([
      `${stamp}-${customer}-1`,
      `${stamp}-${customer}-2`,
      `${stamp}-${otherCustomer}-3`,
    ]);
  });

  test('sheets are for the spool: over HTTPS the API is spoken', () => {
    const api = windowsAutopilot(settingsWith({ transport: 'https', files: 'csv' }));
    const [sent] = api.toRequests(documentOf(orderOf(1, devices)), nothingEnrolled).requests;
    expect(sent?.message.mediaType).toBe('application/json');
  });

  test.each(['Ållwell', 'Con\ntoso', 'Con\ttoso'])(
    'T05: %j, which the portal might read otherwise, is refused',
    (manufacturer) => {
      const order = orderOf(1, [{ ...tuple('A'), manufacturer }, tuple('B')]);
      const mapped = format.toRequests(documentOf(order), nothingEnrolled);
      expect(mapped.requests[0]?.orders[0]?.devices).toHaveLength(1);
      expect(mapped.refused).toMatchObject([
        { devices: [{ deviceId: 'A', errors: [{ code: 'UNMAPPABLE' }] }] },
      ]);
    },
  );

  test('nobody can be asked, and it is not parted', () => {
    expect(format.toQuery(asked(request, { providerTransactionId: 'x' }))).toBeNull();
    expect(format.toReconciliation(asked(request))).toBeNull();
    expect(format.halve(asked(request), ['t-8', 't-9'])).toBeNull();
  });
});

describe('a sheet that comes back', () => {
  const read = (...lines: readonly string[]) => {
    const answer = format.readAnswer(csv(lines.join('\n')), 'request', asked(request));
    if (answer.kind !== 'result') throw new Error(`read as ${answer.kind}`);
    return format.toOutcomes(answer.result, 'request', asked(request));
  };
  const rows = [
    'ZZ-1,,,"Dell, Inc.","X ""13""",OK,',
    ',0034567890123,,,,808,belongs to others',
    `zz-3,1234567890123,${hash},,,,`,
    ',,SEFTSA==,,,ZtdDeviceAlreadyAssigned,',
  ];

  test('the outcome of each row; the record is of the batch, whose devices have no number here', () => {
    expect(read(`${header},Result,Error`, ...rows)).toEqual({
      orders: [
        {
          orderId: 1,
          errors: [],
          devices: [
            { deviceId: 'A', outcome: 'succeeded', providerRecordId: `${customer}/${stamp}-1` },
            { deviceId: 'B', outcome: 'failed', errors: [{ code: '808', message: 'belongs to others' }] },
            { deviceId: 'C', outcome: 'unknown' },
            {
              deviceId: 'D',
              outcome: 'failed',
              errors: [{ code: 'ZtdDeviceAlreadyAssigned', message: expect.stringMatching(/portal/) }],
            },
          ],
          settled: false,
        },
      ],
      unexpected: [],
    });
  });

  test('a row that was never sent is told', () => {
    expect(read(`${header},Result,Error`, 'stranger,,,a,b,OK,').unexpected).toEqual(['device STRANGER']);
  });

  test('the sheet as it went out says nothing of the outcome', () => {
    const malformed = expect.objectContaining({ code: 'CSV_MALFORMED' });
    expect(() => read(request.message.content)).toThrow(malformed);
  });

  test('in answer to a request of the API it is not known', () => {
    const api = windowsAutopilot(settingsWith());
    const [sent] = api.toRequests(documentOf(orderOf(1, devices)), nothingEnrolled).requests;
    if (!sent) throw new Error('no request');
    expect(() => api.readAnswer(csv(`${header},Result,Error\n`), 'request', asked(sent))).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_ANSWER' }),
    );
  });

  test('an error document in its place is understood', () => {
    const reply = json({ status: 403, code: '2032', description: 'Access denied' });
    expect(format.readAnswer(reply, 'request', asked(request))).toMatchObject({
      kind: 'refused',
      errors: [{ code: 'HTTP-403' }],
    });
  });
});

describe('a sheet of devices to delete in the portal, our own convention', () => {
  const record = { providerRecordId: `${customer}/b-1` };
  const known = enrolledWith(7, enrolled('A', record), enrolled('B', record), enrolled('C', record));

  test('a return', () => {
    const mapped = format.toRequests(documentOf(returnOf(7, [tuple('A'), tuple('B'), tuple('X')])), known);
    expect(mapped.requests).toMatchObject([
      {
        transactionId: `${stamp}-${customer}-1`,
        message: {
          stem: 'device-removal',
          mediaType: 'text/csv',
          content: ['Customer,Batch,Device', `${customer},b-1,ser-A`, `${customer},b-1,ser-B`, ''].join(
            '\r\n',
          ),
        },
        orders: [{ orderId: 7, requestType: 'RETURN' }],
      },
    ]);
    expect(mapped.refused).toMatchObject([
      { devices: [{ deviceId: 'X', errors: [{ code: 'NOT_ENROLLED' }] }] },
    ]);
  });

  test('an override: what is to go, as a step before; then what is new', () => {
    const mapped = format.toRequests(documentOf(overrideOf(7, [tuple('A'), tuple('N')])), known);
    expect(
      mapped.requests.map(({ message, preparatory, orders }) => ({
        stem: message.stem,
        preparatory,
        devices: orders[0]?.devices.map(({ deviceId }) => deviceId),
      })),
    ).toEqual([
      { stem: 'device-removal', preparatory: true, devices: ['B', 'C'] },
      { stem: 'device-batch', preparatory: undefined, devices: ['N'] },
    ]);
    expect(mapped.refused).toMatchObject([{ devices: [{ deviceId: 'A', outcome: 'succeeded' }] }]);
  });

  test('its result', () => {
    const [removal] = format.toRequests(documentOf(returnOf(7, [tuple('A'), tuple('B')])), known).requests;
    if (!removal) throw new Error('no request');
    const text = `customer,BATCH,device,Result,Error\n${customer},b-1,SER-A,ok,\n${customer},b-1,ser-B,nope,why\n`;
    const answer = format.readAnswer(csv(text), 'request', asked(removal));
    expect(answer.kind === 'result' && format.toOutcomes(answer.result, 'request', asked(removal))).toEqual({
      orders: [
        {
          orderId: 7,
          errors: [],
          devices: [
            { deviceId: 'A', outcome: 'succeeded' },
            { deviceId: 'B', outcome: 'failed', errors: [{ code: 'nope', message: 'why' }] },
          ],
          settled: true,
        },
      ],
      unexpected: [],
    });
  });
});
