import { serviceError, type ServiceError } from './apple-errors.ts';
import {
  deliveryError,
  deviceError,
  orderError,
  type PostedDelivery,
  type PostedDevice,
  type PostedOrder,
} from './apple-request-check.ts';
import {
  deliveryResult,
  deviceResult,
  orderResult,
  summary,
  type PostedDeliveryResult,
  type PostedOrderResult,
} from './apple-results.ts';

/** Which device is enrolled with which order, and what the order types do to that. */

/** Who has a device. */
interface Holder {
  readonly resellerId: string;
  readonly orderNumber: string;
  readonly customerId: string;
}

/** An order on file, as it was posted. A return remembers from whom it took each device. */
interface FiledOrder extends Holder {
  readonly posted: PostedOrder;
  readonly deliveries: readonly PostedDelivery[];
  readonly takenFrom: ReadonlyMap<string, Holder>;
}

interface OrderRules {
  readonly refuseDevices: Readonly<Record<string, ServiceError>>;
  readonly refuseOrganisations: Readonly<Record<string, ServiceError>>;
  readonly otherResellersDevices: readonly string[];
}

type Take = (device: PostedDevice) => ServiceError | undefined;

export class OrderBook {
  readonly #orders = new Map<string, FiledOrder>();
  readonly #holders = new Map<string, Holder>();

  holderOf(deviceId: string): Holder | undefined {
    return this.#holders.get(deviceId);
  }

  /** Device -> the customer who has it. */
  customers(): Record<string, string> {
    return Object.fromEntries([...this.#holders].map(([device, { customerId }]) => [device, customerId]));
  }

  /** Posts an order of a reseller, as far as it goes. */
  post(order: PostedOrder, resellerId: string, rules: OrderRules): PostedOrderResult {
    const { orderNumber = '', customerId = '' } = order;
    const holder = { resellerId, orderNumber, customerId };
    const error = orderError(order) ?? rules.refuseOrganisations[customerId] ?? this.#conflict(order, holder);
    if (error) return orderResult(orderNumber, error);
    if (order.orderType === 'VD') {
      this.#undo(keyOf(holder));
      return { orderNumber, orderPostStatus: 'COMPLETE' };
    }
    return this.#postDeliveries(order, holder, rules);
  }

  /** The order as it stands now: devices that were given back, or moved on, are no longer listed. */
  show(orderNumber: string, resellerId: string): object {
    const filed = this.#orders.get(keyOf({ resellerId, orderNumber }));
    if (!filed) {
      const { errorCode, errorMessage } = serviceError('DEP-ERR-5002');
      return { orderNumber, showOrderStatusCode: errorCode, showOrderStatusMessage: errorMessage };
    }
    const { orderDate, orderType, customerId, poNumber } = filed.posted;
    const listed = ({ deviceId = '' }: PostedDevice) => {
      const holder = this.#holders.get(deviceId);
      return filed.takenFrom.has(deviceId) || (holder !== undefined && keyOf(holder) === keyOf(filed));
    };
    const deliveries = filed.deliveries
      .map(({ devices = [], ...delivery }) => ({
        ...delivery,
        devices: devices.filter(listed).map(withoutEmptyTag),
      }))
      .filter(({ devices }) => devices.length > 0);
    return { orderNumber, orderDate, orderType, customerId, ...(poNumber ? { poNumber } : {}), deliveries };
  }

  /** What the order cannot do, because of what is on file. */
  #conflict(order: PostedOrder, holder: Holder): ServiceError | undefined {
    const { orderType, orderDate = '' } = order;
    const filed = this.#orders.get(keyOf(holder));
    if (orderType === 'VD' || orderType === 'OV') {
      if (!filed) return serviceError('DEP-ERR-OR-4109');
      return this.#hasReturns(keyOf(holder)) ? serviceError('DEP-ERR-OR-4114') : undefined;
    }
    const mayExist = orderType === 'OR' && filed && headerOf(filed.posted) === headerOf(order);
    if (filed && !mayExist) return serviceError('DEP-ERR-OR-4110');
    // A return comes after what it returns.
    const tooEarly = orderType === 'RE' && this.#ordersOfDevices(order).some((date) => orderDate < date);
    return tooEarly ? serviceError('DEP-ERR-OR-4114') : undefined;
  }

  /** Dates of the orders that the devices of a return are enrolled with. */
  #ordersOfDevices({ deliveries = [] }: PostedOrder): string[] {
    const holders = deliveries
      .flatMap(({ devices = [] }) => devices)
      .map(({ deviceId = '' }) => this.#holders.get(deviceId))
      .filter((holder) => holder !== undefined);
    return holders.map((holder) => this.#orders.get(keyOf(holder))?.posted.orderDate ?? '');
  }

  #hasReturns(key: string): boolean {
    return [...this.#orders.values()].some(({ takenFrom }) =>
      [...takenFrom.values()].some((holder) => keyOf(holder) === key),
    );
  }

  /** Reverses an order: its devices leave, and those that it had taken as a return come back. */
  #undo(key: string): void {
    for (const [device, holder] of this.#holders) {
      if (keyOf(holder) === key) this.#holders.delete(device);
    }
    this.#orders.get(key)?.takenFrom.forEach((from, device) => this.#holders.set(device, from));
    this.#orders.delete(key);
  }

