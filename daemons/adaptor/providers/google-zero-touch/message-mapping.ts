import type { ProviderMessage, Question, RequestedDevice, RequestedOrder } from '../provider-format.ts';
import { deviceSheet, identifiersIn } from './csv-sheet.ts';
import { nameOf, nameOfRecord, type DeviceIdentifier } from './device-reference.ts';
import { customerIdOf, type PlannedDevice, type Settings, type Step } from './order-steps-mapping.ts';

/**
 * Bodies of `claimAsync` and `unclaimAsync`, after Google's API reference
 * (https://developers.google.com/zero-touch/reference/reseller/rest/v1/partners.devices/claimAsync). Numbers of 64 bits
 * are texts in its JSON.
 */

/** Claims and unclaims in files are told by their stems. */
export const stems = {
  claim: 'request',
  unclaim: 'request',
  operation: 'query',
  'find-device': 'reconciliation',
} as const satisfies Record<string, Question>;

const sectionType = 'SECTION_TYPE_ZERO_TOUCH';

/** One device of a request, claimed or unclaimed: either Google's number of it or its identifiers. */
export interface SentItem {
  readonly deviceId?: string;
  readonly deviceIdentifier?: DeviceIdentifier;
  readonly customerId?: string;
  readonly sectionType: typeof sectionType;
  readonly deviceMetadata?: { readonly entries: { readonly ordernumber: string } };
}

interface Body {
  readonly claims?: readonly SentItem[];
  readonly unclaims?: readonly SentItem[];
}

/** @param kind of all the steps */
export function requestMessage(
  kind: Step['kind'],
  steps: readonly Step[],
  settings: Settings,
): ProviderMessage {
  const asked = steps
    .flatMap(({ order, devices }) => devices.map((device) => ({ orderId: order.id, device, order })))
    .sort((a, b) => compare(a.orderId, b.orderId) || compare(a.device.deviceId, b.device.deviceId));
  const stem = kind === 'claim' ? 'claim' : 'unclaim';
  const message = { stem, method: 'POST', path: devicesPath(settings, `${stem}Async`) } as const;
  if (settings.transport === 'spool' && settings.files === 'csv') {
    const listed = asked.map(({ order, device }) => ({
      identifier: device.identifier,
      owner: kind === 'prepare' ? '' : (customerIdOf(order) ?? ''),
    }));
    return { ...message, mediaType: 'text/csv', content: deviceSheet(listed) };
  }
  const items = asked.map(({ order, device }) =>
    stem === 'claim' ? claimOf(order, device) : unclaimOf(device),
  );
  return { ...message, mediaType: 'application/json', content: bodyOf(stem, items) };
}

/** `ordernumber` is free text, which the customer sees beside the device. */
function claimOf(order: Step['order'], { identifier }: PlannedDevice): SentItem {
  const customerId = customerIdOf(order);
  return {
    ...(customerId !== undefined && { customerId }),
    sectionType,
    deviceIdentifier: identifier,
    deviceMetadata: { entries: { ordernumber: orderNumberOf(order) } },
  };
}

const unclaimOf = ({ identifier, recordId }: PlannedDevice): SentItem => ({
  ...(recordId === null ? { deviceIdentifier: identifier } : { deviceId: recordId }),
  sectionType,
});

/** Google knows no orders: only we and the customer read it. */
export const orderNumberOf = ({ purchaseOrderNumber = '', id }: Step['order']): string =>
  purchaseOrderNumber.trim() || String(id);

const bodyOf = (stem: string, items: readonly SentItem[]): string =>
  JSON.stringify({ [stem === 'claim' ? 'claims' : 'unclaims']: items } satisfies Body);

/** The same request with other devices. */
export const withItems = (message: ProviderMessage, items: readonly SentItem[]): ProviderMessage => ({
  ...message,
  content: bodyOf(message.stem, items),
});

/** Where the methods on devices are. */
export const devicesPath = ({ account }: Settings, method: string): string =>
  `/v1/partners/${account.partnerId}/devices:${method}`;

/** The devices of a request of ours in JSON, in the order of its body. */
export function itemsOf({ content, mediaType }: ProviderMessage): readonly SentItem[] {
  if (mediaType !== 'application/json') return [];
  const body = JSON.parse(content) as Body;
  return body.claims ?? body.unclaims ?? [];
}

/** A device of a request, by what the request calls it and by our name. */
export interface SentDevice {
  /** What an answer may call it: our name of it, or of Google's record. */
  readonly called: string;
  /** Undefined when only Google's number of it was sent, and which it is can no longer be told. */
  readonly name: string | undefined;
}

/**
 * The devices of a request in the order in which it was sent.
 *
 * @param orders those of its devices that are open
 */
export function sentDevices(message: ProviderMessage, orders: readonly RequestedOrder[]): SentDevice[] {
  if (message.mediaType === 'text/csv') return identifiersIn(message.content).flatMap(byIdentifier);
  const items = itemsOf(message);
  const asked = inSentOrder(orders);
  return items.flatMap(({ deviceId, deviceIdentifier }, index) => {
    if (deviceId === undefined) return byIdentifier(deviceIdentifier ?? {});
    const name = asked.length === items.length ? asked[index]?.device.providerDeviceId : undefined;
    return [{ called: nameOfRecord(deviceId), name }];
  });
}

function byIdentifier(identifier: DeviceIdentifier): SentDevice[] {
  const name = nameOf(identifier);
  return name === undefined ? [] : [{ called: name, name }];
}

/**
 * The devices of all orders in the order in which requests list them: by our ids, so that the list of a request and its
 * devices in the store can be laid beside each other.
 */
export const inSentOrder = (
  orders: readonly RequestedOrder[],
): { readonly order: RequestedOrder; readonly device: RequestedDevice }[] =>
  orders
    .flatMap((order) => order.devices.map((device) => ({ order, device })))
    .sort(
      (a, b) => compare(a.order.orderId, b.order.orderId) || compare(a.device.deviceId, b.device.deviceId),
    );

const compare = <Value extends string | number>(a: Value, b: Value): number => (a < b ? -1 : a > b ? 1 : 0);
