import { readXml } from '../../../../shared/formats/read-xml.ts';
import type { XmlElement } from '../../../../shared/formats/xml-element.ts';
import type { ProviderMessage } from '../provider-format.ts';
import type { AppleDelivery, AppleOrder, BulkEnrollRequest } from './bulk-enroll-request.ts';

/** The orders of a request as we sent it, whatever the wrapper; none where the message has no body. */
export function sentOrders({ mediaType, content }: ProviderMessage): readonly AppleOrder[] {
  if (content === '') return [];
  if (mediaType === 'application/xml') return ordersIn(readXml(Buffer.from(content)));
  const { orders = [] } = JSON.parse(content) as Partial<BulkEnrollRequest>;
  return orders;
}

const ordersIn = (element: XmlElement): AppleOrder[] =>
  element.name === 'Orders' ? [orderOf(element)] : element.children.flatMap(ordersIn);

function orderOf(element: XmlElement): AppleOrder {
  const poNumber = textOf(element, 'PoNumber');
  return {
    orderNumber: textOf(element, 'OrderNumber'),
    orderDate: textOf(element, 'OrderDate'),
    orderType: textOf(element, 'OrderType') as AppleOrder['orderType'],
    // Each carrier has its own spelling.
    customerId: textOf(element, 'CustomerID') || textOf(element, 'CustomerId'),
    ...(poNumber !== '' && { poNumber }),
    deliveries: named(element, 'Deliveries').map(deliveryOf),
  };
}

const deliveryOf = (element: XmlElement): AppleDelivery => ({
  deliveryNumber: textOf(element, 'DeliveryNumber'),
  shipDate: textOf(element, 'ShipDate'),
  devices: named(element, 'Devices').map((device) => {
    const assetTag = textOf(device, 'AssetTag');
    return { deviceId: textOf(device, 'DeviceId'), ...(assetTag !== '' && { assetTag }) };
  }),
});

const named = ({ children }: XmlElement, name: string) => children.filter((child) => child.name === name);
const textOf = (element: XmlElement, name: string): string => named(element, name)[0]?.text ?? '';
