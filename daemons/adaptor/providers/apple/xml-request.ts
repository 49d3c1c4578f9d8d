import type {
  AppleOrder,
  BulkEnrollRequest,
  OrdersQuestion,
  Sender,
  StatusQuestion,
} from './bulk-enroll-request.ts';
import { escapeXml } from './xml-text.ts';

/**
 * Apple's request in the XML of carriers, from code that their users published. Names, order of the elements and
 * repetition without a list around are exact. The texts have been checked: XML can hold them.
 */

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

const request = 'http://www.etisalat.ae/Middleware/ServiceOrderMgmt_CUD/AppleDEPEnrollmentRequest.xsd';
const header = 'http://www.etisalat.ae/Middleware/SharedResources/Common/ApplicationHeader.xsd';

const soap = 'http://schemas.xmlsoap.org/soap/envelope/';
const telenor = 'http://soa.ailk.telenor.com/wsdl/busi';

type Part = readonly [name: string, content: string | readonly Part[] | undefined];

/** Elements with their names under one prefix; a part without content is left out. */
const write = (prefix: string, parts: readonly Part[]): string =>
  parts
    .map(([name, content]) => {
      if (content === undefined) return '';
      const inner = typeof content === 'string' ? escapeXml(content) : write(prefix, content);
      return `<${prefix}${name}>${inner}</${prefix}${name}>`;
    })
    .join('');

/**
 * Etisalat's middleware. Our id stands in the header of the application, the names are qualified (inferred from its other
 * messages), and the purchase order number is mandatory: empty where there is none.
 *
 * @param requestedSystem our name at the middleware
 */
export function etisalatRequest(
  { transactionId, depResellerId, requestContext, orders }: BulkEnrollRequest,
  requestedSystem: string,
): string {
  const application = write('h:', [
    [
      'ApplicationHeader',
      [
        ['TransactionID', transactionId],
        ['RequestedSystem', requestedSystem],
      ],
    ],
  ]);
  const data = write('r:', [
    [
      'DataHeader',
      [
        ['DepResellerID', depResellerId],
        ['RequestContext', contextParts(requestContext)],
        ...orders.map((order) => orderPart(order, 'CustomerID', order.poNumber ?? '')),
      ],
    ],
  ]);
  return (
    `${declaration}<r:AppleDEPEnrollmentRequest xmlns:r="${request}" xmlns:h="${header}">` +
    `${application}${data}</r:AppleDEPEnrollmentRequest>`
  );
}

interface TelenorMessages {
  readonly bulkEnrollDevices: BulkEnrollRequest;
  readonly checkTransactionStatus: StatusQuestion;
  readonly showOrderDetails: OrdersQuestion;
}

/**
 * Telenor's SOAP service. Inside of the message names have no namespace. The names of the message and of the body in it
 * are inferred from that of the operation, and those of the two questions from Apple's JSON.
 */
export function telenorRequest<Operation extends keyof TelenorMessages>(
  operation: Operation,
  body: TelenorMessages[Operation],
): string {
  const message = `busi:${operation}Request`;
  return (
    `${declaration}<soapenv:Envelope xmlns:soapenv="${soap}" xmlns:busi="${telenor}"><soapenv:Body><${message}>` +
    `${write('', [['RequestBody', telenorParts(body)]])}</${message}></soapenv:Body></soapenv:Envelope>`
  );
}

function telenorParts(body: TelenorMessages[keyof TelenorMessages]): Part[] {
  const sender: Part[] = [
    ['RequestContext', contextParts(body.requestContext)],
    ['DepResellerId', body.depResellerId],
  ];
  if ('orders' in body) {
    const orders = body.orders.map((order) => orderPart(order, 'CustomerId', order.poNumber));
    return [...sender, ['TransactionId', body.transactionId], ...orders];
  }
  if ('orderNumbers' in body) {
    return [...sender, ...body.orderNumbers.map((number): Part => ['OrderNumbers', number])];
  }
  return [...sender, ['DeviceEnrollmentTransactionId', body.deviceEnrollmentTransactionId]];
}

const contextParts = ({ shipTo, langCode, timeZone }: Sender['requestContext']): Part[] => [
  ['ShipTo', shipTo],
  ['LangCode', langCode],
  ['TimeZone', timeZone],
];

const orderPart = (
  order: AppleOrder,
  customer: 'CustomerID' | 'CustomerId',
  poNumber: string | undefined,
): Part => [
  'Orders',
  [
    ['OrderNumber', order.orderNumber],
    ['OrderDate', order.orderDate],
    ['OrderType', order.orderType],
    [customer, order.customerId],
    ['PoNumber', poNumber],
    ...order.deliveries.map(({ deliveryNumber, shipDate, devices }): Part => [
      'Deliveries',
      [
        ['DeliveryNumber', deliveryNumber],
        ['ShipDate', shipDate],
        ...devices.map(({ deviceId, assetTag }): Part => [
          'Devices',
          [
            ['DeviceId', deviceId],
            ['AssetTag', assetTag],
          ],
        ]),
      ],
    ]),
  ],
];
