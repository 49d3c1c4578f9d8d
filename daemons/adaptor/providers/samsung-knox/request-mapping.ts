import { z } from 'zod';

import type {
  DeviceEnrolmentRequest,
  RequestOrder,
} from '../../../../shared/generic/device-enrolment-request.ts';
import type { GenericDevice } from '../../../../shared/generic/schema-parts.ts';
import { piecesOf } from '../limits.ts';
import type {
  AskedRequest,
  Enrolments,
  MappedDocument,
  OrderOutcome,
  ProviderRequest,
  RequestedDevice,
  RequestedOrder,
} from '../provider-format.ts';
import { refuseOrder, refusal } from '../refusal.ts';
import { transactionIdOf } from '../transaction-id.ts';
import { selectDevices, type Selection } from './device-selection.ts';
import { kindOf, kinds } from './device-key.ts';
import {
  deviceListMessage,
  stems,
  type Group,
  type KnoxSettings,
  type Operation,
} from './message-mapping.ts';
import { pack, type Parcel, type Piece } from './request-packing.ts';

/**
 * Generic request -> uploads and deletions of devices, each for one customer and of one kind of identifier. Knox knows no
 * returns, voids or overrides of orders; all of them become deletions of devices, and an override an upload after it.
 */

/** What is to be done with devices of one order. */
interface Step {
  readonly operation: Operation;
  readonly preparatory: boolean;
  readonly devices: readonly RequestedDevice[];
  /** Device id -> the customer who has it, where that is known; else it is the order's. */
  readonly holders?: ReadonlyMap<string, string>;
}

interface Mapped {
  readonly steps: readonly Step[];
  readonly refused: readonly OrderOutcome[];
  /** IMEIs with a wrong check digit that are sent all the same. */
  readonly doubtful: number;
}

/** Maps a generic request file; every order and device is either in a request or refused. */
export function toRequests(
  document: DeviceEnrolmentRequest,
  enrolled: Enrolments,
  settings: KnoxSettings,
): MappedDocument {
  const orders = document.orders.map((order) => ({ order, ...mapOrder(order, enrolled, settings) }));
  const pieces = orders.flatMap(({ order, steps }) =>
    steps.flatMap((step) => toPieces(order, step, settings)),
  );
  const parcels = pack(deletionsFirst(pieces), settings.limits);
  const requests = parcels.map((parcel, index) =>
    toRequest(transactionIdOf(document, index + 1), parcel, settings),
  );
  return {
    requests,
    refused: orders.flatMap(({ refused }) => refused),
    notes: [
      ...doubtfulNote(orders.reduce((sum, { doubtful }) => sum + doubtful, 0)),
      ...sheetNotes(requests, parcels),
    ],
  };
}

/**
 * Two requests in place of one; null when it has one device only. A sheet is not parted: a person chooses the customer
 * in the portal's form, so that it does not stand in the sheet.
 */
export function halve(
  { message, orders }: AskedRequest,
  [firstId, secondId]: readonly [string, string],
  settings: KnoxSettings,
): readonly [ProviderRequest, ProviderRequest] | null {
  const halves = halvesOf(orders);
  const [device] = orders.flatMap(({ devices }) => devices);
  if (!halves || !device || message.mediaType === 'text/csv') return null;
  const group: Group = {
    operation: message.stem === stems.delete ? 'delete' : 'upload',
    customer: sentBody.parse(JSON.parse(message.content)).customerId,
    kind: kindOf(device.providerDeviceId),
    preparatory: false,
  };
  const [first, second] = halves;
  return [
    toRequest(firstId, { group, orders: first }, settings),
    toRequest(secondId, { group, orders: second }, settings),
  ];
}

/** Of our own request. */
const sentBody = z.object({ customerId: z.string() });

/** Whole orders where there are several, else the devices of the one. */
function halvesOf(
  orders: readonly RequestedOrder[],
): readonly [readonly RequestedOrder[], readonly RequestedOrder[]] | null {
  const [first] = orders;
  if (!first) return null;
  if (orders.length > 1) return cut(orders);
  if (first.devices.length < 2) return null;
  const [some, others] = cut(first.devices);
  return [[{ ...first, devices: some }], [{ ...first, devices: others }]];
}

function cut<Item>(items: readonly Item[]): readonly [readonly Item[], readonly Item[]] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

function toRequest(transactionId: string, parcel: Parcel<Group>, settings: KnoxSettings): ProviderRequest {
  return {
    transactionId,
    message: deviceListMessage(transactionId, parcel, settings),
    orders: parcel.orders,
    ...(parcel.group.preparatory && { preparatory: true }),
  };
}

function mapOrder(order: RequestOrder, enrolled: Enrolments, settings: KnoxSettings): Mapped {
  switch (order.requestType) {
    case 'ORDER':
      return ofSelection(select(order, settings), 'upload');
    case 'RETURN':
      return ofReturn(selectReturned(order, enrolled, settings), holdersOf(order.id, enrolled));
    case 'VOID':
      return mapVoid(order, enrolled);
    case 'OVERRIDE':
      return mapOverride(order, enrolled, settings);
  }
}

