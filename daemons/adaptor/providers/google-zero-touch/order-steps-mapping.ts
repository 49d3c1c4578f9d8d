import type { RequestOrder } from '../../../../shared/generic/device-enrolment-request.ts';
import type { GenericDevice } from '../../../../shared/generic/schema-parts.ts';
import { bug } from '../../../../shared/runtime/faults.ts';
import type { ProviderConfigOf } from '../../../../shared/runtime/provider-schema.ts';
import { piecesOf } from '../limits.ts';
import type { EnrolledDevice, OrderOutcome, ProviderError } from '../provider-format.ts';
import { refusal, refuseDevices, refuseOrder } from '../refusal.ts';
import { checkDevice } from './device-identifier.ts';
import { comparable, identifierIn, nameOf, type DeviceIdentifier } from './device-reference.ts';

/** What an order comes to at Google, where there are no orders: devices are claimed for a customer, and unclaimed. */

export type Settings = ProviderConfigOf<'google-zero-touch'>;

/** A device that is asked for. */
export interface PlannedDevice {
  readonly deviceId: string;
  /** Made of its identifiers; the device by this name in our records. */
  readonly name: string;
  readonly identifier: DeviceIdentifier;
  /** Google's own number of the device, where an earlier claim told it. */
  readonly recordId: string | null;
}

/** A piece of an order that fits into one request. */
export interface Step {
  /** `prepare`: unclaims what an override replaces. */
  readonly kind: 'claim' | 'unclaim' | 'prepare';
  readonly order: RequestOrder;
  readonly devices: readonly PlannedDevice[];
}

export interface OrderPlan {
  readonly steps: readonly Step[];
  readonly refused: readonly OrderOutcome[];
  /** Devices whose IMEI is asked for though its check digit is wrong. */
  readonly doubtful: number;
}

/** @param enrolled what is known to be enrolled of this order */
export function planOf(
  order: RequestOrder,
  enrolled: readonly EnrolledDevice[],
  settings: Settings,
): OrderPlan {
  switch (order.requestType) {
    case 'ORDER':
    case 'OVERRIDE':
      return planClaim(order, enrolled, settings);
    case 'RETURN':
      return planReturn(order, enrolled, settings);
    case 'VOID':
      return planVoid(order, enrolled, settings);
  }
}

/**
 * An override claims its whole list anew. Before that everything that the order had enrolled is unclaimed: what is no
 * longer in the list, and the rest as well, because nobody remembers for which customer it was claimed, and Google
 * refuses to claim a device of one customer for another. Devices that cannot be claimed stay as they are.
 */
function planClaim(order: RequestOrder, enrolled: readonly EnrolledDevice[], settings: Settings): OrderPlan {
  const listed = devicesOf(order);
  if (customerIdOf(order) === undefined) {
    const error = refusal(
      'UNMAPPABLE',
      'organisationId is no customer id of zero-touch, a number of digits.',
    );
    const deviceIds = new Set(listed.map(({ deviceId }) => deviceId));
    return { ...nothing, refused: [refuseOrder(order.id, [...deviceIds], error)] };
  }
  const checked = checkList(listed, (device) => checkListed(device, settings));
  const claims = steps('claim', order, checked.planned, settings);
  const refusedIds = new Set(checked.refused.map(({ deviceId }) => deviceId));
  const replaced =
    order.requestType === 'OVERRIDE' && claims.length > 0
      ? knownDevices(enrolled).filter(({ deviceId }) => !refusedIds.has(deviceId))
      : [];
  const preparations = steps('prepare', order, checkList(replaced, unchanged).planned, settings);
  return planned(order, [...preparations, ...claims], checked);
}

/** What was enrolled under the device's id is unclaimed; of a device that is not known as enrolled, what is listed. */
function planReturn(order: RequestOrder, enrolled: readonly EnrolledDevice[], settings: Settings): OrderPlan {
  const known = new Map(knownDevices(enrolled).map((device) => [device.deviceId, device]));
  const checked = checkList(
    devicesOf(order),
    (device) => known.get(device.deviceId) ?? checkListed(device, settings),
  );
  return planned(order, steps('unclaim', order, checked.planned, settings), checked);
}

