import type { RequestOrder } from '../../../../shared/generic/device-enrolment-request.ts';
import type { RequestLimits } from '../limits.ts';

/** What of one order goes together into a request. */
export interface Piece<Device> {
  readonly order: RequestOrder;
  readonly devices: readonly Device[];
}

export interface Packing<Device> {
  readonly limits: RequestLimits;
  /** By which answers name the device; no two devices of a request may share one. */
  readonly namesOf: (device: Device) => readonly string[];
  /** Answers may not name the device at all: it is told by being the only one. */
  readonly isNameless: (device: Device) => boolean;
}

/**
 * Fills requests with orders, each of which fits into a request or is cut. Devices that answers could not tell apart are
 * never in the same: two with one serial number, of two manufacturers, are two devices. An order stands in a request
 * once at most.
 */
export function pack<Device>(orders: readonly Piece<Device>[], packing: Packing<Device>): Piece<Device>[][] {
  const requests: Piece<Device>[][] = [];
  let room = new Room(packing);
  for (const piece of orders.flatMap((order) => cut(order, packing))) {
    const current = requests.at(-1);
    const joins = current && current.length < packing.limits.ordersPerRequest && room.has(piece.devices);
    if (joins) current.push(piece);
    else {
      requests.push([piece]);
      room = new Room(packing);
    }
    room.take(piece.devices);
  }
  return requests;
}

/** A piece ends where the next device has no room, so that the next piece never has room beside it. */
function cut<Device>({ order, devices }: Piece<Device>, packing: Packing<Device>): Piece<Device>[] {
  const pieces: Device[][] = [];
  let room = new Room(packing);
  for (const device of devices) {
    const current = pieces.at(-1);
    if (current && room.has([device])) current.push(device);
    else {
      pieces.push([device]);
      room = new Room(packing);
    }
    room.take([device]);
  }
  return pieces.map((piece) => ({ order, devices: piece }));
}

/** The devices of one request. */
class Room<Device> {
  readonly #packing: Packing<Device>;
  readonly #names = new Set<string>();
  #count = 0;
  #closed = false;

  constructor(packing: Packing<Device>) {
    this.#packing = packing;
  }

  has(devices: readonly Device[]): boolean {
    const { limits, namesOf, isNameless } = this.#packing;
    if (this.#closed || this.#count + devices.length > limits.devicesPerRequest) return false;
    if (this.#count > 0 && devices.some(isNameless)) return false;
    return !devices.flatMap(namesOf).some((name) => this.#names.has(name));
  }

  take(devices: readonly Device[]): void {
    this.#count += devices.length;
    this.#closed ||= devices.some(this.#packing.isNameless);
    for (const name of devices.flatMap(this.#packing.namesOf)) this.#names.add(name);
  }
}
