/** Apple's answers as carriers wrap them. */

const shared = 'http://www.etisalat.ae/Middleware';
const namespace = `${shared}/ServiceOrderMgmt_CUD/AppleDEPEnrollmentRespose.xsd`;
const acknowledgement = `${shared}/SharedResources/Common/AckMessage.xsd`;

const element = (name: string, text: string) => (text === '' ? '' : `<${name}>${text}</${name}>`);

export const etisalat = {
  namespace,
  acknowledgement,
  respose: (...parts: string[]) =>
    `<p:AppleDEPEnrollmentRespose xmlns:p="${namespace}" xmlns:a="${acknowledgement}">\n` +
    `${parts.join('\n')}\n</p:AppleDEPEnrollmentRespose>`,
  data: (id: string, errors = '') =>
    `<p:ResponseData><p:TransactionID>TX-1</p:TransactionID>${element('p:DEPTransactionID', id)}${errors}</p:ResponseData>`,
  errors: (...errors: { code: string; message: string }[]) =>
    errors
      .map(({ code, message }) =>
        element('p:ListOfErrors', element('p:ErrorCode', code) + element('p:ErrorMessage', message)),
      )
      .join(''),
  success: '<a:AckMessage><a:Status>SUCCESS</a:Status></a:AckMessage>',
  failure: (code = '', description = '') =>
    `<a:AckMessage><a:Status>FAILURE</a:Status>${element('a:ErrorCode', code)}${element('a:ErrorDescription', description)}</a:AckMessage>`,
};

const envelope = (content: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
                  xmlns:busi="http://soa.ailk.telenor.com/wsdl/busi">
  <soapenv:Body>${content}</soapenv:Body>
</soapenv:Envelope>`;

const message = (name: string, body: string) =>
  envelope(`<busi:${name}><ResponseBody>${body}</ResponseBody></busi:${name}>`);

export const telenor = {
  envelope,
  message,
  fault: (code: string, words = '') =>
    envelope(
      `<soapenv:Fault>${element('faultcode', code)}${element('faultstring', words)}<detail/></soapenv:Fault>`,
    ),
  bulk: (body: string) => message('bulkEnrollDevicesResponse', body),
  check: (body: string) => message('checkTransactionStatusResponse', body),
  order: (number: string, devices: string) =>
    `<OrdersCheck><OrderNumber>${number}</OrderNumber><OrderPostStatus>COMPLETE</OrderPostStatus>` +
    `<Deliveries><DeliveryNumber>DN</DeliveryNumber><DeliveryPostStatus>COMPLETE</DeliveryPostStatus>${devices}</Deliveries></OrdersCheck>`,
  device: (id: string, status: string, words = '') =>
    `<Devices><DeviceId>${id}</DeviceId><DevicePostStatus>${status}</DevicePostStatus>${element('DevicePostStatusMessage', words)}</Devices>`,
};
