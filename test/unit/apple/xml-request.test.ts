import { describe, expect, test } from '@jest/globals';

import { apple } from '../../../daemons/adaptor/providers/apple/apple.ts';
import { childrenOf, type XmlElement } from '../../../shared/formats/xml-element.ts';
import { readXml } from '../../../shared/formats/read-xml.ts';
import type { RequestOrder } from '../../../shared/generic/device-enrolment-request.ts';
import { askedOf, documentOf, map, orderOf, settingsWith, shipDate, stamp, voidOf } from './examples.ts';

type Wrapper = 'etisalat' | 'telenor';

const sent = (wrapper: Wrapper, ...orders: RequestOrder[]) => {
  const [request, ...more] = map(documentOf(orders), settingsWith({}, { wrapper })).requests;
  if (!request || more.length > 0) throw new Error('not one request');
  return request;
};
const message = (wrapper: Wrapper, ...orders: RequestOrder[]) => sent(wrapper, ...orders).message.content;

/** Names and texts, in their order, with a letter for each namespace: what a reader makes of it. */
function outline(xml: string, letters: Readonly<Record<string, string>>): string {
  const write = ({ namespace, name, children, text }: XmlElement): string => {
    const letter = letters[namespace];
    if (letter === undefined) throw new Error(`a namespace that may not be: ${namespace}`);
    return `${letter}${name}${children.length > 0 ? `{${children.map(write).join(' ')}}` : `=${text}`}`;
  };
  return write(readXml(Buffer.from(xml)));
}

const complete: RequestOrder[] = [
  orderOf(12, [], {
    purchaseOrderNumber: 'PO-5567',
    deliveries: [
      {
        deliveryNumber: 'DN-1',
        shipDate,
        devices: [
          { deviceId: 'D1', serialNumber: 'SN1', assetTag: 'FIN-0001' },
          { deviceId: 'D2', imei: '359999001234509' },
        ],
      },
      { deliveryNumber: 'DN-2', shipDate, devices: [{ deviceId: 'D3', serialNumber: 'SN3' }] },
    ],
  }),
  orderOf(13, ['SN4']),
];

describe('Etisalat', () => {
  const letters = {
    'http://www.etisalat.ae/Middleware/ServiceOrderMgmt_CUD/AppleDEPEnrollmentRequest.xsd': 'r:',
    'http://www.etisalat.ae/Middleware/SharedResources/Common/ApplicationHeader.xsd': 'h:',
  };

  test('names, namespaces and order of the elements; repeated without a list around them', () => {
    const dates = 'r:ShipDate=2026-05-05T07:30:15Z';
    expect(outline(message('etisalat', ...complete), letters)).toBe(
      `r:AppleDEPEnrollmentRequest{h:ApplicationHeader{h:TransactionID=${stamp}-1 h:RequestedSystem=CMP} ` +
        'r:DataHeader{r:DepResellerID=0F0F0F0F ' +
        'r:RequestContext{r:ShipTo=0000054321 r:LangCode=en r:TimeZone=0} ' +
        'r:Orders{r:OrderNumber=12 r:OrderDate=2026-05-04T08:00:00Z r:OrderType=OR r:CustomerID=880011 r:PoNumber=PO-5567 ' +
        `r:Deliveries{r:DeliveryNumber=DN-1 ${dates} ` +
        'r:Devices{r:DeviceId=SN1 r:AssetTag=FIN-0001} r:Devices{r:DeviceId=359999001234509}} ' +
        `r:Deliveries{r:DeliveryNumber=DN-2 ${dates} r:Devices{r:DeviceId=SN3}}} ` +
        'r:Orders{r:OrderNumber=13 r:OrderDate=2026-05-04T08:00:00Z r:OrderType=OR r:CustomerID=880011 r:PoNumber= ' +
        `r:Deliveries{r:DeliveryNumber=DN-13 ${dates} r:Devices{r:DeviceId=SN4}}}}}`,
    );
  });

  test('a void is refused: the format demands deliveries', () => {
    const { requests, refused } = map(documentOf([voidOf(8)]), settingsWith({}, { wrapper: 'etisalat' }));
    expect(requests).toEqual([]);
    expect(refused).toMatchObject([
      {
        orderId: 8,
        errors: [{ code: 'UNMAPPABLE', message: expect.stringMatching(/Etisalat's format has no void/) }],
      },
    ]);
  });

  test('it has no questions', () => {
    const format = apple(settingsWith({}, { wrapper: 'etisalat' }));
    const asked = askedOf(sent('etisalat', ...complete), 'dep-1');
    expect(format.toQuery(asked)).toBeNull();
    expect(format.toReconciliation(asked)).toBeNull();
  });
});

describe('Telenor', () => {
  const letters = {
    'http://schemas.xmlsoap.org/soap/envelope/': 's:',
    'http://soa.ailk.telenor.com/wsdl/busi': 'b:',
    '': '',
  };
  const format = apple(settingsWith({}, { wrapper: 'telenor' }));
  const sender = 'RequestContext{ShipTo=0000054321 LangCode=en TimeZone=0} DepResellerId=0F0F0F0F';
  const enveloped = (name: string, body: string) =>
    `s:Envelope{s:Body{b:${name}{RequestBody{${sender} ${body}}}}}`;

  test('names, namespaces and order of the elements; repeated without a list around them', () => {
    const dates = 'ShipDate=2026-05-05T07:30:15Z';
    expect(outline(message('telenor', ...complete), letters)).toBe(
      enveloped(
        'bulkEnrollDevicesRequest',
        `TransactionId=${stamp}-1 ` +
          'Orders{OrderNumber=12 OrderDate=2026-05-04T08:00:00Z OrderType=OR CustomerId=880011 PoNumber=PO-5567 ' +
          `Deliveries{DeliveryNumber=DN-1 ${dates} Devices{DeviceId=SN1 AssetTag=FIN-0001} Devices{DeviceId=359999001234509}} ` +
          `Deliveries{DeliveryNumber=DN-2 ${dates} Devices{DeviceId=SN3}}} ` +
          'Orders{OrderNumber=13 OrderDate=2026-05-04T08:00:00Z OrderType=OR CustomerId=880011 ' +
          `Deliveries{DeliveryNumber=DN-13 ${dates} Devices{DeviceId=SN4}}}`,
      ),
    );
  });

  test('a void has no deliveries', () => {
    expect(outline(message('telenor', voidOf(8)), letters)).toMatch(/OrderType=VD CustomerId=880011}}}}}$/);
  });

  test('the questions', () => {
    const asked = askedOf(sent('telenor', ...complete), 'dep-1');
    const query = format.toQuery(asked);
    const orders = format.toReconciliation(asked);
    expect([query, orders]).toMatchObject([
      { stem: 'check-transaction-status', mediaType: 'application/xml' },
      { stem: 'show-order-details', mediaType: 'application/xml' },
    ]);
    expect(outline(query?.content ?? '', letters)).toBe(
      enveloped('checkTransactionStatusRequest', 'DeviceEnrollmentTransactionId=dep-1'),
    );
    expect(outline(orders?.content ?? '', letters)).toBe(
      enveloped('showOrderDetailsRequest', 'OrderNumbers=12 OrderNumbers=13'),
    );
  });
});