function planVoid(order: RequestOrder, enrolled: readonly EnrolledDevice[], settings: Settings): OrderPlan {
  const checked = checkList(knownDevices(enrolled), unchanged);
  if (checked.planned.length > 0) {
    return planned(order, steps('unclaim', order, checked.planned, settings), checked);
  }
  const error = refusal('NOT_ENROLLED', `No device of order ${order.id} is known to be enrolled.`);
  return { ...nothing, refused: [refuseOrder(order.id, [], error)] };
}

const nothing: OrderPlan = { steps: [], refused: [], doubtful: 0 };

const planned = (
  order: RequestOrder,
  made: readonly Step[],
  { refused, doubtful }: CheckedList,
): OrderPlan => ({
  steps: made,
  refused: refused.length === 0 ? [] : [refuseDevices(order.id, refused)],
  doubtful,
});

const steps = (
  kind: Step['kind'],
  order: RequestOrder,
  devices: readonly PlannedDevice[],
  { limits }: Settings,
): Step[] => piecesOf(devices, limits).map((piece) => ({ kind, order, devices: piece }));

const devicesOf = ({ deliveries = [] }: RequestOrder): GenericDevice[] =>
  deliveries.flatMap((delivery) => delivery.devices);

/** The customer's number at Google, an int64; undefined when the organisation id is none. */
export function customerIdOf({ organisationId }: RequestOrder): string | undefined {
  return /^[1-9]\d{0,18}$/.test(organisationId) && BigInt(organisationId) < 2n ** 63n
    ? organisationId
    : undefined;
}

/** Enrolled devices whose names are ours: another format may have spoken to the provider before. */
const knownDevices = (enrolled: readonly EnrolledDevice[]): PlannedDevice[] =>
  enrolled.flatMap(({ deviceId, providerDeviceId, providerRecordId }) => {
    const identifier = identifierIn(providerDeviceId);
    return identifier ? [{ deviceId, name: providerDeviceId, identifier, recordId: providerRecordId }] : [];
  });

interface Refused {
  readonly error: ProviderError;
}
type CheckedDevice = (PlannedDevice & { readonly doubtful?: boolean }) | Refused;

interface CheckedList {
  readonly planned: readonly PlannedDevice[];
  readonly refused: readonly { readonly deviceId: string; readonly error: ProviderError }[];
  readonly doubtful: number;
}

const unchanged = (device: PlannedDevice): CheckedDevice => device;

function checkListed(device: GenericDevice, { identifiers }: Settings): CheckedDevice {
  const checked = checkDevice(device, identifiers);
  if ('error' in checked) return checked;
  const { identifier, doubtful } = checked;
  const name = nameOf(identifier);
  if (name === undefined) throw bug('a device that was checked identifies nothing');
  return { deviceId: device.deviceId, name, identifier, recordId: null, doubtful };
}

/**
 * Outcomes go back by our id, and come by Google's identifiers: either must mean one device. An id that stands twice is
 * refused as a whole, of two devices with the same identifiers the second.
 */
function checkList<Device extends { readonly deviceId: string }>(
  devices: readonly Device[],
  check: (device: Device) => CheckedDevice,
): CheckedList {
  const byId = Map.groupBy(devices, ({ deviceId }) => deviceId);
  const names = new Set<string>();
  const list: PlannedDevice[] = [];
  const refused = new Map<string, ProviderError>();
  let doubtful = 0;
  for (const device of devices) {
    const { deviceId } = device;
    const checked = byId.get(deviceId)?.length === 1 ? check(device) : { error: standsTwice };
    if ('error' in checked) refused.set(deviceId, checked.error);
    else if (names.has(comparable(checked.name))) refused.set(deviceId, sameDevice);
    else {
      names.add(comparable(checked.name));
      list.push(checked);
      doubtful += checked.doubtful ? 1 : 0;
    }
  }
  return {
    planned: list,
    refused: [...refused].map(([deviceId, error]) => ({ deviceId, error })),
    doubtful,
  };
}

const standsTwice = refusal('UNMAPPABLE', 'The device stands twice in the order.');
const sameDevice = refusal('UNMAPPABLE', 'Another device of the order has the same identifiers.');
