import type { GenericDevice } from '../../../../shared/generic/schema-parts.ts';
import type { IdentifierPolicy } from '../identifiers.ts';
import type { OrderOutcome, ProviderError, RequestedDevice } from '../provider-format.ts';
import { refusal, refuseDevices, refuseOrder } from '../refusal.ts';
import { checkDevice } from './device-key.ts';

/** The devices of an order that can be asked for, and those that cannot. */
export interface Selection {
  readonly devices: readonly RequestedDevice[];
  readonly refused: readonly OrderOutcome[];
  /** Of `devices`: IMEIs with a wrong check digit. */
  readonly doubtful: number;
}

type Named =
  | { readonly deviceId: string; readonly key: string; readonly doubtful: boolean }
  | { readonly deviceId: string; readonly error: ProviderError };

const twiceInOrder = 'A device id stands twice in the order, and outcomes are told by device ids.';
const sameAtKnox = 'Another device of the order has the same identifier, and Knox would take them for one.';

/**
 * Outcomes come back by Knox's identifier and go on by our device id: each must mean one device of the order.
 *
 * @param known device id -> key of devices that are known under it, which then are not checked
 */
export function selectDevices(
  orderId: number,
  devices: readonly GenericDevice[],
  policy: IdentifierPolicy,
  known: ReadonlyMap<string, string> = new Map(),
): Selection {
  const ids = new Set(devices.map(({ deviceId }) => deviceId));
  if (ids.size < devices.length) {
    const error = refusal('UNMAPPABLE', twiceInOrder);
    return { devices: [], refused: [refuseOrder(orderId, [...ids], error)], doubtful: 0 };
  }
  const named = refuseRepeated(devices.map((device) => nameOf(device, policy, known.get(device.deviceId))));
  const failed = named.filter((device) => 'error' in device);
  const asked = named.filter((device) => 'key' in device);
  return {
    devices: asked.map(({ deviceId, key }) => ({ deviceId, providerDeviceId: key })),
    refused: failed.length === 0 ? [] : [refuseDevices(orderId, failed)],
    doubtful: asked.filter(({ doubtful }) => doubtful).length,
  };
}

function nameOf(device: GenericDevice, policy: IdentifierPolicy, known: string | undefined): Named {
  const { deviceId } = device;
  if (known !== undefined) return { deviceId, key: known, doubtful: false };
  const checked = checkDevice(device, policy);
  return 'error' in checked
    ? { deviceId, error: checked.error }
    : { deviceId, key: checked.value, doubtful: checked.doubtful === true };
}

/** Neither of two devices goes: nobody knows which of them it is. */
function refuseRepeated(devices: readonly Named[]): Named[] {
  const counts = new Map<string, number>();
  for (const device of devices) {
    if ('key' in device) counts.set(device.key, (counts.get(device.key) ?? 0) + 1);
  }
  return devices.map((device) =>
    'key' in device && counts.get(device.key) !== 1
      ? { deviceId: device.deviceId, error: refusal('UNMAPPABLE', sameAtKnox) }
      : device,
  );
}
