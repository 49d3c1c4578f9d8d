import { sql, type Kysely } from 'kysely';

/**
 * Operators look at lists newest first, page by page, filtered by state, and search for devices: each with an index of
 * its own. Beside them, the jobs that somebody wants run now.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('job_wish')
    .modifyEnd(sql`strict`)
    .addColumn('job', 'text', (c) => c.primaryKey().notNull())
    .addColumn('who', 'text', (c) => c.notNull())
    .addColumn('wished_at', 'text', (c) => c.notNull())
    .execute();

  const index = (name: string, table: string, columns: string[]) =>
    db.schema.createIndex(name).on(table).columns(columns);
  await index('delivery_of_state', 'delivery', ['state', 'id']).execute();
  await index('delivery_count', 'delivery', ['direction', 'folder', 'state']).execute();
  await index('delivery_settled', 'delivery', ['settled_at', 'direction', 'state']).execute();
  await index('batch_of_status', 'batch', ['status', 'id']).execute();
  await index('batch_of_type', 'batch', ['type', 'id']).execute();
  await index('batch_interface', 'batch', [
    'direction',
    'category',
    'type',
    'status',
    'record_count',
  ]).execute();
  await index('device_of_status', 'device', ['status', 'id']).execute();
  await index('device_serial_number', 'device', ['serial_number']).execute();
  await index('device_imei', 'device', ['imei']).execute();
  await index('device_list_of_order', 'device', ['order_id', 'id']).execute();
  await index('sales_order_purchase_order', 'sales_order', ['purchase_order_number']).execute();
  await index('device_history_at', 'device_history', ['at', 'status']).execute();
  await index('provider_request_of_state', 'provider_request', ['state', 'id']).execute();
  await index('enrolment_request_of_order', 'enrolment_request', ['order_id', 'provider_id', 'id']).execute();
  await index('worker_daemon', 'worker', ['daemon', 'id']).execute();
  await index('audit_subject', 'audit', ['subject', 'id']).execute();
  await index('provider_exchange_fault', 'provider_exchange', ['id'])
    .where(sql<boolean>`fault_code is not null`)
    .execute();
}
