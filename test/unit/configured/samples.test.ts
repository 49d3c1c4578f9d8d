import { describe, expect, test } from '@jest/globals';

import { toGenericResponse } from '../../../daemons/adaptor/generic-response.ts';
import { configured } from '../../../daemons/adaptor/providers/configured/configured.ts';
import type { OrderOutcome } from '../../../daemons/adaptor/providers/provider-format.ts';
import { readXml } from '../../../shared/formats/read-xml.ts';
import { readVerdict } from '../../../shared/generic/device-enrolment-response.ts';
import {
  asked,
  csv,
  documentOf,
  enrolled,
  imei,
  json,
  nothingEnrolled,
  orderOf,
  sample,
  voidOf,
  xml,
} from './examples.ts';

/** What CMP reads of an outcome: the error code of each device, or how else it stands. */
function verdicts(outcomes: readonly OrderOutcome[], devices: readonly string[]): Record<string, string> {
  const read: Record<string, string> = {};
  for (const outcome of outcomes) {
    const response = toGenericResponse({ providerId: 'p', outcome, externalFileName: 'x', now: new Date(0) });
    for (const id of devices.filter((device) => device.startsWith(`D${outcome.orderId}-`))) {
      const verdict = response ? readVerdict(response.order, id) : { outcome: 'silent' as const };
      read[id] = verdict.outcome === 'failed' ? (verdict.errors[0]?.id ?? '') : verdict.outcome;
    }
  }
  return read;
}

describe('config/samples/providers/distributor-csv.yaml', () => {
  const format = configured(sample('distributor-csv'));
  const order = orderOf(7, [
    { imei: imei(1), imei2: imei(2), model: 'Phone "X"; blue' },
    { serialNumber: 'abc123' },
    { imei: '3.56938E+14' },
  ]);
  const mapped = format.toRequests(documentOf([order]), nothingEnrolled);
  const [request] = mapped.requests;
  if (!request) throw new Error('no request');

  test('writes the table', () => {
    expect(request.message).toMatchObject({ stem: 'request', mediaType: 'text/csv' });
    const { transactionId } = request;
    expect(request.message.content).toBe(
      [
        'Batch;Action;Account;Order;Customer;PO;Delivery;Shipped;Identifier;Second IMEI;Model',
        `${transactionId};ADD;ACME-DE;7;880011;;DN-7;2026-05-05;${imei(1)};${imei(2)};"Phone ""X""; blue"`,
        `${transactionId};ADD;ACME-DE;7;880011;;DN-7;2026-05-05;ABC123;;`,
        '',
      ].join('\r\n'),
    );
  });

  test('refuses the device that a spreadsheet damaged', () => {
    expect(mapped.refused).toMatchObject([
      { orderId: 7, devices: [{ deviceId: 'D7-3', errors: [{ code: 'IDENTIFIER_DAMAGED' }] }] },
    ]);
  });

  test('reads the acknowledgement, and a refusal in its place', () => {
    const read = (text: string) => format.readAnswer({ content: csv(text) }, 'request', asked(request));
    const header = 'File status;Reason;Reason text;Ticket\n';
    expect(read(`${header}RECEIVED;;;T-1\n`)).toEqual({ kind: 'accepted', providerTransactionId: 'T-1' });
    expect(read(`${header}REJECTED;E300;;\n`)).toEqual({
      kind: 'refused',
      errors: [{ code: 'E300', message: expect.stringContaining('Our account') }],
    });
    expect(format.errors.lookUp('E300').class).toBe('config');
  });

  test('reads the outcome, with a new column and another letter case', () => {
    const table = [
      'BATCH;identifier;Status;Colour;Reason;Reason text',
      `${request.transactionId};${imei(1)};Done;blue;;`,
      `${request.transactionId};ABC123;ERROR;;E200;Gehört einem anderen`,
    ].join('\n');
    const answer = format.readAnswer({ content: csv(table) }, 'request', asked(request));
    if (answer.kind !== 'result') throw new Error(answer.kind);
    expect(answer.ids).toEqual({ transactionId: request.transactionId });
    const { orders, unexpected } = format.toOutcomes(answer.result, 'request', asked(request));
    expect(unexpected).toEqual([]);
    expect(verdicts(orders, ['D7-1', 'D7-2'])).toEqual({ 'D7-1': 'succeeded', 'D7-2': 'E200' });
  });

  test('voids by taking back what is known as enrolled', () => {
    const known = enrolled(7, { 'D7-1': imei(1) });
    const [taken] = format.toRequests(documentOf([voidOf(7)]), known).requests;
    expect(taken?.message.content.split('\r\n')[1]).toMatch(
      new RegExp(`^${taken?.transactionId};REMOVE;ACME-DE;RE-7-[a-z0-9-]+;880011;;;;${imei(1)};;$`),
    );
    expect(taken?.orders).toMatchObject([{ requestType: 'VOID', devices: [{ deviceId: 'D7-1' }] }]);
  });
});

