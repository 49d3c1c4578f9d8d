import { childrenOf, type XmlElement } from '../../../../shared/formats/xml-element.ts';
import { Fault } from '../../../../shared/runtime/faults.ts';

/**
 * Carriers that stand between resellers and Apple wrap Apple's answers in XML. Two wrappers are known, from code that
 * their users published; each is mapped to the JSON that Apple itself would have sent.
 */

const soap = 'http://schemas.xmlsoap.org/soap/envelope/';

/** Etisalat. The root element is really spelled so. */
const respose = 'http://www.etisalat.ae/Middleware/ServiceOrderMgmt_CUD/AppleDEPEnrollmentRespose.xsd';
const acknowledgement = 'http://www.etisalat.ae/Middleware/SharedResources/Common/AckMessage.xsd';

/** Telenor. Inside of the messages names have no namespace. */
const telenor = 'http://soa.ailk.telenor.com/wsdl/busi';
const none = '';

/**
 * @param transactionId our id of the request that is answered; empty when it is not known
 * @throws Fault UNKNOWN_ANSWER when it is neither wrapper, or names another request
 */
export function fromXml(root: XmlElement, transactionId: string): unknown {
  const isSoap = root.namespace === soap && root.name === 'Envelope';
  const message = isSoap ? only(only(childrenOf(root, soap, 'Body')).children) : root;
  if (isSoap && message.namespace === soap && message.name === 'Fault') return ofFault(message);
  if (message.namespace === respose && message.name === 'AppleDEPEnrollmentRespose') {
    return ofEtisalat(message, transactionId);
  }
  // The names of the message and of the body in it are not published.
  if (isSoap && message.namespace === telenor) return ofTelenor(only(message.children));
  throw new Fault('UNKNOWN_ANSWER', 'XML that is none of the wrappers of carriers that are known');
}

/** SOAP 1.1, section 4.4: the first word of the code is one of four, and more may follow it after a point. */
const faultCode = /^(?:[^:]+:)?(Client|Server|MustUnderstand|VersionMismatch)(?:\..*)?$/;

/** As a bare error, the way Apple's platform reports that it does not get as far as the request. */
function ofFault(fault: XmlElement): unknown {
  const [, code] = faultCode.exec(textOf(fault, none, 'faultcode')) ?? [];
  if (code === undefined) throw unknown();
  return { errorCode: `SOAP-${code}`, errorMessage: textOf(fault, none, 'faultstring') };
}

/** Only requests are answered so. Errors of Apple are in the data, errors of the carrier in its acknowledgement. */
function ofEtisalat(message: XmlElement, transactionId: string): unknown {
  const acknowledged = only(childrenOf(message, acknowledgement, 'AckMessage'));
  const said = (name: string) => textOf(acknowledged, acknowledgement, name);
  const [data, ...more] = childrenOf(message, respose, 'ResponseData');
  if (more.length > 0) throw unknown();
  const ours = data ? textOf(data, respose, 'TransactionID') : '';
  if (ours !== '' && transactionId !== '' && ours !== transactionId) {
    throw new Fault('UNKNOWN_ANSWER', 'XML that answers another transaction of ours');
  }
  const errors = data ? childrenOf(data, respose, 'ListOfErrors') : [];
  const failed = said('Status') === 'FAILURE';
  const ofCarrier = {
    errorCode: said('ErrorCode') || said('ErrorType') || said('Status'),
    errorMessage: said('ErrorDescription'),
  };
  return {
    deviceEnrollmentTransactionId: data && textOf(data, respose, 'DEPTransactionID'),
    enrollDevicesResponse: failed ? [] : { statusCode: said('Status') },
    enrollDeviceErrorResponse:
      failed && errors.length === 0
        ? ofCarrier
        : errors.map((error) => ({
            errorCode: textOf(error, respose, 'ErrorCode'),
            errorMessage: textOf(error, respose, 'ErrorMessage'),
          })),
  };
}

/** The list of orders in results, and, inferred, in what is shown of orders: its name there is not published. */
const orders = ['OrdersCheck', 'OrdersShow', 'Orders'];

/** Names that hold one text, and names that stand as often as there are things; but for the case those of the JSON. */
const texts = [
  'DeviceEnrollmentTransactionId',
  'DeviceEnrollmentTransactionID',
  'TransactionId',
  'StatusCode',
  'ErrorCode',
  'ErrorMessage',
  'OrderNumber',
  'OrderPostStatus',
  'OrderPostStatusMessage',
  'ShowOrderStatusCode',
  'ShowOrderStatusMessage',
  'CustomerId',
  'DeliveryPostStatus',
  'DeliveryPostStatusMessage',
  'DeviceId',
  'DevicePostStatus',
  'DevicePostStatusMessage',
];
const lists = [
  'EnrollDevicesResponse',
  'EnrollDeviceErrorResponse',
  'CheckTransactionErrorResponse',
  'ShowOrderErrorResponse',
  ...orders,
  'Deliveries',
  'Devices',
];

function ofTelenor(element: XmlElement): Readonly<Record<string, unknown>> {
  const present = (name: string) => childrenOf(element, none, name).length > 0;
  return Object.fromEntries<unknown>([
    ...texts.filter(present).map((name) => [jsonName(name), textOf(element, none, name)] as const),
    ...lists
      .filter(present)
      .map((name) => [jsonName(name), childrenOf(element, none, name).map(ofTelenor)] as const),
  ]);
}

const jsonName = (name: string): string =>
  orders.includes(name) ? 'orders' : name.charAt(0).toLowerCase() + name.slice(1);

/** @throws Fault UNKNOWN_ANSWER when it stands more than once */
function textOf(element: XmlElement, namespace: string, name: string): string {
  const [found, ...more] = childrenOf(element, namespace, name);
  if (more.length > 0) throw unknown();
  return found?.text.trim() ?? '';
}

/** @throws Fault UNKNOWN_ANSWER unless there is one */
function only(elements: readonly XmlElement[]): XmlElement {
  const [found, ...more] = elements;
  if (!found || more.length > 0) throw unknown();
  return found;
}

const unknown = () =>
  new Fault('UNKNOWN_ANSWER', 'something in the XML is missing, or stands more than once');
