import type {
  DeviceEnrolmentRequest,
  RequestDelivery,
  RequestOrder,
  RequestType,
} from '../../../../shared/generic/device-enrolment-request.ts';
import type { GenericDevice } from '../../../../shared/generic/schema-parts.ts';
import {
  isOrderKey,
  layoutOf,
  type Layout,
  type MappedField,
} from '../../../../shared/runtime/configured-format-schema.ts';
import { piecesOf, splitByLimits, type RequestLimits } from '../limits.ts';
import type {
  EnrolledDevice,
  Enrolments,
  MappedDocument,
  OrderOutcome,
  ProviderError,
  RequestedDevice,
  RequestedOrder,
} from '../provider-format.ts';
import { refusal, refuseDevices, refuseOrder } from '../refusal.ts';
import { batchStamp, transactionIdOf } from '../transaction-id.ts';
import { valueOf, type Settings, type Subject } from './field-values.ts';
import { writeMessage } from './write-message.ts';

/**
 * Generic request -> the partner's requests, as the mapping says. A type that the partner does not take is refused, or,
 * where `byDevice` names it, put in terms of single devices: a VOID is a RETURN of all devices of the order that we know
 * as enrolled, an OVERRIDE such a RETURN and then an ORDER of the new devices.
 */

/** What a request of the generic format comes to at the partner. */
interface Step {
  readonly order: RequestOrder;
  /** The type whose word is sent. */
  readonly type: RequestType;
  readonly orderNumber: string;
  readonly devices: readonly StepDevice[];
  readonly preparatory: boolean;
}

interface StepDevice {
  readonly device: GenericDevice;
  readonly delivery?: RequestDelivery;
  readonly knownAs?: string;
}

interface MappedDevice {
  readonly requested: RequestedDevice;
  readonly values: readonly string[];
}

/** An order, or a piece of one, as it stands in a request. */
interface Item {
  readonly step: Step;
  readonly requested: RequestedOrder;
  readonly values: readonly string[];
  /** Empty where the partner's requests list none. */
  readonly devices: readonly MappedDevice[];
}

/** Requests, and so transaction ids, that a batch comes to at most; for how long an id may get. */
const manyRequests = 9_999;

export function toRequests(
  settings: Settings,
  document: DeviceEnrolmentRequest,
  enrolled: Enrolments,
): MappedDocument {
  const mapper = new Mapper(settings, document);
  const items = document.orders.flatMap((order, index) =>
    mapper.map(order, index, enrolled.ofOrder(order.id)),
  );
  const { request } = settings.mapping;
  const requests = runsOf(items, !isOrderKey(request.key))
    .flatMap((run) => splitByLimits(run, limitsOf(settings), ({ devices }) => devices.length))
    .map((orders, index) => {
      const transactionId = transactionIdOf(document, index + 1);
      return {
        transactionId,
        message: writeMessage(
          request,
          transactionId,
          orders.map(({ values, devices }) => ({ values, devices: devices.map((device) => device.values) })),
        ),
        orders: orders.map(({ requested }) => requested),
        ...(orders.some(({ step }) => step.preparatory) && { preparatory: true }),
      };
    });
  return { requests, refused: mapper.refused, notes: mapper.notes };
}

/** Where the document itself is the one order or device, it holds no more, whatever the limits say. */
function limitsOf({ mapping: { request }, limits }: Settings): RequestLimits {
  if (request.kind === 'csv') return limits;
  return {
    ordersPerRequest: request.orders?.at === '' ? 1 : limits.ordersPerRequest,
    devicesPerRequest: request.devices?.at === '' ? 1 : limits.devicesPerRequest,
  };
}

/**
 * Answers name a device by its key and nothing else, and a request is preparatory as a whole: so a request has each order
 * and each key once. Whatever comes twice begins a new request, which waits for the one before.
 */
function runsOf(items: readonly Item[], keysAreOfDevices: boolean): Item[][] {
  const runs: Item[][] = [];
  let taken = new Set<string>();
  let preparatory: boolean | undefined;
  for (const item of items) {
    const own = [
      `order ${item.requested.orderId}`,
      ...(keysAreOfDevices
        ? item.requested.devices.map((device) => `device ${device.providerDeviceId}`)
        : []),
    ];
    if (preparatory !== item.step.preparatory || own.some((key) => taken.has(key))) {
      runs.push([]);
      taken = new Set();
      preparatory = item.step.preparatory;
    }
    runs.at(-1)?.push(item);
    own.forEach((key) => taken.add(key));
  }
  return runs;
}

class Mapper {
  readonly refused: OrderOutcome[] = [];
  readonly #settings: Settings;
  readonly #document: DeviceEnrolmentRequest;
  readonly #layout: Layout;
  readonly #keyIsOfOrders: boolean;
  #doubtful = 0;

