import type { RequestDelivery, RequestOrder } from '../../../../shared/generic/device-enrolment-request.ts';
import type { IdentifierPolicy } from '../identifiers.ts';
import type { ProviderError } from '../provider-format.ts';
import { refusal } from '../refusal.ts';
import { appleDate } from './apple-date.ts';
import type { AppleDelivery, AppleDevice } from './bulk-enroll-request.ts';
import { appleDeviceId } from './device-id.ts';

/** A device that can be asked for, with the delivery that it stands in. */
export interface MappedDevice {
  readonly deviceId: string;
  readonly deliveryNumber: string;
  readonly shipDate: string;
  readonly sent: AppleDevice;
  /** Its IMEI has a wrong check digit. */
  readonly doubtful: boolean;
}

interface RefusedDevice {
  readonly deviceId: string;
  readonly error: ProviderError;
}

interface MappedDevices {
  readonly devices: readonly MappedDevice[];
  /** Each once. */
  readonly refused: readonly RefusedDevice[];
}

/** The devices of an order, in their order. Void: none. */
export function mapDevices(order: RequestOrder, orderDate: string, policy: IdentifierPolicy): MappedDevices {
  const mapped = deliveriesOf(order).flatMap((delivery) => mapDelivery(delivery, orderDate, policy));
  const devices = mapped.filter((device) => 'sent' in device);
  // Answers name devices by Apple's id only, and ours go back by our id only: either must mean one device.
  const ours = repeated(mapped.map(({ deviceId }) => deviceId));
  const theirs = repeated(devices.map(({ sent }) => sent.deviceId));
  const refused = mapped.flatMap((device) => {
    if (ours.has(device.deviceId)) return [refuse(device, 'The order has the device twice.')];
    if ('error' in device) return [device];
    if (!theirs.has(device.sent.deviceId)) return [];
    return [refuse(device, 'Another device of the order has the same identifier.')];
  });
  const byId = new Map(refused.map((device) => [device.deviceId, device]));
  return { devices: devices.filter(({ deviceId }) => !byId.has(deviceId)), refused: [...byId.values()] };
}

/** Devices put together by their deliveries again. */
export function deliveriesWith(
  devices: readonly Pick<MappedDevice, 'deliveryNumber' | 'shipDate' | 'sent'>[],
): AppleDelivery[] {
  const groups = Map.groupBy(devices, ({ deliveryNumber, shipDate }) => `${shipDate} ${deliveryNumber}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { deliveryNumber, shipDate } = first;
    return [{ deliveryNumber, shipDate, devices: group.map(({ sent }) => sent) }];
  });
}

/** An override replaces the whole list, as one delivery by the name that Apple asks for. */
function deliveriesOf({ requestType, deliveries = [] }: RequestOrder): readonly RequestDelivery[] {
  if (requestType !== 'OVERRIDE') return deliveries;
  const latest = deliveries.reduce((a, b) => (Date.parse(b.shipDate) > Date.parse(a.shipDate) ? b : a));
  return [
    {
      deliveryNumber: 'SELF',
      shipDate: latest.shipDate,
      devices: deliveries.flatMap((delivery) => delivery.devices),
    },
  ];
}

function mapDelivery(
  { deliveryNumber, shipDate, devices }: RequestDelivery,
  orderDate: string,
  policy: IdentifierPolicy,
): (MappedDevice | RefusedDevice)[] {
  const written = appleDate(shipDate);
  return devices.map((device) => {
    if (written === undefined) return refuse(device, 'The ship date is not a time that Apple takes.');
    // DEP-ERR-DL-4203. Both in whole seconds, as Apple compares them.
    if (written < orderDate) return refuse(device, 'The ship date is before the order date.');
    const { deviceId, assetTag } = device;
    const id = appleDeviceId(device, policy);
    if ('error' in id) return { deviceId, error: id.error };
    const sent = { deviceId: id.value, ...(assetTag && { assetTag }) };
    return { deviceId, deliveryNumber, shipDate: written, sent, doubtful: id.doubtful ?? false };
  });
}

const refuse = ({ deviceId }: { readonly deviceId: string }, detail: string): RefusedDevice => ({
  deviceId,
  error: refusal('UNMAPPABLE', detail),
});

function repeated(values: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(values.filter((value) => seen.size === seen.add(value).size));
}
