import { describe, expect, test } from '@jest/globals';

import { apple } from '../../../daemons/adaptor/providers/apple/apple.ts';
import { fromXml } from '../../../daemons/adaptor/providers/apple/xml-answer-mapping.ts';
import type {
  AskedRequest,
  Question,
  RequestedOrder,
} from '../../../daemons/adaptor/providers/provider-format.ts';
import { readXml } from '../../../shared/formats/read-xml.ts';
import { askedOf, documentOf, nothingEnrolled, orderOf, settingsWith, xml as reply } from './examples.ts';
import { etisalat, telenor } from './xml-examples.ts';

const format = apple(settingsWith());
const askedFor = (orders: readonly RequestedOrder[] = [], transactionId = 'TX-1'): AskedRequest => ({
  transactionId,
  providerTransactionId: null,
  message: {
    stem: 'bulk-enroll-devices',
    method: 'POST',
    path: '/',
    mediaType: 'application/xml',
    content: '',
  },
  orders,
});

const answer = (xml: string, of: Question = 'request', asked = askedFor()) =>
  format.readAnswer(reply(xml), of, asked);
const unknown = expect.objectContaining({ code: 'UNKNOWN_ANSWER' });
const error = (code: string, message: string) => ({ code, message });

describe('Etisalat', () => {
  const { respose, data, errors, success, failure } = etisalat;

  test('accepted', () => {
    expect(answer(respose(data('dep-1'), success))).toEqual({
      kind: 'accepted',
      providerTransactionId: 'dep-1',
    });
  });

  test('X04: one error and several are read the same', () => {
    const one = error('DEP-ERR-3001', 'no id');
    const two = error('DEP-ERR-3003', 'no order');
    expect(answer(respose(data('', errors(one)), failure()))).toEqual({ kind: 'refused', errors: [one] });
    expect(answer(respose(data('', errors(one, two)), failure('MW-1', 'failed')))).toEqual({
      kind: 'refused',
      errors: [one, two],
    });
  });

  test('an error of the carrier alone refuses', () => {
    const refused = (xml: string) => answer(respose(xml));
    expect(refused(failure('MW-1', 'no such service'))).toEqual({
      kind: 'refused',
      errors: [error('MW-1', 'no such service')],
    });
    expect(refused(failure())).toMatchObject({ kind: 'refused', errors: [{ code: 'FAILURE' }] });
  });

  test('it may stand in the body of a SOAP envelope', () => {
    const xml = telenor.envelope(respose(data('dep-1'), success));
    expect(answer(xml)).toMatchObject({ kind: 'accepted' });
  });

  test('X07: mapped by namespace, whatever the prefixes', () => {
    const xml = respose(data('dep-1'), success);
    const renamed = xml.replaceAll(/(<\/?|xmlns:)p\b/g, '$1q').replaceAll(/(<\/?|xmlns:)a\b/g, '$1p');
    expect(renamed).toContain('<q:ResponseData>');
    expect(answer(renamed)).toEqual({ kind: 'accepted', providerTransactionId: 'dep-1' });
    for (const other of [
      xml.replace(etisalat.namespace, 'urn:other'),
      xml.replace(etisalat.acknowledgement, 'urn:other'),
      xml.replaceAll('p:AppleDEPEnrollmentRespose', 'p:AppleDEPEnrollmentResponse'),
    ]) {
      expect(() => answer(other)).toThrow(unknown);
    }
  });

  test.each([
    ['no acknowledgement', respose(data('dep-1'))],
    ['two acknowledgements', respose(data('dep-1'), success, success)],
    ['two data', respose(data('dep-1'), data('dep-2'), success)],
    ['two ids', respose(data('1</p:DEPTransactionID><p:DEPTransactionID>2'), success)],
    ['success without an id', respose(data(''), success)],
    ['success without data', respose(success)],
    ['success with errors', respose(data('dep-1', errors(error('DEP-ERR-3001', 'x'))), success)],
    ['failure with an id', respose(data('dep-1'), failure('MW-1', 'x'))],
    ['a status that nobody has reported', respose(data('dep-1'), success.replace('SUCCESS', 'QUEUED'))],
    ['an error without a code', respose(data('', errors(error('', 'x'))), failure())],
  ])('what is not as published is no answer: %s', (_what, xml) => {
    expect(() => answer(xml)).toThrow(unknown);
  });

  test('an answer that names another request of ours is refused', () => {
    const xml = respose(data('dep-1'), success);
    expect(() => answer(xml, 'request', askedFor([], 'TX-2'))).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_ANSWER',
        detail: 'XML that answers another transaction of ours',
      }),
    );
    // Without our id in it, its name alone tells what it answers.
    const nameless = xml.replace('<p:TransactionID>TX-1</p:TransactionID>', '');
    expect(nameless).not.toBe(xml);
    expect(answer(nameless, 'request', askedFor([], 'TX-2'))).toMatchObject({ kind: 'accepted' });
  });

  test('it answers no question', () => {
    expect(() => answer(respose(data('dep-1'), success), 'query')).toThrow(unknown);
  });
});