describe.each(['etisalat', 'telenor'] as const)('the wrapper of %s', (wrapper) => {
  test('is posted as XML to the one address of the service', () => {
    expect(sent(wrapper, ...complete).message).toMatchObject({
      stem: 'bulk-enroll-devices',
      method: 'POST',
      path: '/',
      mediaType: 'application/xml',
    });
  });

  test('texts arrive as they are, whatever XML makes of their characters', () => {
    const awkward = '<a> & "b" \'c\' ]]> Ä 🙂\r\n\tend';
    const read = readXml(
      Buffer.from(message(wrapper, orderOf(12, ['SN1'], { purchaseOrderNumber: awkward }))),
    );
    const find = (element: XmlElement): XmlElement[] => [
      ...childrenOf(element, element.namespace, 'PoNumber'),
      ...element.children.flatMap(find),
    ];
    expect(find(read).map(({ text }) => text)).toEqual([awkward]);
  });

  test.each<[string, RequestOrder]>([
    ['purchase order number', orderOf(12, ['SN1'], { purchaseOrderNumber: 'PO\u0001' })],
    [
      'asset tag',
      orderOf(12, [], {
        deliveries: [
          {
            deliveryNumber: 'D',
            shipDate,
            devices: [{ deviceId: 'D1', serialNumber: 'S', assetTag: '\ufffe' }],
          },
        ],
      }),
    ],
    [
      'delivery number',
      orderOf(12, [], {
        deliveries: [
          { deliveryNumber: '\ud800', shipDate, devices: [{ deviceId: 'D1', serialNumber: 'S' }] },
        ],
      }),
    ],
  ])('an order with a character that XML cannot hold is refused: %s', (_what, order) => {
    const { requests, refused } = map(
      documentOf([order, orderOf(13, ['SN2'])]),
      settingsWith({}, { wrapper }),
    );
    expect(requests.flatMap(({ orders }) => orders.map(({ orderId }) => orderId))).toEqual([13]);
    expect(refused).toMatchObject([
      {
        orderId: 12,
        errors: [
          { code: 'UNMAPPABLE', message: expect.stringMatching(/a character that XML cannot hold\.$/) },
        ],
        devices: [{ deviceId: 'D1', outcome: 'failed' }],
      },
    ]);
  });
});

test('without a wrapper such a character is sent: JSON can hold it', () => {
  expect(map(documentOf([orderOf(12, ['SN1'], { purchaseOrderNumber: 'PO\u0001' })])).refused).toEqual([]);
});
