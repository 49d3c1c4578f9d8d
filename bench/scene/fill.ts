import SqliteDatabase from 'better-sqlite3';

import { timed } from '../figures.ts';

/** Rows as they come into the store by SQL alone: prepared statements, one transaction, safe from a power cut. */

export const devicesPerOrder = 10;
const at = '2026-01-13T16:00:00.000Z';

/**
 * Orders that are dispatched, and their devices, all to be enrolled at Apple.
 *
 * @returns seconds that the rows of the devices alone took
 */
export function fillPendingDevices(file: string, devices: number): Promise<number> {
  const db = new SqliteDatabase(file);
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  const orders = Math.ceil(devices / devicesPerOrder);
  db.transaction(() => fillOrders(db, orders))();
  const insert = db.prepare(`insert into device (device_id, order_id, line_number, dispatch_id, provider_id,
    serial_number, imei, imei2, meid, manufacturer, model, asset_tag, product_id, hardware_hash, status, created_at,
    updated_at) values (?, ?, 1, ?, 'apple', ?, null, null, null, 'Example', null, null, null, null, ?, ?, ?)`);
  const fill = db.transaction(() => {
    for (let n = 0; n < devices; n++) {
      const order = Math.floor(n / devicesPerOrder) + 1;
      insert.run(`FILL${n}`, String(order), order, `FILL${n}`, 'Enrol Pending', at, at);
    }
  });
  return timed(fill).finally(() => db.close());
}

function fillOrders(db: SqliteDatabase.Database, orders: number): void {
  const batch = db
    .prepare(
      `insert into batch (direction, category, type, version, stage, status, record_count, created_at, updated_at)
       values ('inbound', 'Sales Order', 'Sales Order Dispatch', 1.2, 'Batch', 'Complete', ?, ?, ?)`,
    )
    .run(orders, at, at).lastInsertRowid;
  const order = db.prepare(`insert into sales_order (id, status, customer, order_date, purchase_order_number,
    enrolment_required, pending_action, created_at, updated_at) values (?, 'Complete', null, ?, ?, 1, null, ?, ?)`);
  const organisation = db.prepare("insert into sales_order_organisation values (?, 'apple', '7100456')");
  const line = db.prepare("insert into sales_order_line values (?, 1, 'Phone', ?, 'apple')");
  const dispatch = db.prepare(
    'insert into dispatch (order_id, delivery_number, warehouse_id, dispatched_at, batch_id) values (?, ?, ?, ?, ?)',
  );
  for (let n = 1; n <= orders; n++) {
    const id = String(n);
    order.run(id, at, `PO-${id}`, at, at);
    organisation.run(id);
    line.run(id, devicesPerOrder);
    dispatch.run(id, `DN-${id}`, 'WH-EAST', at, batch);
  }
}

/** Rows of a batch, each with a text. @returns seconds that they took */
export function fillItems(file: string, payloads: readonly string[]): Promise<number> {
  const db = new SqliteDatabase(file);
  db.pragma('synchronous = FULL');
  const batch = db
    .prepare(
      `insert into batch (direction, category, type, version, stage, status, record_count, created_at, updated_at)
       values ('inbound', 'Sales Order', 'Sales Order Dispatch', 1.2, 'Extract/Load', 'Complete', 0, ?, ?)`,
    )
    .run(at, at).lastInsertRowid;
  const insert = db.prepare(`insert into batch_item (batch_id, sequence, customer_reference, description,
    payload_json, status) values (?, ?, ?, 'order', ?, 'Open')`);
  const fill = db.transaction(() => {
    for (const [index, payload] of payloads.entries()) insert.run(batch, index + 1, String(index), payload);
  });
  return timed(fill).finally(() => db.close());
}