  constructor(settings: Settings, document: DeviceEnrolmentRequest) {
    this.#settings = settings;
    this.#document = document;
    this.#layout = layoutOf(settings.mapping.request);
    this.#keyIsOfOrders = isOrderKey(settings.mapping.request.key);
  }

  get notes(): string[] {
    return this.#doubtful === 0 ? [] : [`IMEIs sent with a wrong check digit: ${this.#doubtful}`];
  }

  /** An order of the document -> what is sent of it, in pieces that fit into a request; what is not goes to `refused`. */
  map(order: RequestOrder, index: number, known: readonly EnrolledDevice[]): Item[] {
    const steps = this.#stepsOf(order, index, known);
    const error = 'error' in steps ? steps.error : this.#idTooLong();
    if (error !== undefined) return this.#refuse(order, error);
    if ('error' in steps) return [];
    const mapped = steps.map((step) => this.#mapStep(step));
    const whole = mapped.find((result) => 'error' in result);
    if (whole) return this.#refuse(order, whole.error);
    const items = mapped.filter((result) => 'item' in result);
    const main = items.filter(({ item }) => !item.step.preparatory);
    const failed = main.flatMap((part) => part.failed);
    this.#refuseDevices(order, failed);
    // With nothing to enrol, nothing is prepared for it.
    const nothingLeft = main.every(({ item }) => item.requested.devices.length === 0);
    if (nothingLeft && failed.length > 0) return [];
    return items.flatMap(({ item }) => this.#piecesOf(item));
  }

  #refuse(order: RequestOrder, error: ProviderError): [] {
    const devices = devicesOf(order).map(({ device }) => device.deviceId);
    this.refused.push(refuseOrder(order.id, [...new Set(devices)], error));
    return [];
  }

  #refuseDevices(order: RequestOrder, failed: readonly Failed[]): void {
    if (failed.length > 0) this.refused.push(refuseDevices(order.id, failed));
  }

