import type { RequestOrder } from '../../../../shared/generic/device-enrolment-request.ts';
import type { ProviderConfigOf } from '../../../../shared/runtime/provider-schema.ts';
import type { OrderOutcome, ProviderError } from '../provider-format.ts';
import { refusal, refuseDevices, refuseOrder } from '../refusal.ts';
import { appleDate } from './apple-date.ts';
import { longest, type AppleOrder } from './bulk-enroll-request.ts';
import { mapDevices, type MappedDevice } from './device-mapping.ts';
import { fitsIntoXml } from './xml-text.ts';

/** An order of the generic file -> what Apple gets of it, or why Apple does not get it. */

type Settings = ProviderConfigOf<'apple'>;

/** What all pieces of an order have in common. */
export type OrderHeader = Pick<AppleOrder, 'orderDate' | 'customerId' | 'poNumber'>;

/** An order but for its number, which may depend on the request that it goes into. */
export interface MappedOrder {
  readonly order: RequestOrder;
  readonly header: OrderHeader;
  readonly devices: readonly MappedDevice[];
}

export interface CheckedOrder {
  /** Undefined when nothing of the order can be asked for. */
  readonly mapped?: MappedOrder;
  readonly refused?: OrderOutcome;
}

export function mapOrder(order: RequestOrder, settings: Settings): CheckedOrder {
  const header = headerOf(order);
  if ('code' in header) return refuseWhole(order, header);
  const fault = accountFault(header, settings) ?? wrapperFault(order, header, settings);
  if (fault) return refuseWhole(order, fault);
  const { devices, refused } = mapDevices(order, header.orderDate, settings.identifiers);
  if (order.requestType === 'OVERRIDE') {
    const override = overrideFault(devices.length, refused.length, settings);
    if (override) {
      const others = devices.map(({ deviceId }) => ({ deviceId, error: override }));
      return { refused: refuseDevices(order.id, [...refused, ...others]) };
    }
  }
  return {
    ...((devices.length > 0 || order.requestType === 'VOID') && { mapped: { order, header, devices } }),
    ...(refused.length > 0 && { refused: refuseDevices(order.id, refused) }),
  };
}

/** Refuses an order with all that it has, once each. */
export function refuseWhole(order: RequestOrder, error: ProviderError): CheckedOrder {
  const deviceIds = (order.deliveries ?? []).flatMap(({ devices }) =>
    devices.map(({ deviceId }) => deviceId),
  );
  return { refused: refuseOrder(order.id, [...new Set(deviceIds)], error) };
}

function headerOf(order: RequestOrder): OrderHeader | ProviderError {
  const orderDate = appleDate(order.orderDate);
  if (orderDate === undefined) return unmappable('orderDate is not a time that Apple takes.');
  const customerId = order.organisationId.trim();
  if (customerId === '') return unmappable('organisationId is blank.');
  const { purchaseOrderNumber: poNumber = '' } = order;
  return (
    tooLong('organisationId', customerId, longest.customerId) ??
    tooLong('purchaseOrderNumber', poNumber, longest.poNumber) ?? {
      orderDate,
      customerId,
      ...(poNumber !== '' && { poNumber }),
    }
  );
}

/** Never cut: a shorter value would be another one. */
export const tooLong = (what: string, value: string, longestAtApple: number): ProviderError | undefined =>
  value.length <= longestAtApple
    ? undefined
    : unmappable(`${what} has ${value.length} characters, Apple takes ${longestAtApple}.`);

/** A mistake that integrators report: a number of the reseller in the place of the customer's (DEP-ERR-OR-4102). */
function accountFault({ customerId }: OrderHeader, { account }: Settings): ProviderError | undefined {
  const ours = [account.depResellerId.toUpperCase(), account.shipTo].map(withoutZeros);
  if (!ours.includes(withoutZeros(customerId.toUpperCase()))) return undefined;
  return unmappable("organisationId is a number of our own account; it must be the customer's at Apple.");
}

const withoutZeros = (text: string): string => text.replace(/^0+(?=.)/, '');

function wrapperFault(
  order: RequestOrder,
  header: OrderHeader,
  { account }: Settings,
): ProviderError | undefined {
  if (account.wrapper === 'none') return undefined;
  if (account.wrapper === 'etisalat' && order.requestType === 'VOID') {
    return unmappable("Etisalat's format has no void: it demands deliveries.");
  }
  const deliveries = order.deliveries ?? [];
  const texts = [
    header.customerId,
    header.poNumber,
    ...deliveries.map(({ deliveryNumber }) => deliveryNumber),
    ...deliveries.flatMap(({ devices }) => devices.map(({ assetTag }) => assetTag)),
  ];
  return texts.every((text = '') => fitsIntoXml(text))
    ? undefined
    : unmappable('A text of the order has a character that XML cannot hold.');
}

/** An override replaces the whole list of the order: sent without some of its devices, it would take them away. */
function overrideFault(devices: number, refused: number, { limits }: Settings): ProviderError | undefined {
  if (refused > 0) {
    return unmappable(
      `An override is sent with all of its devices or not at all, and ${refused} cannot be asked for.`,
    );
  }
  if (devices <= limits.devicesPerRequest) return undefined;
  return unmappable(
    `An override cannot be parted: it has ${devices} devices, devicesPerRequest is ${limits.devicesPerRequest}.`,
  );
}

const unmappable = (detail: string): ProviderError => refusal('UNMAPPABLE', detail);