  #postDeliveries(order: PostedOrder, holder: Holder, rules: OrderRules): PostedOrderResult {
    const { orderNumber = '', orderDate, orderType, deliveries = [] } = order;
    const usable = deliveries.some((delivery) => !deliveryError(delivery, orderDate));
    if (orderType === 'OV' && usable) this.#undo(keyOf(holder));
    const takenFrom = new Map<string, Holder>();
    const take: Take = (device) =>
      orderType === 'RE' ? this.#giveBack(device, holder, takenFrom) : this.#enrol(device, holder, rules);
    const posted = deliveries.map((delivery) => postDelivery(delivery, orderDate, rules, take));
    const status = summary(
      posted.map((delivery) => delivery.deliveryPostStatus),
      'POSTED_WITH_ERRORS',
    );
    if (status !== 'ERROR') this.#file(order, holder, takenFrom);
    return { orderNumber, orderPostStatus: status, deliveries: posted };
  }

  /** The same order again adds to what is on file. */
  #file(order: PostedOrder, holder: Holder, takenFrom: ReadonlyMap<string, Holder>): void {
    const { deliveries: added = [], ...posted } = order;
    const earlier = this.#orders.get(keyOf(holder))?.deliveries ?? [];
    const byNumber = Map.groupBy([...earlier, ...added], ({ deliveryNumber }) => deliveryNumber);
    const deliveries = [...byNumber.values()].map((parts) => ({
      ...parts[0],
      devices: distinct(parts.flatMap(({ devices = [] }) => devices)),
    }));
    this.#orders.set(keyOf(holder), { ...holder, posted, deliveries, takenFrom });
  }

  #enrol({ deviceId = '' }: PostedDevice, holder: Holder, rules: OrderRules): ServiceError | undefined {
    if (rules.otherResellersDevices.includes(deviceId)) return serviceError('DEP-ERR-DE-4305');
    const other = this.#holders.get(deviceId);
    if (other && keyOf(other) !== keyOf(holder)) return notYours(other, holder);
    this.#holders.set(deviceId, holder);
    return undefined;
  }

  #giveBack(
    { deviceId = '' }: PostedDevice,
    returning: Holder,
    takenFrom: Map<string, Holder>,
  ): ServiceError | undefined {
    const holder = this.#holders.get(deviceId);
    if (!holder) return serviceError('DEP-ERR-DE-4306');
    const sameOwner =
      holder.resellerId === returning.resellerId && holder.customerId === returning.customerId;
    if (!sameOwner) return notYours(holder, returning);
    this.#holders.delete(deviceId);
    takenFrom.set(deviceId, holder);
    return undefined;
  }
}

const keyOf = ({ resellerId, orderNumber }: Pick<Holder, 'resellerId' | 'orderNumber'>): string =>
  JSON.stringify([resellerId, orderNumber]);

/** Why a device that somebody has cannot be had. */
function notYours(holder: Holder, wanting: Holder): ServiceError {
  if (holder.resellerId !== wanting.resellerId) return serviceError('DEP-ERR-DE-4305');
  return serviceError(holder.customerId === wanting.customerId ? 'DEP-ERR-DE-4303' : 'DEP-ERR-DE-4304');
}

function postDelivery(
  delivery: PostedDelivery,
  orderDate: string | undefined,
  rules: OrderRules,
  take: Take,
): PostedDeliveryResult {
  const { deliveryNumber } = delivery;
  const error = deliveryError(delivery, orderDate);
  if (error) return deliveryResult(deliveryNumber, error);
  const devices = (delivery.devices ?? []).map((device) => {
    const { deviceId = '' } = device;
    return deviceResult(deviceId, deviceError(device) ?? rules.refuseDevices[deviceId] ?? take(device));
  });
  const status = summary(
    devices.map((device) => device.devicePostStatus),
    'POSTED_WITH_ERRORS',
  );
  return { deliveryNumber, deliveryPostStatus: status, devices };
}

/** What must stay the same when devices are added to an order. */
const headerOf = ({ customerId, orderDate, poNumber }: PostedOrder): string =>
  JSON.stringify([customerId, orderDate, poNumber]);

const distinct = (devices: readonly PostedDevice[]): PostedDevice[] => [
  ...new Map(devices.map((device) => [device.deviceId, device])).values(),
];

const withoutEmptyTag = ({ deviceId, assetTag }: PostedDevice): PostedDevice => ({
  deviceId,
  ...(assetTag ? { assetTag } : {}),
});
