import { Fault } from '../runtime/faults.ts';
import { chunks } from './chunks.ts';
import type { KeyPage } from './key-page.ts';
import type { Db, Row } from './tables.ts';

/** Sales orders: lines, organisation ids per provider, dispatches. */

export type SalesOrder = Row<'sales_order'>;
export type SalesOrderLine = Row<'sales_order_line'>;

export interface NewOrder {
  readonly id: string;
  readonly customer: string | null;
  readonly orderDate: string;
  readonly purchaseOrderNumber: string | null;
  readonly enrolmentRequired: boolean;
  /** Provider id -> the customer's organisation id there. */
  readonly organisations: Readonly<Record<string, string>>;
  readonly lines: readonly {
    readonly lineNumber: number;
    readonly product: string | null;
    readonly quantity: number;
    readonly providerId: string | null;
  }[];
}

/**
 * Puts a new order into the store; it awaits dispatch.
 *
 * @throws Fault NOT_ALLOWED when there is an order of that number
 */
export async function insertOrder(db: Db, order: NewOrder, now: Date): Promise<void> {
  const at = now.toISOString();
  const inserted = await db
    .insertInto('sales_order')
    .values({
      id: order.id,
      status: 'Awaiting Dispatch',
      customer: order.customer,
      order_date: order.orderDate,
      purchase_order_number: order.purchaseOrderNumber,
      enrolment_required: order.enrolmentRequired ? 1 : 0,
      pending_action: null,
      created_at: at,
      updated_at: at,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (!inserted) throw new Fault('NOT_ALLOWED', `order ${order.id} is in the store already`);
  const organisations = Object.entries(order.organisations).map(([providerId, organisationId]) => ({
    order_id: order.id,
    provider_id: providerId,
    organisation_id: organisationId,
  }));
  if (organisations.length > 0)
    await db.insertInto('sales_order_organisation').values(organisations).execute();
  const lines = order.lines.map((line) => ({
    order_id: order.id,
    line_number: line.lineNumber,
    product: line.product,
    quantity: line.quantity,
    provider_id: line.providerId,
  }));
  for (const chunk of chunks(lines)) await db.insertInto('sales_order_line').values(chunk).execute();
}

export async function findOrder(db: Db, id: string): Promise<SalesOrder | undefined> {
  return db.selectFrom('sales_order').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The order of that number, and those of that purchase order; newest first. */
export function searchOrders(db: Db, text: string, limit: number): Promise<SalesOrder[]> {
  return db
    .selectFrom('sales_order')
    .selectAll()
    .where((where) => where.or([where('id', '=', text), where('purchase_order_number', '=', text)]))
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute();
}

/** @throws Fault NOT_FOUND */
export async function requireOrder(db: Db, id: string): Promise<SalesOrder> {
  const order = await findOrder(db, id);
  if (!order) throw new Fault('NOT_FOUND', `there is no order ${id}`);
  return order;
}

export function orderLines(db: Db, orderId: string): Promise<SalesOrderLine[]> {
  return db
    .selectFrom('sales_order_line')
    .selectAll()
    .where('order_id', '=', orderId)
    .orderBy('line_number')
    .execute();
}

/** Lines behind one of them, by their numbers. */
export function orderLinesAfter(
  db: Db,
  orderId: string,
  line: number,
  limit: number,
): Promise<SalesOrderLine[]> {
  return db
    .selectFrom('sales_order_line')
    .selectAll()
    .where('order_id', '=', orderId)
    .where('line_number', '>', line)
    .orderBy('line_number')
    .limit(limit)
    .execute();
}

/** Who enrols devices of the order. */
export async function providersOfLines(db: Db, orderId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('sales_order_line')
    .select('provider_id')
    .distinct()
    .where('order_id', '=', orderId)
    .orderBy('provider_id')
    .execute();
  return rows.flatMap((row) => row.provider_id ?? []);
}

/** Provider id -> the customer's organisation id there. */
export async function organisationsOf(db: Db, orderId: string): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('sales_order_organisation')
    .select(['provider_id', 'organisation_id'])
    .where('order_id', '=', orderId)
    .orderBy('provider_id')
    .execute();
  return new Map(rows.map((row) => [row.provider_id, row.organisation_id]));
}

export async function setOrganisation(
  db: Db,
  orderId: string,
  providerId: string,
  organisationId: string,
): Promise<void> {
  await db
    .insertInto('sales_order_organisation')
    .values({ order_id: orderId, provider_id: providerId, organisation_id: organisationId })
    .onConflict((conflict) =>
      conflict.columns(['order_id', 'provider_id']).doUpdateSet({ organisation_id: organisationId }),
    )
    .execute();
}

export type OrderChange = Partial<Pick<SalesOrder, 'status' | 'pending_action' | 'purchase_order_number'>>;

export async function updateOrder(db: Db, id: string, change: OrderChange, now: Date): Promise<void> {
  await db
    .updateTable('sales_order')
    .set({ ...change, updated_at: now.toISOString() })
    .where('id', '=', id)
    .execute();
}

export interface NewDispatch {
  readonly orderId: string;
  readonly deliveryNumber: string;
  readonly warehouseId: string;
  readonly dispatchedAt: string;
  readonly batchId: number;
}

/** Id of the dispatch; the same delivery number may arrive in several files, each with other devices. */
export async function recordDispatch(db: Db, dispatch: NewDispatch): Promise<number> {
  const { id } = await db
    .insertInto('dispatch')
    .values({
      order_id: dispatch.orderId,
      delivery_number: dispatch.deliveryNumber,
      warehouse_id: dispatch.warehouseId,
      dispatched_at: dispatch.dispatchedAt,
      batch_id: dispatch.batchId,
    })
    .onConflict((conflict) =>
      conflict.columns(['order_id', 'delivery_number']).doUpdateSet({ warehouse_id: dispatch.warehouseId }),
    )
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

export function dispatchOf(db: Db, id: number): Promise<Row<'dispatch'>> {
  return db.selectFrom('dispatch').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

export async function listDispatches(db: Db, orderId: string): Promise<Row<'dispatch'>[]> {
  return db.selectFrom('dispatch').selectAll().where('order_id', '=', orderId).orderBy('id').execute();
}

/** Newest first: an order may be dispatched in many parts. */
export function dispatchPage(
  db: Db,
  orderId: string,
  { before, limit }: KeyPage,
): Promise<Row<'dispatch'>[]> {
  const query = db
    .selectFrom('dispatch')
    .selectAll()
    .where('order_id', '=', orderId)
    .orderBy('id', 'desc')
    .limit(limit);
  return (before === undefined ? query : query.where('id', '<', before)).execute();
}