describe('Telenor', () => {
  const { envelope, message, bulk, check, order, device, fault } = telenor;

  test.each([
    ['soapenv:Client', 'SOAP-Client'],
    ['Client.Authentication', 'SOAP-Client'],
    ['soapenv:MustUnderstand', 'SOAP-MustUnderstand'],
    ['soapenv:VersionMismatch', 'SOAP-VersionMismatch'],
  ])('a SOAP fault %s refuses the request, or the question', (faultcode, code) => {
    const errors = [error(code, 'no')];
    expect(answer(fault(faultcode, 'no'))).toEqual({ kind: 'refused', errors });
    for (const question of ['query', 'reconciliation'] as const) {
      expect(answer(fault(faultcode, 'no'), question)).toEqual({ kind: 'query-refused', ids: {}, errors });
    }
  });

  test('a SOAP fault of the server refuses a question, which does no harm to ask again', () => {
    expect(answer(fault('soapenv:Server', 'down'), 'query')).toEqual({
      kind: 'query-refused',
      ids: {},
      errors: [error('SOAP-Server', 'down')],
    });
  });

  test('accepted', () => {
    const xml = bulk(
      '<EnrollDevicesResponse><StatusCode>SUCCESS</StatusCode><StatusMessage>ok</StatusMessage></EnrollDevicesResponse>' +
        '<DeviceEnrollmentTransactionId> dep-1 </DeviceEnrollmentTransactionId><TransactionId>t-1</TransactionId>',
    );
    expect(answer(xml)).toEqual({ kind: 'accepted', providerTransactionId: 'dep-1' });
  });

  const refusal = (code: string) =>
    `<EnrollDeviceErrorResponse><ErrorCode>${code}</ErrorCode><ErrorMessage>no</ErrorMessage></EnrollDeviceErrorResponse>`;

  test.each([
    ['one error', refusal('GRX-1056'), [error('GRX-1056', 'no')]],
    ['several', refusal('A1') + refusal('B2'), [error('A1', 'no'), error('B2', 'no')]],
    [
      'a bare one',
      '<ErrorCode>GRX-50025</ErrorCode><ErrorMessage>no</ErrorMessage><TransactionId>trace</TransactionId>',
      [error('GRX-50025', 'no')],
    ],
  ])('X04: refused: %s', (_what, body, errors) => {
    expect(answer(bulk(body))).toEqual({ kind: 'refused', errors });
  });

  test('pending', () => {
    const xml = check(
      '<CheckTransactionErrorResponse><ErrorCode>DEP-ERR-4003</ErrorCode></CheckTransactionErrorResponse>',
    );
    expect(answer(xml, 'query')).toEqual({ kind: 'pending', ids: {} });
  });

  test('X04: the result, with one of each and with several', () => {
    const requested = (orderId: number, ...ids: string[]) => ({
      orderId,
      orderNumber: String(orderId),
      requestType: 'ORDER' as const,
      devices: ids.map((id) => ({ deviceId: `D-${id}`, providerDeviceId: id })),
    });
    const outcome = (xml: string, ...orders: ReturnType<typeof requested>[]) => {
      const read = answer(xml, 'query');
      if (read.kind !== 'result') throw new Error(read.kind);
      expect(JSON.parse(JSON.stringify(read.result))).toEqual(read.result);
      return format.toOutcomes(read.result, 'query', askedFor(orders)).orders.map(({ devices }) => devices);
    };
    const complete = (deviceId: string) => ({ deviceId, outcome: 'succeeded' });
    const one = check(order('7', device('KX1', 'COMPLETE')));
    expect(outcome(one, requested(7, 'KX1'))).toEqual([[complete('D-KX1')]]);
    const several = check(
      order('7', device('KX1', 'COMPLETE') + device('KX2', 'DEP-ERR-DE-4303', 'taken')) +
        order('8', device('KX3', 'COMPLETE')),
    );
    expect(outcome(several, requested(7, 'KX1', 'KX2'), requested(8, 'KX3'))).toEqual([
      [
        complete('D-KX1'),
        { deviceId: 'D-KX2', outcome: 'failed', errors: [error('DEP-ERR-DE-4303', 'taken')] },
      ],
      [complete('D-KX3')],
    ]);
  });

  test('what became of a request whose answer was lost', () => {
    const requests = format.toRequests(documentOf([orderOf(7, ['KX1', 'KX2'])]), nothingEnrolled).requests;
    const [request] = requests;
    if (!request) throw new Error('no request');
    const shown = (status: string) =>
      message(
        'showOrderDetailsResponse',
        `<StatusCode>COMPLETE</StatusCode><OrdersShow><OrderNumber>7</OrderNumber>${status}</OrdersShow>`,
      );
    const listed = shown(
      '<CustomerId>880011</CustomerId><Deliveries><Devices><DeviceId>KX2</DeviceId></Devices></Deliveries>',
    );
    const asked = askedOf(request);
    const read = answer(listed, 'reconciliation', asked);
    if (read.kind !== 'result') throw new Error(read.kind);
    expect(format.toOutcomes(read.result, 'reconciliation', asked).orders[0]?.devices).toEqual([
      { deviceId: 'D1', outcome: 'unknown' },
      { deviceId: 'D2', outcome: 'succeeded' },
    ]);
    const gone = shown('<ShowOrderStatusCode>DEP-ERR-5002</ShowOrderStatusCode>');
    expect(answer(gone, 'reconciliation', asked)).toEqual({ kind: 'not-found' });
  });

  test('the ids of a result', () => {
    const ids =
      '<TransactionId>t-1</TransactionId><DeviceEnrollmentTransactionID>d-1</DeviceEnrollmentTransactionID>';
    expect(answer(check(ids + order('7', '')), 'query')).toMatchObject({
      ids: { transactionId: 't-1', providerTransactionId: 'd-1' },
    });
  });

  test('an extension, and a name in a namespace, are passed over', () => {
    const more =
      '<AttrInfo><AttrName>x</AttrName></AttrInfo><StatusCode xmlns="urn:other">ERROR</StatusCode>';
    expect(fromXml(readXml(Buffer.from(check(more + '<StatusCode>COMPLETE</StatusCode>'))), '')).toEqual({
      statusCode: 'COMPLETE',
    });
  });

  test('X07: mapped by namespace, whatever the prefixes', () => {
    const xml = check(order('7', device('KX1', 'COMPLETE')));
    const renamed = xml
      .replaceAll(/(<\/?|xmlns:)soapenv\b/g, '$1busy')
      .replaceAll(/(<\/?|xmlns:)busi\b/g, '$1b');
    expect(renamed).toContain('<busy:Body>');
    expect(answer(renamed, 'query')).toMatchObject({ kind: 'result' });
    expect(() => answer(xml.replace('wsdl/busi', 'wsdl/other'), 'query')).toThrow(unknown);
    expect(() => answer(xml.replace('soap/envelope/', 'soap/other/'), 'query')).toThrow(unknown);
  });

  test.each([
    ['an empty envelope', envelope('')],
    ['an envelope without a body', envelope('').replaceAll('Body', 'Header')],
    ['two messages', envelope('<busi:a><b/></busi:a><busi:a><b/></busi:a>')],
    ['a message without a body', envelope('<busi:bulkEnrollDevicesResponse/>')],
    ['a fault of the server: it may have passed the request on', fault('soapenv:Server')],
    ['a fault whose code is none of SOAP', fault('busi:Other')],
    ['a fault without a code', fault('')],
    ['a value twice', bulk('<ErrorCode>1</ErrorCode><ErrorCode>2</ErrorCode>')],
    ['nothing that is known', bulk('<Other>1</Other>')],
    [
      'no envelope',
      '<busi:a xmlns:busi="http://soa.ailk.telenor.com/wsdl/busi"><b><ErrorCode>1</ErrorCode></b></busi:a>',
    ],
    ['another document', '<html><body>Service unavailable</body></html>'],
  ])('what is not as published is no answer: %s', (_what, xml) => {
    expect(() => answer(xml)).toThrow(unknown);
  });
});