const select = (order: RequestOrder, { identifiers }: KnoxSettings): Selection =>
  selectDevices(order.id, devicesOf(order), identifiers);

/** What was enrolled goes back by the identifier under which it was enrolled, whatever the order says now. */
function selectReturned(order: RequestOrder, enrolled: Enrolments, { identifiers }: KnoxSettings): Selection {
  const known = new Map(
    enrolled.ofOrder(order.id).map(({ deviceId, providerDeviceId }) => [deviceId, providerDeviceId]),
  );
  return selectDevices(order.id, devicesOf(order), identifiers, known);
}

const devicesOf = ({ deliveries = [] }: RequestOrder): GenericDevice[] =>
  deliveries.flatMap(({ devices }) => devices);

const ofReturn = (
  { devices, refused, doubtful }: Selection,
  holders: ReadonlyMap<string, string>,
): Mapped => ({
  steps: [{ operation: 'delete', preparatory: false, devices, holders }],
  refused,
  doubtful,
});

/** Knox takes a device back from the customer who has it, and finds it with no other. */
const holdersOf = (orderId: number, enrolled: Enrolments): ReadonlyMap<string, string> =>
  new Map(
    enrolled
      .ofOrder(orderId)
      .flatMap(({ deviceId, organisationId }) =>
        organisationId === undefined ? [] : [[deviceId, organisationId]],
      ),
  );

const ofSelection = (
  { devices, refused, doubtful }: Selection,
  operation: Operation,
  before: readonly Step[] = [],
): Mapped => ({
  steps: [...before, { operation, preparatory: false, devices }],
  refused,
  doubtful,
});

/**
 * Gen1 can take back all that one earlier transaction brought in (removeTransactionId), and Gen2 is not known to. It is
 * not used: a transaction of ours may have held other orders too. So the devices are listed.
 */
function mapVoid({ id }: RequestOrder, enrolled: Enrolments): Mapped {
  const devices = enrolledIn(id, enrolled);
  if (devices.length === 0) {
    const error = refusal('NOT_ENROLLED', 'There is no device of the order to take back from Knox.');
    return { steps: [], refused: [refuseOrder(id, [], error)], doubtful: 0 };
  }
  const holders = holdersOf(id, enrolled);
  return { steps: [{ operation: 'delete', preparatory: false, devices, holders }], refused: [], doubtful: 0 };
}

/**
 * Knox cannot correct an order, so that it is taken back and enrolled anew, all that was enrolled. Nothing is taken back when no device
 * can be enrolled in its place: the order would be gone, and nobody told.
 */
function mapOverride(order: RequestOrder, enrolled: Enrolments, settings: KnoxSettings): Mapped {
  const selection = select(order, settings);
  if (selection.devices.length === 0) return ofSelection(selection, 'upload');
  const devices = enrolledIn(order.id, enrolled);
  const holders = holdersOf(order.id, enrolled);
  return ofSelection(selection, 'upload', [{ operation: 'delete', preparatory: true, devices, holders }]);
}

const enrolledIn = (orderId: number, enrolled: Enrolments): RequestedDevice[] =>
  enrolled.ofOrder(orderId).map(({ deviceId, providerDeviceId }) => ({ deviceId, providerDeviceId }));

function toPieces(
  { id: orderId, requestType, organisationId: customer }: RequestOrder,
  { operation, preparatory, devices, holders }: Step,
  { limits }: KnoxSettings,
): Piece<Group>[] {
  const order = { orderId, orderNumber: String(orderId), requestType };
  const byCustomer = Map.groupBy(devices, ({ deviceId }) => holders?.get(deviceId) ?? customer);
  return kinds.flatMap((kind) =>
    [...byCustomer].flatMap(([holder, some]) =>
      piecesOf(
        some.filter(({ providerDeviceId }) => kindOf(providerDeviceId) === kind),
        limits,
      ).map((part) => ({
        group: { operation, customer: holder, kind, preparatory },
        order: { ...order, devices: part },
      })),
    ),
  );
}

/** A device that is returned and sold again in one file has to go before it comes. */
const deletionsFirst = (pieces: readonly Piece<Group>[]): Piece<Group>[] => {
  const isDeletion = ({ group }: Piece<Group>) => group.operation === 'delete';
  return [...pieces.filter(isDeletion), ...pieces.filter((piece) => !isDeletion(piece))];
};

const doubtfulNote = (count: number): string[] =>
  count === 0 ? [] : [`IMEIs with a wrong check digit, sent as they stand: ${count}`];

/** Whoever uploads a sheet has to know the customer, and it does not stand in the sheet. */
const sheetNotes = (requests: readonly ProviderRequest[], parcels: readonly Parcel<Group>[]): string[] =>
  requests.flatMap(({ transactionId, message: { mediaType, stem } }, index) => {
    const customer = parcels[index]?.group.customer ?? '';
    return mediaType === 'text/csv' ? [`${stem}.${transactionId}.csv: for customer ${customer}`] : [];
  });
