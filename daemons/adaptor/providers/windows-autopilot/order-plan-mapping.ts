import type { RequestOrder } from '../../../../shared/generic/device-enrolment-request.ts';
import type { GenericDevice } from '../../../../shared/generic/schema-parts.ts';
import type { DeviceOutcome, EnrolledDevice, OrderOutcome, ProviderError } from '../provider-format.ts';
import { refusal, refuseDevices, refuseOrder } from '../refusal.ts';
import { customerOf, readRecordId, type Place } from './addresses.ts';
import { identify, keyOf, type DeviceIdentity } from './device-identity.ts';

/** A device to be registered. */
export interface NewDevice {
  readonly deviceId: string;
  readonly identity: DeviceIdentity;
}

/** A device to be taken out of the batch that it is in. */
export interface OldDevice {
  readonly deviceId: string;
  readonly providerDeviceId: string;
  readonly place: Place;
}

/** What an order calls for: first the removals, then the registrations. */
export interface OrderPlan {
  readonly order: RequestOrder;
  readonly removals: readonly OldDevice[];
  /** Null where nothing is registered. */
  readonly enrolment: { readonly customer: string; readonly devices: readonly NewDevice[] } | null;
  /** What is not asked for, or need not be. */
  readonly settled: readonly OrderOutcome[];
}

/** What a device of a sheet must have, or why it cannot stand in one. */
export type SheetCheck = (identity: DeviceIdentity) => ProviderError | undefined;

/**
 * @param known devices of the order that are enrolled, as far as we know
 * @param sheet where a person does it in the portal, by a sheet; undefined: the API does
 */
export function planOrder(
  order: RequestOrder,
  known: readonly EnrolledDevice[],
  sheet: SheetCheck | undefined,
): OrderPlan {
  const listed = order.deliveries?.flatMap(({ devices }) => devices) ?? [];
  const ids = listed.map(({ deviceId }) => deviceId);
  if (new Set(ids).size < ids.length) {
    return refused(order, [...new Set(ids)], refusal('UNMAPPABLE', 'The order has one device twice.'));
  }
  switch (order.requestType) {
    case 'ORDER':
      return planEnrolment(order, listed, sheet);
    case 'OVERRIDE':
      return planOverride(order, listed, known, sheet);
    case 'RETURN':
      return planRemoval(order, ids, known, sheet);
    case 'VOID':
      if (known.length === 0) return refused(order, [], notKnown('Nothing of the order is enrolled.'));
      return planRemoval(
        order,
        known.map(({ deviceId }) => deviceId),
        known,
        sheet,
      );
  }
}

function planEnrolment(
  order: RequestOrder,
  listed: readonly GenericDevice[],
  sheet: SheetCheck | undefined,
): OrderPlan {
  const customer = customerOf(order.organisationId);
  if (customer === undefined) return refused(order, idsOf(listed), notAGuid);
  const { devices, failures } = identifyAll(listed, sheet);
  return { order, removals: [], enrolment: { customer, devices }, settled: failed(order, failures) };
}

function planRemoval(
  order: RequestOrder,
  ids: readonly string[],
  known: readonly EnrolledDevice[],
  sheet: SheetCheck | undefined,
): OrderPlan {
  const removals: OldDevice[] = [];
  const failures: Failure[] = [];
  for (const deviceId of ids) {
    const found = known.find((device) => device.deviceId === deviceId);
    const removal = found
      ? toRemoval(found, sheet)
      : { error: notKnown('It is not enrolled with this order.') };
    if ('error' in removal) failures.push({ deviceId, error: removal.error });
    else removals.push(removal);
  }
  return { order, removals, enrolment: null, settled: failed(order, failures) };
}

/**
 * Microsoft has no call that replaces. What is enrolled as listed stays as it is, because a removal would take with it
 * what the customer has set up for the device; that nothing is asked for it does not keep it from being told. What is
 * no longer listed, or now listed otherwise, or for another customer, is taken out, and then the rest is registered.
 */
function planOverride(
  order: RequestOrder,
  listed: readonly GenericDevice[],
  known: readonly EnrolledDevice[],
  sheet: SheetCheck | undefined,
): OrderPlan {
  const customer = customerOf(order.organisationId);
  if (customer === undefined) return refused(order, idsOf(listed), notAGuid);
  const { devices, failures } = identifyAll(listed, sheet);
  const isKept = (device: NewDevice) => known.some((old) => isSame(old, device, customer));
  const kept = devices.filter(isKept).map(({ deviceId }) => deviceId);
  // Listed in a form that cannot be registered: what is enrolled of it is not taken away for that.
  const spared = new Set([...kept, ...failures.map(({ deviceId }) => deviceId)]);
  const removals: OldDevice[] = [];
  for (const old of known.filter(({ deviceId }) => !spared.has(deviceId))) {
    const removal = toRemoval(old, sheet);
    if ('error' in removal) return refused(order, idsOf(listed), removal.error);
    removals.push(removal);
  }
  return {
    order,
    removals,
    enrolment: { customer, devices: devices.filter((device) => !isKept(device)) },
    settled: [...succeeded(order, kept), ...failed(order, failures)],
  };
}

const isSame = (old: EnrolledDevice, { deviceId, identity }: NewDevice, customer: string): boolean =>
  old.deviceId === deviceId &&
  old.providerDeviceId === keyOf(identity) &&
  readRecordId(old.providerRecordId)?.customer === customer;

type Removable = OldDevice | { readonly error: ProviderError };

function toRemoval(
  { deviceId, providerDeviceId, providerRecordId }: EnrolledDevice,
  sheet: SheetCheck | undefined,
): Removable {
  const place = readRecordId(providerRecordId);
  if (place && (sheet || place.device !== undefined)) return { deviceId, providerDeviceId, place };
  return { error: notKnown("Partner Center's number of the device is not known: delete it in the portal.") };
}

interface Failure {
  readonly deviceId: string;
  readonly error: ProviderError;
}

function identifyAll(listed: readonly GenericDevice[], sheet: SheetCheck | undefined) {
  const devices: NewDevice[] = [];
  const failures: Failure[] = [];
  for (const device of listed) {
    const { deviceId } = device;
    const identity = identify(device);
    const error = 'error' in identity ? identity.error : sheet?.(identity);
    if (error) failures.push({ deviceId, error });
    else if (!('error' in identity)) devices.push({ deviceId, identity });
  }
  return { devices, failures };
}

const idsOf = (devices: readonly GenericDevice[]) => devices.map(({ deviceId }) => deviceId);

const notAGuid = refusal(
  'UNMAPPABLE',
  "The organisation id is not a GUID, as that of a customer's tenant is.",
);
const notKnown = (detail: string) => refusal('NOT_ENROLLED', detail);

const refused = (order: RequestOrder, ids: readonly string[], error: ProviderError): OrderPlan => ({
  order,
  removals: [],
  enrolment: null,
  settled: [refuseOrder(order.id, ids, error)],
});

const failed = (order: RequestOrder, failures: readonly Failure[]): OrderOutcome[] =>
  failures.length === 0 ? [] : [refuseDevices(order.id, failures)];

function succeeded(order: RequestOrder, ids: readonly string[]): OrderOutcome[] {
  const devices = ids.map((deviceId): DeviceOutcome => ({ deviceId, outcome: 'succeeded' }));
  return devices.length === 0 ? [] : [{ orderId: order.id, errors: [], devices, settled: true }];
}
