import { Fault } from '../runtime/faults.ts';
import { devicesById, devicesOfOrder, moveDevices, type Device } from '../store/devices.ts';
import { lastRequest, ordersWithOpenRequest, orderAtProvider } from '../store/enrolment-requests.ts';
import { inTransaction } from '../store/open-store.ts';
import { requireOrder, setOrganisation, updateOrder, type SalesOrder } from '../store/orders.ts';
import type { DeviceStatus } from '../store/states/device.ts';
import type { Db } from '../store/tables.ts';
import { actorOf, audit, type Operator } from './operator.ts';

/** Statuses of devices that a provider holds for us, and of those that it never took. */
const held: readonly DeviceStatus[] = ['Enrolled', 'Unenrol Failed'];
const neverTaken: readonly DeviceStatus[] = ['Enrol Pending', 'Enrol Failed'];

const among = (devices: readonly Device[], statuses: readonly DeviceStatus[]) =>
  devices.filter((device) => statuses.includes(device.status));

/** How many devices an action touched, and what it made of them. */
export interface OrderActionResult {
  readonly order: string;
  readonly devices: Partial<Record<DeviceStatus, number>>;
}

/**
 * Takes back a whole order: the next run of the request job sends a VOID. Devices that were never enrolled are let go
 * at once; an order of such devices only is cancelled without any provider.
 *
 * @throws Fault NOT_FOUND, NOT_ALLOWED
 */
export function voidOrder(db: Db, operator: Operator, orderId: string): Promise<OrderActionResult> {
  return inTransaction(db, async (trx) => {
    const { order, devices } = await requireQuiet(trx, orderId);
    const leaving = among(devices, held);
    const mover = moverOf(trx, operator);
    await mover(leaving, 'Unenrol Pending');
    await mover(among(devices, neverTaken), 'Not Required');
    const change =
      leaving.length > 0 ? ({ pending_action: 'VOID' } as const) : ({ status: 'Cancelled' } as const);
    await updateOrder(trx, orderId, change, operator.now);
    await audit(trx, operator, {
      action: 'order.void',
      subject: `order ${orderId}`,
      before: order,
      after: change,
    });
    return { order: orderId, devices: mover.counts };
  });
}

export interface OverrideChanges {
  /** Provider id -> new organisation id there. */
  readonly organisations: Readonly<Record<string, string>>;
  readonly purchaseOrderNumber: string | undefined;
  /** Devices that leave the order. */
  readonly drop: readonly string[];
}

/**
 * Replaces what the provider has of an order: the next run of the request job sends an OVERRIDE with the corrected
 * fields and the full list of devices that stay.
 *
 * @throws Fault NOT_FOUND, NOT_ALLOWED, BAD_INPUT
 */
export function overrideOrder(
  db: Db,
  operator: Operator,
  orderId: string,
  changes: OverrideChanges,
): Promise<OrderActionResult> {
  return inTransaction(db, async (trx) => {
    const { order, devices } = await requireQuiet(trx, orderId);
    const unknown = changes.drop.filter((id) => !devices.some((device) => device.device_id === id));
    if (unknown.length > 0)
      throw new Fault('BAD_INPUT', `order ${orderId} has no device ${unknown.join(', ')}`);
    const dropped = devices.filter((device) => changes.drop.includes(device.device_id));
    const staying = devices.filter((device) => !changes.drop.includes(device.device_id));
    await requireAskedBefore(trx, orderId, staying);
    for (const [providerId, id] of Object.entries(changes.organisations)) {
      await setOrganisation(trx, orderId, providerId, id);
    }
    const mover = moverOf(trx, operator);
    await mover(among(staying, [...held, 'Enrol Failed']), 'Enrol Pending');
    await mover(among(dropped, held), 'Unenrol Pending');
    await mover(among(dropped, neverTaken), 'Not Required');
    const change = {
      pending_action: 'OVERRIDE',
      ...(changes.purchaseOrderNumber !== undefined && {
        purchase_order_number: changes.purchaseOrderNumber,
      }),
    } as const;
    await updateOrder(trx, orderId, change, operator.now);
    await audit(trx, operator, {
      action: 'order.override',
      subject: `order ${orderId}`,
      before: order,
      after: { ...change, ...changes },
    });
    return { order: orderId, devices: mover.counts };
  });
}

/**
 * Gives devices back to nobody: the next run of the request job sends a RETURN for them.
 *
 * @throws Fault NOT_FOUND, NOT_ALLOWED; then none of them is changed
 */
export function unenrolDevices(db: Db, operator: Operator, deviceIds: readonly string[]): Promise<Device[]> {
  return inTransaction(db, async (trx) => {
    const devices: Device[] = [];
    for (const deviceId of deviceIds) {
      const [newest] = await devicesById(trx, deviceId);
      if (!newest) throw new Fault('NOT_FOUND', `there is no device ${deviceId}`);
      if (!held.includes(newest.status)) {
        throw new Fault(
          'NOT_ALLOWED',
          `device ${deviceId} is ${newest.status}; needed: ${held.join(' or ')}`,
        );
      }
      devices.push(newest);
    }
    await moverOf(trx, operator)(devices, 'Unenrol Pending');
    for (const device of devices) {
      await audit(trx, operator, {
        action: 'device.unenrol',
        subject: `device ${device.device_id}`,
        before: { status: device.status },
        after: { status: 'Unenrol Pending' },
      });
    }
    return devices;
  });
}

/** An order that no provider is busy with, with its devices. @throws Fault NOT_FOUND, NOT_ALLOWED */
async function requireQuiet(trx: Db, orderId: string): Promise<{ order: SalesOrder; devices: Device[] }> {
  const order = await requireOrder(trx, orderId);
  if (order.pending_action !== null) {
    throw new Fault('NOT_ALLOWED', `order ${orderId} waits for its ${order.pending_action} already`);
  }
  if (order.status === 'Cancelled') throw new Fault('NOT_ALLOWED', `order ${orderId} is cancelled`);
  const devices = await devicesOfOrder(trx, orderId);
  const open = await ordersWithOpenRequest(trx);
  if (devices.some((device) => open.has(orderAtProvider(orderId, device.provider_id ?? '')))) {
    throw new Fault(
      'NOT_ALLOWED',
      `order ${orderId} waits for a provider's answer; try again when it is there`,
    );
  }
  return { order, devices };
}

/** An override replaces something. @throws Fault NOT_ALLOWED */
async function requireAskedBefore(trx: Db, orderId: string, devices: readonly Device[]): Promise<void> {
  const providers = new Set(devices.flatMap((device) => device.provider_id ?? []));
  for (const provider of providers) {
    if ((await lastRequest(trx, orderId, provider)) === undefined) {
      throw new Fault('NOT_ALLOWED', `order ${orderId} was never sent to ${provider}: nothing to override`);
    }
  }
}

interface Mover {
  (devices: readonly Device[], to: DeviceStatus): Promise<void>;
  counts: Partial<Record<DeviceStatus, number>>;
}

/** Moves devices in the operator's name, and counts them. */
function moverOf(trx: Db, operator: Operator): Mover {
  const counts: Partial<Record<DeviceStatus, number>> = {};
  const move = async (devices: readonly Device[], to: DeviceStatus) => {
    if (devices.length === 0) return;
    await moveDevices(trx, devices, to, {
      actor: actorOf(operator),
      now: operator.now,
      batchId: null,
      note: operator.reason,
    });
    counts[to] = (counts[to] ?? 0) + devices.length;
  };
  return Object.assign(move, { counts });
}