  #stepsOf(
    order: RequestOrder,
    index: number,
    known: readonly EnrolledDevice[],
  ): Step[] | { error: ProviderError } {
    const { types, byDevice } = this.#settings.mapping.request;
    const step = (
      type: RequestType,
      devices: readonly StepDevice[],
      preparatory = false,
      of = order,
    ): Step => ({
      order: of,
      type,
      orderNumber: this.#orderNumberOf(order, type, index),
      devices,
      preparatory,
    });
    const own = devicesOf(order);
    if (types[order.requestType] !== undefined) return [step(order.requestType, own)];
    // From the customer who has them: an override may name another one.
    const byHolder = Map.groupBy(known, ({ organisationId }) => organisationId ?? order.organisationId);
    const returns = (preparatory: boolean) =>
      [...byHolder].map(([organisationId, devices]) => {
        const remembered = devices.map((device) => this.#remembered(device));
        return step('RETURN', remembered, preparatory, { ...order, organisationId });
      });
    if (order.requestType === 'VOID' && byDevice.includes('VOID')) {
      if (known.length > 0) return returns(false);
      return { error: refusal('NOT_ENROLLED', `Order ${order.id} has no device that we know as enrolled.`) };
    }
    if (order.requestType === 'OVERRIDE' && byDevice.includes('OVERRIDE')) {
      return [...returns(true), step('ORDER', own)];
    }
    return {
      error: refusal(
        'UNMAPPABLE',
        `Order ${order.id}: the partner takes no requests of type ${order.requestType}.`,
      ),
    };
  }

  /** A return has a number of its own, because there are partners that know each number once. */
  #orderNumberOf(order: RequestOrder, type: RequestType, index: number): string {
    if (type !== 'RETURN') return String(order.id);
    return `RE-${order.id}-${batchStamp(this.#document)}-${index + 1}`;
  }

  #remembered({ deviceId, providerDeviceId }: EnrolledDevice): StepDevice {
    return { device: { deviceId }, knownAs: providerDeviceId };
  }

  #idTooLong(): ProviderError | undefined {
    const { head, order, device } = this.#layout;
    const longest = transactionIdOf(this.#document, manyRequests).length;
    const field = [...head, ...(order ?? []), ...(device ?? [])].find(
      ({ from, maxLength }) => from === 'transactionId' && maxLength < longest,
    );
    if (field === undefined) return undefined;
    const what = `${field.name}: transaction ids have up to ${longest} characters, the partner takes ${field.maxLength}.`;
    return refusal('UNMAPPABLE', what);
  }

  #mapStep(step: Step): { item: Item; failed: readonly Failed[] } | { error: ProviderError } {
    const { order, orderNumber, type, preparatory } = step;
    const subject = { order, orderNumber, type };
    const ofOrder = this.#values(this.#layout.order ?? [], subject);
    if ('error' in ofOrder) return ofOrder;
    const { devices, failed } = this.#mapDevices(step, subject);
    // What is known of them was written once, so that it can be written again; if not, the order is not torn.
    const [first] = failed;
    if (first && preparatory) return first;
    const { key } = this.#settings.mapping.request;
    return {
      failed,
      item: {
        step,
        requested: {
          orderId: order.id,
          orderNumber: key === 'orderId' ? String(order.id) : orderNumber,
          requestType: order.requestType,
          devices: devices.map(({ requested }) => requested),
        },
        values: ofOrder.values,
        devices: this.#layout.device === null ? [] : devices,
      },
    };
  }

  #mapDevices(step: Step, subject: Subject): { devices: MappedDevice[]; failed: Failed[] } {
    const mapped = step.devices.map((one) => this.#mapDevice(one, subject));
    const devices = mapped.filter((result) => 'requested' in result);
    const failed = mapped.filter((result) => 'error' in result);
    const byId = Map.groupBy(step.devices, ({ device }) => device.deviceId);
    const byKey = Map.groupBy(devices, ({ requested }) => requested.providerDeviceId);
    const isAlone = ({ deviceId, providerDeviceId }: RequestedDevice) =>
      byId.get(deviceId)?.length === 1 && byKey.get(providerDeviceId)?.length === 1;
    const ambiguous = devices.filter(({ requested }) => !isAlone(requested));
    const twice = refusal(
      'UNMAPPABLE',
      'Two devices of the order have the same id, or the same identifier at the partner.',
    );
    const all = [
      ...failed,
      ...ambiguous.map(({ requested }) => ({ deviceId: requested.deviceId, error: twice })),
    ];
    return {
      devices: devices.filter(({ requested }) => isAlone(requested)),
      failed: [...new Map(all.map((one) => [one.deviceId, one])).values()],
    };
  }

  #mapDevice({ device, delivery, knownAs }: StepDevice, subject: Subject): MappedDevice | Failed {
    const { deviceId } = device;
    const of: Subject = {
      ...subject,
      device,
      ...(delivery && { delivery }),
      ...(knownAs !== undefined && { knownAs }),
    };
    const read = this.#values(this.#layout.device ?? [], of);
    if ('error' in read) return { deviceId, error: read.error };
    const providerDeviceId = this.#keyIsOfOrders ? deviceId : this.#keyIn(read.values);
    if (providerDeviceId === '') {
      const { key } = this.#settings.mapping.request;
      return { deviceId, error: refusal('IDENTIFIER_MISSING', `The partner names devices by ${key}.`) };
    }
    return { requested: { deviceId, providerDeviceId }, values: read.values };
  }

  #keyIn(values: readonly string[]): string {
    const { key } = this.#settings.mapping.request;
    return values[(this.#layout.device ?? []).findIndex(({ from }) => from === key)] ?? '';
  }

  #values(fields: readonly MappedField[], subject: Subject): { values: string[] } | { error: ProviderError } {
    const values: string[] = [];
    let doubtful = false;
    for (const field of fields) {
      const read = valueOf(field, subject, this.#settings);
      if ('error' in read) return read;
      doubtful ||= read.doubtful === true;
      values.push(read.value);
    }
    if (doubtful) this.#doubtful++;
    return { values };
  }

  /** An OVERRIDE that the partner takes is never parted: the second part would take the place of the first. */
  #piecesOf(item: Item): Item[] {
    const limits = limitsOf(this.#settings);
    if (item.devices.length === 0) return isEmpty(item, this.#layout) ? [] : [item];
    const pieces = piecesOf(item.devices, limits);
    const { order, type } = item.step;
    if (type === 'OVERRIDE' && pieces.length > 1) {
      const what = `Order ${order.id} has ${item.devices.length} devices, and an OVERRIDE cannot be sent in parts of ${limits.devicesPerRequest}.`;
      return this.#refuse(order, refusal('UNMAPPABLE', what));
    }
    return pieces.map((devices) => ({
      ...item,
      devices,
      requested: { ...item.requested, devices: devices.map(({ requested }) => requested) },
    }));
  }
}

interface Failed {
  readonly deviceId: string;
  readonly error: ProviderError;
}

const devicesOf = ({ deliveries = [] }: RequestOrder): StepDevice[] =>
  deliveries.flatMap((delivery) => delivery.devices.map((device) => ({ device, delivery })));

/** Nothing is left of an order whose devices were all refused; a void has none from the beginning. */
const isEmpty = ({ step, requested }: Item, { device }: Layout): boolean =>
  device === null ? requested.devices.length === 0 && step.devices.length > 0 : step.type !== 'VOID';