describe('config/samples/providers/carrier-xml.yaml', () => {
  const format = configured(sample('carrier-xml'));
  const order = orderOf(
    8,
    [
      { serialNumber: 'S<1>', imei: imei(3) },
      { serialNumber: 'S2', assetTag: 'A & B' },
    ],
    {
      purchaseOrderNumber: 'PO-1',
    },
  );
  const [request] = format.toRequests(documentOf([order]), nothingEnrolled).requests;
  if (!request) throw new Error('no request');
  const open = '<Enrolments xmlns="urn:carrier.example:enrolment:1">';

  test('writes the document', () => {
    expect(request.message).toMatchObject({
      method: 'POST',
      path: '/v1/enrolments',
      mediaType: 'application/xml',
    });
    expect(request.message.content).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>\n${open}` +
        `<Header><Sender>ACME</Sender><MessageId>${request.transactionId}</MessageId></Header>` +
        '<Order><Number>8</Number><Type>ENROL</Type><Customer>880011</Customer><Date>2026-05-04T08:00:00Z</Date>' +
        '<Reference><PurchaseOrder>PO-1</PurchaseOrder></Reference><Devices>' +
        `<Device><SerialNumber>S&lt;1&gt;</SerialNumber><Imei>${imei(3)}</Imei>` +
        '<Shipping><Date>20260505</Date><Note>DN-8</Note></Shipping></Device>' +
        '<Device><SerialNumber>S2</SerialNumber><AssetTag>A &amp; B</AssetTag>' +
        '<Shipping><Date>20260505</Date><Note>DN-8</Note></Shipping></Device>' +
        '</Devices></Order></Enrolments>\n',
    );
    expect(() => readXml(Buffer.from(request.message.content))).not.toThrow();
  });

  test('asks by the number of the receipt', () => {
    const receipt = xml('<Answer><Receipt><Status>ACCEPTED</Status><Number>R/1</Number></Receipt></Answer>');
    const answer = format.readAnswer({ status: 202, content: receipt }, 'request', asked(request));
    expect(answer).toEqual({ kind: 'accepted', providerTransactionId: 'R/1' });
    expect(format.toQuery(asked(request, 'R/1'))).toMatchObject({
      method: 'GET',
      path: '/v1/enrolments/R%2F1/result',
      content: '',
    });
    expect(format.toReconciliation(asked(request))).toBeNull();
  });

  test('reads the outcome', () => {
    const result = xml(
      `<r:Answer xmlns:r="urn:carrier.example:enrolment:1"><r:Header><r:MessageId>${request.transactionId}</r:MessageId>` +
        '<r:Receipt>R/1</r:Receipt></r:Header><r:Status>FAILED</r:Status><r:Results>' +
        '<r:Device status="FAILED"><r:SerialNumber>S2</r:SerialNumber><r:Error><r:Code>TAKEN</r:Code></r:Error></r:Device>' +
        '<r:Device status="ENROLLED"><r:SerialNumber>S&lt;1&gt;</r:SerialNumber></r:Device>' +
        '</r:Results></r:Answer>',
    );
    const by = asked(request, 'R/1');
    const answer = format.readAnswer({ status: 200, content: result }, 'query', by);
    if (answer.kind !== 'result') throw new Error(answer.kind);
    expect(answer.ids).toEqual({ transactionId: request.transactionId, providerTransactionId: 'R/1' });
    const { orders } = format.toOutcomes(answer.result, 'query', by);
    expect(verdicts(orders, ['D8-1', 'D8-2'])).toEqual({ 'D8-1': 'succeeded', 'D8-2': 'TAKEN' });
  });

  test('does not know a receipt: not found', () => {
    const error = xml(
      '<Answer xmlns="urn:carrier.example:enrolment:1"><Error><Code>NO-SUCH-RECEIPT</Code></Error></Answer>',
    );
    expect(
      format.readAnswer({ status: 404, content: error }, 'reconciliation', asked(request, 'R/1')),
    ).toEqual({
      kind: 'not-found',
    });
  });
});

describe('config/samples/providers/carrier-orders-json.yaml', () => {
  const format = configured(sample('carrier-orders-json'));
  const orders = [
    orderOf(9, [{ serialNumber: 'A' }, { serialNumber: 'B' }]),
    orderOf(10, [{ serialNumber: 'C' }]),
  ];
  const { requests, refused } = format.toRequests(documentOf([...orders, voidOf(11)]), nothingEnrolled);
  const [request] = requests;
  if (!request) throw new Error('no request');

  test('writes a document for each order, without devices', () => {
    expect(requests.map(({ message }) => JSON.parse(message.content) as unknown)).toEqual([
      { orderId: 9, referenceNumber: '9' },
      { orderId: 10, referenceNumber: '10' },
    ]);
    expect(refused).toMatchObject([{ orderId: 11, errors: [{ code: 'UNMAPPABLE' }] }]);
  });

  test.each([
    ['Initialized', { kind: 'accepted', providerTransactionId: '77' }],
    ['WaitingForAuthorization', { kind: 'accepted', providerTransactionId: '77' }],
    ['Finished', { kind: 'result' }],
    ['Aborted', { kind: 'result' }],
    ['Restored', { kind: 'result' }],
  ])('reads the status %s', (status, expected) => {
    const summary = { contextName: 'x', id: 77, referenceNumber: '9', operation: 'ADD', status };
    expect(
      format.readAnswer({ status: 200, content: json(summary) }, 'request', asked(request)),
    ).toMatchObject(expected);
  });

  test.each([
    ['Finished', { 'D9-1': 'succeeded', 'D9-2': 'succeeded' }],
    ['Canceled', { 'D9-1': 'Canceled', 'D9-2': 'Canceled' }],
    ['Restored', { 'D9-1': 'silent', 'D9-2': 'silent' }],
  ])('gives every device of the order the outcome of the order: %s', (status, expected) => {
    const summary = { id: 77, referenceNumber: '9', status };
    const by = asked(request, '77');
    const answer = format.readAnswer({ status: 200, content: json(summary) }, 'query', by);
    if (answer.kind !== 'result') throw new Error(answer.kind);
    expect(verdicts(format.toOutcomes(answer.result, 'query', by).orders, ['D9-1', 'D9-2'])).toEqual(
      expected,
    );
  });

  test('an error is refused with its code, and a fault of the server is left to its HTTP status', () => {
    const read = (status: number, name: string) =>
      format.readAnswer(
        { status, content: json({ transactionId: 'trace', status, name, message: 'm' }) },
        'request',
        asked(request),
      );
    expect(read(400, 'BAD')).toEqual({ kind: 'refused', errors: [{ code: 'BAD', message: 'm' }] });
    expect(read(429, 'TOO_MANY_REQUESTS')).toMatchObject({ kind: 'refused' });
    expect(() => read(500, 'WHO_KNOWS')).toThrow(expect.objectContaining({ code: 'UNKNOWN_ANSWER' }));
  });
});
