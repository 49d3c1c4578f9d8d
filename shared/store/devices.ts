import type { GenericDevice } from '../generic/schema-parts.ts';
import { bug } from '../runtime/faults.ts';
import { chunks } from './chunks.ts';
import type { KeyPage } from './key-page.ts';
import { checkMove } from './states/state-machine.ts';
import { deviceMoves, deviceStatuses, type DeviceStatus } from './states/device.ts';
import type { Db, Row } from './tables.ts';

/** Devices. A device changes its status in `moveDevices` and nowhere else. */

export type Device = Row<'device'>;

export interface NewDevice {
  readonly device: GenericDevice;
  readonly orderId: string;
  readonly lineNumber: number;
  readonly dispatchId: number;
  readonly providerId: string | null;
  readonly status: 'Not Required' | 'Enrol Pending';
}

/** Puts dispatched devices into the store, with the first row of their history. */
export async function insertDevices(
  db: Db,
  devices: readonly NewDevice[],
  cause: { readonly actor: string; readonly now: Date; readonly batchId: number; readonly note: string },
): Promise<void> {
  const at = cause.now.toISOString();
  for (const chunk of chunks(devices)) {
    const rows = await db
      .insertInto('device')
      .values(chunk.map((each) => toRow(each, at)))
      .returning(['id', 'status'])
      .execute();
    await recordHistory(db, rows, at, cause);
  }
}

function toRow({ device, ...rest }: NewDevice, at: string) {
  return {
    device_id: device.deviceId,
    order_id: rest.orderId,
    line_number: rest.lineNumber,
    dispatch_id: rest.dispatchId,
    provider_id: rest.providerId,
    serial_number: device.serialNumber ?? null,
    imei: device.imei ?? null,
    imei2: device.imei2 ?? null,
    meid: device.meid ?? null,
    manufacturer: device.manufacturer ?? null,
    model: device.model ?? null,
    asset_tag: device.assetTag ?? null,
    product_id: device.productId ?? null,
    hardware_hash: device.hardwareHash ?? null,
    status: rest.status,
    created_at: at,
    updated_at: at,
  };
}

/** The device as the generic formats carry it. */
export function toGenericDevice(device: Device): GenericDevice {
  return {
    deviceId: device.device_id,
    ...(device.serial_number !== null && { serialNumber: device.serial_number }),
    ...(device.imei !== null && { imei: device.imei }),
    ...(device.imei2 !== null && { imei2: device.imei2 }),
    ...(device.meid !== null && { meid: device.meid }),
    ...(device.manufacturer !== null && { manufacturer: device.manufacturer }),
    ...(device.model !== null && { model: device.model }),
    ...(device.asset_tag !== null && { assetTag: device.asset_tag }),
    ...(device.product_id !== null && { productId: device.product_id }),
    ...(device.hardware_hash !== null && { hardwareHash: device.hardware_hash }),
  };
}

export interface DeviceMoveCause {
  readonly actor: string;
  readonly now: Date;
  readonly batchId: number | null;
  readonly note: string | null;
}

/**
 * Moves devices to a status, and writes it into the history of each.
 *
 * @throws Fault BUG when one of them may not take that status, also when it is another one by now than the caller knows
 */
export async function moveDevices(
  db: Db,
  devices: readonly Pick<Device, 'id' | 'status'>[],
  to: DeviceStatus,
  cause: DeviceMoveCause,
): Promise<void> {
  for (const device of devices) checkMove('device enrolment', deviceMoves, device.status, to);
  const from = deviceStatuses.filter((status) => deviceMoves[status].includes(to));
  const at = cause.now.toISOString();
  for (const chunk of chunks(devices)) {
    const ids = chunk.map((device) => device.id);
    const { numUpdatedRows } = await db
      .updateTable('device')
      .set({ status: to, updated_at: at })
      .where('id', 'in', ids)
      .where('status', 'in', from)
      .executeTakeFirstOrThrow();
    if (Number(numUpdatedRows) !== ids.length) throw bug(`a device may no longer become "${to}"`);
    await recordHistory(
      db,
      chunk.map((device) => ({ id: device.id, status: to })),
      at,
      cause,
    );
  }
}

async function recordHistory(
  db: Db,
  devices: readonly { id: number; status: DeviceStatus }[],
  at: string,
  cause: Omit<DeviceMoveCause, 'now'>,
): Promise<void> {
  await db
    .insertInto('device_history')
    .values(
      devices.map((device) => ({
        device: device.id,
        at,
        status: device.status,
        actor: cause.actor,
        note: cause.note,
        batch_id: cause.batchId,
      })),
    )
    .execute();
}

