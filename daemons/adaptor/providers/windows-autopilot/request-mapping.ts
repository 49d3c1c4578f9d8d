import type {
  DeviceEnrolmentRequest,
  RequestOrder,
} from '../../../../shared/generic/device-enrolment-request.ts';
import type { ProviderConfigOf } from '../../../../shared/runtime/provider-schema.ts';
import type { RequestLimits } from '../limits.ts';
import type {
  AskedRequest,
  Enrolments,
  MappedDocument,
  ProviderMessage,
  ProviderRequest,
  RequestedDevice,
  RequestedOrder,
} from '../provider-format.ts';
import { batchStamp } from '../transaction-id.ts';
import { pack, type Piece } from './batch-packing.ts';
import { checkForSheet } from './csv-sheet.ts';
import { comparable, isNameless, keyOf, namesOf } from './device-identity.ts';
import { batchMessage, deletionMessage, enrolmentSheet, removalSheet, sentIn } from './message-mapping.ts';
import { planOrder, type NewDevice, type OldDevice, type OrderPlan } from './order-plan-mapping.ts';

/**
 * Generic request -> Partner Center. An enrolment is a new batch, never an addition to one: additions are reported to
 * fail (CyberDrain/CIPP pull request 658). A return deletes device by device.
 */

export type Settings = ProviderConfigOf<'windows-autopilot'>;

/**
 * Devices in a batch that is sent to the API. Microsoft publishes no limit, but lists the devices of a batch in pages of
 * 100 and wants a header for the next one
 * (learn.microsoft.com/partner-center/developer/get-a-list-of-devices-for-the-specified-batch-and-customer): a batch of
 * one page can be read back by one question.
 */
const devicesOnPage = 100;

/** A request whose number, and with it its id, is not known yet. */
interface Draft {
  readonly customer: string;
  readonly orders: readonly RequestedOrder[];
  readonly preparatory: boolean;
  readonly message: (transactionId: string) => ProviderMessage;
}

export function toRequests(
  settings: Settings,
  document: DeviceEnrolmentRequest,
  enrolled: Enrolments,
): MappedDocument {
  const sheets = settings.transport === 'spool' && settings.files === 'csv';
  const plans = document.orders.map((order) =>
    planOrder(order, enrolled.ofOrder(order.id), sheets ? checkForSheet : undefined),
  );
  // What an order takes out goes before what it puts in: requests about one order keep their places.
  const removals = sheets ? sheetsOfRemovals(plans, settings.limits) : plans.flatMap(deletions);
  const enrolments = sheets ? sheetsOfDevices(plans, settings.limits) : batches(plans, settings.limits);
  return {
    requests: [...removals, ...enrolments].map((draft, index) => {
      const transactionId = idOf(settings, document, draft.customer, index + 1);
      return toRequest(draft, transactionId);
    }),
    refused: plans.flatMap(({ settled }) => settled),
    notes: [],
  };
}

/**
 * Over the spool the name of the file has the customer in it, because nothing in the file tells for whom it is: in
 * Microsoft's API the customer is a part of the address, and in its portal the page.
 */
function idOf(
  { transport }: Settings,
  document: DeviceEnrolmentRequest,
  customer: string,
  n: number,
): string {
  const named = transport === 'spool' ? [customer] : [];
  return [batchStamp(document), ...named, n].join('-');
}

const toRequest = ({ message, orders, preparatory }: Draft, transactionId: string): ProviderRequest => ({
  transactionId,
  message: message(transactionId),
  orders,
  ...(preparatory && { preparatory }),
});

function batches(plans: readonly OrderPlan[], limits: RequestLimits): Draft[] {
  const packing = {
    limits: { ...limits, devicesPerRequest: Math.min(limits.devicesPerRequest, devicesOnPage) },
    namesOf: namesOfNew,
    isNameless: ({ identity }: NewDevice) => isNameless(identity),
  };
  return packed(wanted(plans), packing).map(({ customer, pieces }) => ({
    customer,
    orders: pieces.map(requestedNew),
    preparatory: false,
    message: (transactionId) => batchMessage(customer, transactionId, identitiesOf(pieces)),
  }));
}

function sheetsOfDevices(plans: readonly OrderPlan[], limits: RequestLimits): Draft[] {
  // A row of a sheet comes back with all that it has, so that a hardware hash alone is a name too.
  const packing = { limits, namesOf: namesOfNew, isNameless: () => false };
  return packed(wanted(plans), packing).map(({ customer, pieces }) => ({
    customer,
    orders: pieces.map(requestedNew),
    preparatory: false,
    message: () => enrolmentSheet(customer, identitiesOf(pieces)),
  }));
}

