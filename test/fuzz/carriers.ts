import type { Element } from './mutate/xml.ts';

/** The provider's answers as carriers wrap them in XML. */

const escaped = (value: unknown): string => String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const element = (name: string, content: Element['content'], attributes = ''): Element => ({
  name,
  attributes,
  content,
});

const soap = ' xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"';
const telenor = ' xmlns:t="http://soa.ailk.telenor.com/wsdl/busi"';

/** Any answer: its properties are elements, those of a list as often as there are things. */
export function telenorAnswer(body: object): Element {
  const message = element('t:response', [element('Body', contentOf(body))], telenor);
  return element('soap:Envelope', [element('soap:Body', [message])], soap);
}

function contentOf(value: unknown): Element['content'] {
  if (typeof value !== 'object' || value === null) return [escaped(value)];
  return Object.entries(value).flatMap(([name, inner]) =>
    (Array.isArray(inner) ? inner : [inner]).map((one) => element(carrierName(name), contentOf(one))),
  );
}

const carrierName = (name: string): string =>
  name === 'orders' ? 'OrdersCheck' : name.charAt(0).toUpperCase() + name.slice(1);

const middleware = 'http://www.etisalat.ae/Middleware';
const respose = ` xmlns="${middleware}/ServiceOrderMgmt_CUD/AppleDEPEnrollmentRespose.xsd"`;
const common = ` xmlns:c="${middleware}/SharedResources/Common/AckMessage.xsd"`;

/** An answer to a request: the provider's id, or errors. */
export function etisalatAnswer({ id, errors }: { readonly id?: string; readonly errors?: number }): Element {
  const acknowledgement = element('c:AckMessage', [
    element('c:Status', [id === undefined ? 'FAILURE' : 'SUCCESS']),
    ...(id === undefined && errors === undefined
      ? [element('c:ErrorCode', ['E-17']), element('c:ErrorDescription', ['not now'])]
      : []),
  ]);
  const listed = Array.from({ length: errors ?? 0 }, () =>
    element('ListOfErrors', [
      element('ErrorCode', ['DEP-ERR-3003']),
      element('ErrorMessage', ['why &amp; what']),
    ]),
  );
  const data = element('ResponseData', id === undefined ? listed : [element('DEPTransactionID', [id])]);
  return element('AppleDEPEnrollmentRespose', [acknowledgement, data], respose + common);
}