/** Every device of an order, in the order of arrival. */
export function devicesOfOrder(db: Db, orderId: string): Promise<Device[]> {
  return db.selectFrom('device').selectAll().where('order_id', '=', orderId).orderBy('id').execute();
}

/** The same device may have been sold, returned and sold again: newest first. */
export function devicesById(db: Db, deviceId: string): Promise<Device[]> {
  return db
    .selectFrom('device')
    .selectAll()
    .where((where) =>
      where.or([
        where('device_id', '=', deviceId),
        where('serial_number', '=', deviceId),
        where('imei', '=', deviceId),
      ]),
    )
    .orderBy('id', 'desc')
    .execute();
}

/** What devices are looked for by: one of these. */
export type DeviceFilter = KeyPage &
  ({ readonly text: string } | { readonly status: DeviceStatus } | { readonly orderId: string });

/**
 * Devices, newest first: those in a status, of an order, or those whose device id, serial number, IMEI, order or
 * purchase order is the text.
 */
export function listDevices(db: Db, filter: DeviceFilter): Promise<Device[]> {
  let query = db.selectFrom('device').selectAll().orderBy('id', 'desc').limit(filter.limit);
  if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  if ('status' in filter) return query.where('status', '=', filter.status).execute();
  if ('orderId' in filter) return query.where('order_id', '=', filter.orderId).execute();
  return devicesNamed(db, filter, filter.text);
}

/** Each way to name a device has an index of its own, in order; one search by all of them would sort all it finds. */
async function devicesNamed(db: Db, { before, limit }: KeyPage, text: string): Promise<Device[]> {
  let ids = db.selectFrom('device').select('id').orderBy('id', 'desc').limit(limit);
  if (before !== undefined) ids = ids.where('id', '<', before);
  const fields = ['device_id', 'serial_number', 'imei', 'order_id'] as const;
  const found = await Promise.all([
    ...fields.map((field) => ids.where(field, '=', text).execute()),
    ids.where('order_id', 'in', ordersOfPurchase(db, text)).execute(),
  ]);
  const newest = [...new Set(found.flat().map(({ id }) => id))].sort((a, b) => b - a).slice(0, limit);
  if (newest.length === 0) return [];
  return db.selectFrom('device').selectAll().where('id', 'in', newest).orderBy('id', 'desc').execute();
}

const ordersOfPurchase = (db: Db, number: string) =>
  db.selectFrom('sales_order').select('id').where('purchase_order_number', '=', number);

/** A device that waits for a request, with what the request needs to know of its dispatch. */
export type PendingDevice = Device & { readonly delivery_number: string; readonly dispatched_at: string };

/** Devices in one of these statuses that a provider has to hear of, grouped by provider and order. */
export function pendingDevices(db: Db, statuses: readonly DeviceStatus[]): Promise<PendingDevice[]> {
  return db
    .selectFrom('device')
    .innerJoin('dispatch', 'dispatch.id', 'device.dispatch_id')
    .selectAll('device')
    .select(['dispatch.delivery_number', 'dispatch.dispatched_at'])
    .where('device.status', 'in', statuses)
    .where('device.provider_id', 'is not', null)
    .orderBy('device.provider_id')
    .orderBy('device.order_id')
    .orderBy('device.id')
    .execute();
}

/** Number of devices of an order per line. */
export async function countPerLine(db: Db, orderId: string): Promise<Map<number, number>> {
  const rows = await db
    .selectFrom('device')
    .select((select) => ['line_number', select.fn.countAll<number | string>().as('count')])
    .where('order_id', '=', orderId)
    .groupBy('line_number')
    .execute();
  return new Map(rows.map((row) => [row.line_number, Number(row.count)]));
}

/** Number of devices in each status. */
export async function countByStatus(db: Db): Promise<Partial<Record<DeviceStatus, number>>> {
  const rows = await db
    .selectFrom('device_count')
    .selectAll()
    .where('devices', '>', 0)
    .orderBy('status')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.status, row.devices]));
}

export function deviceHistory(db: Db, device: number): Promise<Row<'device_history'>[]> {
  return db.selectFrom('device_history').selectAll().where('device', '=', device).orderBy('id').execute();
}