/** One request for each device: Microsoft has no other way. */
const deletions = ({ order, removals }: OrderPlan): Draft[] =>
  removals.map((removal) => ({
    customer: removal.place.customer,
    orders: [requestedOld({ order, devices: [removal] })],
    preparatory: isPreparation(order),
    message: () => deletionMessage(removal.place),
  }));

function sheetsOfRemovals(plans: readonly OrderPlan[], limits: RequestLimits): Draft[] {
  const packing = {
    limits,
    namesOf: ({ providerDeviceId }: OldDevice) => [comparable(providerDeviceId)],
    isNameless: () => false,
  };
  return [false, true].flatMap((preparatory) => {
    const taken = plans
      .filter(({ order }) => isPreparation(order) === preparatory)
      .flatMap(({ order, removals }) =>
        [...Map.groupBy(removals, ({ place }) => place.customer)].map(([customer, devices]) => ({
          customer,
          piece: { order, devices },
        })),
      );
    return packed(taken, packing).map(({ customer, pieces }) => ({
      customer,
      orders: pieces.map(requestedOld),
      preparatory,
      message: () => removalSheet(customer, devicesOf(pieces)),
    }));
  });
}

/** What an override takes out is no answer to it. */
const isPreparation = (order: RequestOrder): boolean => order.requestType === 'OVERRIDE';

interface ForCustomer<Device> {
  readonly customer: string;
  readonly piece: Piece<Device>;
}

const wanted = (plans: readonly OrderPlan[]): ForCustomer<NewDevice>[] =>
  plans.flatMap(({ order, enrolment }) =>
    enrolment === null
      ? []
      : [{ customer: enrolment.customer, piece: { order, devices: enrolment.devices } }],
  );

/** Requests of one customer each; customers and orders in the order in which they came. */
function packed<Device>(
  entries: readonly ForCustomer<Device>[],
  packing: Parameters<typeof pack<Device>>[1],
): { readonly customer: string; readonly pieces: readonly Piece<Device>[] }[] {
  return [...Map.groupBy(entries, ({ customer }) => customer)].flatMap(([customer, group]) =>
    pack(
      group.map(({ piece }) => piece),
      packing,
    ).map((pieces) => ({ customer, pieces })),
  );
}

const namesOfNew = ({ identity }: NewDevice) => namesOf(identity);

const devicesOf = <Device>(pieces: readonly Piece<Device>[]) => pieces.flatMap(({ devices }) => devices);

const identitiesOf = (pieces: readonly Piece<NewDevice>[]) =>
  devicesOf(pieces).map(({ identity }) => identity);

const requestedNew = ({ order, devices }: Piece<NewDevice>): RequestedOrder =>
  requested(
    order,
    devices.map(({ deviceId, identity }) => ({ deviceId, providerDeviceId: keyOf(identity) })),
  );

const requestedOld = ({ order, devices }: Piece<OldDevice>): RequestedOrder =>
  requested(
    order,
    devices.map(({ deviceId, providerDeviceId }) => ({ deviceId, providerDeviceId })),
  );

const requested = (
  { id, requestType }: RequestOrder,
  devices: readonly RequestedDevice[],
): RequestedOrder => ({
  orderId: id,
  orderNumber: String(id),
  requestType,
  devices,
});

/** Two batches in place of one; null for a single device, a deletion, and a sheet. */
export function halve(
  asked: AskedRequest,
  ids: readonly [string, string],
): readonly [ProviderRequest, ProviderRequest] | null {
  const sent = sentIn(asked);
  const keys = asked.orders.flatMap(({ devices }) => devices.map(({ providerDeviceId }) => providerDeviceId));
  if (sent?.kind !== 'batch' || keys.length < 2) return null;
  const middle = Math.ceil(keys.length / 2);
  const half = (transactionId: string, half: readonly string[]): ProviderRequest => {
    const chosen = new Set(half);
    const orders = asked.orders.map((order) => ({
      ...order,
      devices: order.devices.filter(({ providerDeviceId }) => chosen.has(providerDeviceId)),
    }));
    const devices = sent.devices.filter((device) => chosen.has(keyOf(device)));
    return {
      transactionId,
      message: batchMessage(sent.place.customer, transactionId, devices),
      orders: orders.filter((order) => order.devices.length > 0),
    };
  };
  return [half(ids[0], keys.slice(0, middle)), half(ids[1], keys.slice(middle))];
}
