import { sql, type Kysely } from 'kysely';

/**
 * A migration that was released is never edited: it has run in somebody's store. Lists of states are written out here
 * for the same reason, and not taken from the code.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // STRICT: SQLite then refuses a text in a number column, as PostgreSQL does.
  const create = (name: string) => db.schema.createTable(name).modifyEnd(sql`strict`);
  const oneOf = (column: string, values: string[]) =>
    sql<boolean>`${sql.ref(column)} in (${sql.join(values.map((value) => sql.lit(value)))})`;

  await create('worker')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('daemon', 'text', (c) => c.notNull())
    .addColumn('host', 'text', (c) => c.notNull())
    .addColumn('pid', 'integer', (c) => c.notNull())
    .addColumn('pid_start', 'text', (c) => c.notNull())
    .addColumn('started_at', 'text', (c) => c.notNull())
    .addColumn('heartbeat_at', 'text', (c) => c.notNull())
    .addColumn('stopped_at', 'text')
    .execute();

  await create('sales_order')
    .addColumn('id', 'text', (c) => c.primaryKey().notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('customer', 'text')
    .addColumn('order_date', 'text', (c) => c.notNull())
    .addColumn('purchase_order_number', 'text')
    .addColumn('enrolment_required', 'integer', (c) => c.notNull())
    .addColumn('pending_action', 'text')
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('updated_at', 'text', (c) => c.notNull())
    .addCheckConstraint(
      'sales_order_status',
      oneOf('status', ['New', 'Awaiting Generation', 'Awaiting Dispatch', 'Complete', 'Error', 'Cancelled']),
    )
    .execute();

  await create('sales_order_organisation')
    .addColumn('order_id', 'text', (c) => c.notNull().references('sales_order.id'))
    .addColumn('provider_id', 'text', (c) => c.notNull())
    .addColumn('organisation_id', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('sales_order_organisation_key', ['order_id', 'provider_id'])
    .execute();

  await create('sales_order_line')
    .addColumn('order_id', 'text', (c) => c.notNull().references('sales_order.id'))
    .addColumn('line_number', 'integer', (c) => c.notNull())
    .addColumn('product', 'text')
    .addColumn('quantity', 'integer', (c) => c.notNull())
    .addColumn('provider_id', 'text')
    .addPrimaryKeyConstraint('sales_order_line_key', ['order_id', 'line_number'])
    .execute();

  await create('batch')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('direction', 'text', (c) => c.notNull())
    .addColumn('category', 'text', (c) => c.notNull())
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('version', 'real', (c) => c.notNull())
    .addColumn('provider_id', 'text')
    .addColumn('stage', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('record_count', 'integer', (c) => c.notNull())
    .addColumn('external_file_name', 'text')
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('updated_at', 'text', (c) => c.notNull())
    .addCheckConstraint(
      'batch_stage_known',
      oneOf('stage', ['Batch', 'Extract/Load', 'Transformation', 'Transmission']),
    )
    .addCheckConstraint('batch_status_known', oneOf('status', ['In progress', 'Complete', 'Error']))
    .execute();
  await db.schema
    .createIndex('batch_standing')
    .on('batch')
    .columns(['direction', 'stage', 'status', 'type', 'id'])
    .execute();

  await create('batch_item')
    .addColumn('batch_id', 'integer', (c) => c.notNull().references('batch.id'))
    .addColumn('sequence', 'integer', (c) => c.notNull())
    .addColumn('customer_reference', 'text', (c) => c.notNull())
    .addColumn('description', 'text', (c) => c.notNull())
    .addColumn('payload_json', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('error', 'text')
    .addPrimaryKeyConstraint('batch_item_key', ['batch_id', 'sequence'])
    .addCheckConstraint('batch_item_status', oneOf('status', ['Open', 'Complete', 'Error']))
    .execute();
  await db.schema
    .createIndex('batch_item_customer_reference')
    .on('batch_item')
    .column('customer_reference')
    .execute();

  await create('batch_stage')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('batch_id', 'integer', (c) => c.notNull().references('batch.id'))
    .addColumn('stage', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('at', 'text', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('note', 'text')
    .execute();
  await db.schema.createIndex('batch_stage_batch').on('batch_stage').column('batch_id').execute();

  await create('dispatch')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('order_id', 'text', (c) => c.notNull().references('sales_order.id'))
    .addColumn('delivery_number', 'text', (c) => c.notNull())
    .addColumn('warehouse_id', 'text', (c) => c.notNull())
    .addColumn('dispatched_at', 'text', (c) => c.notNull())
    .addColumn('batch_id', 'integer', (c) => c.notNull().references('batch.id'))
    .addUniqueConstraint('dispatch_delivery', ['order_id', 'delivery_number'])
    .execute();

  await create('device')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('device_id', 'text', (c) => c.notNull())
    .addColumn('order_id', 'text', (c) => c.notNull().references('sales_order.id'))
    .addColumn('line_number', 'integer', (c) => c.notNull())
    .addColumn('dispatch_id', 'integer', (c) => c.notNull().references('dispatch.id'))
    .addColumn('provider_id', 'text')
    .addColumn('serial_number', 'text')
    .addColumn('imei', 'text')
    .addColumn('imei2', 'text')
    .addColumn('meid', 'text')
    .addColumn('manufacturer', 'text')
    .addColumn('model', 'text')
    .addColumn('asset_tag', 'text')
    .addColumn('product_id', 'text')
    .addColumn('hardware_hash', 'text')
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('updated_at', 'text', (c) => c.notNull())
    .addUniqueConstraint('device_of_order', ['order_id', 'device_id'])
    .addCheckConstraint(
      'device_status',
      oneOf('status', [
        'Not Required',
        'Enrol Pending',
        'Enrol Requested',
        'Enrolled',
        'Enrol Failed',
        'Unenrol Pending',
        'Unenrol Requested',
        'Unenrolled',
        'Unenrol Failed',
      ]),
    )
    .execute();
  await db.schema
    .createIndex('device_status_provider')
    .on('device')
    .columns(['status', 'provider_id', 'order_id'])
    .execute();
  await db.schema.createIndex('device_device_id').on('device').column('device_id').execute();

  await create('device_history')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('device', 'integer', (c) => c.notNull().references('device.id'))
    .addColumn('at', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('note', 'text')
    .addColumn('batch_id', 'integer', (c) => c.references('batch.id'))
    .execute();
  await db.schema.createIndex('device_history_device').on('device_history').column('device').execute();

  await create('enrolment_request')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('batch_id', 'integer', (c) => c.notNull().references('batch.id'))
    .addColumn('order_id', 'text', (c) => c.notNull().references('sales_order.id'))
    .addColumn('provider_id', 'text', (c) => c.notNull())
    .addColumn('request_type', 'text', (c) => c.notNull())
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('answered_at', 'text')
    .addCheckConstraint(
      'enrolment_request_type',
      oneOf('request_type', ['ORDER', 'RETURN', 'VOID', 'OVERRIDE']),
    )
    .execute();
  // Providers give no promise about the order of transactions: one open request per order and provider at a time.
  await db.schema
    .createIndex('enrolment_request_open')
    .unique()
    .on('enrolment_request')
    .columns(['order_id', 'provider_id'])
    .where(sql<boolean>`answered_at is null`)
    .execute();

  await create('enrolment_request_device')
    .addColumn('request_id', 'integer', (c) => c.notNull().references('enrolment_request.id'))
    .addColumn('device', 'integer', (c) => c.notNull().references('device.id'))
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('outcome', 'text', (c) => c.notNull())
    .addColumn('errors_json', 'text')
    .addPrimaryKeyConstraint('enrolment_request_device_key', ['request_id', 'device'])
    .addCheckConstraint('enrolment_request_device_role', oneOf('role', ['enrol', 'unenrol']))
    .addCheckConstraint('enrolment_request_device_outcome', oneOf('outcome', ['open', 'succeeded', 'failed']))
    .execute();
  await db.schema
    .createIndex('enrolment_request_device_device')
    .on('enrolment_request_device')
    .column('device')
    .execute();

  await create('provider_request')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('provider_id', 'text', (c) => c.notNull())
    .addColumn('batch_id', 'integer', (c) => c.notNull().references('batch.id'))
    .addColumn('transaction_id', 'text', (c) => c.notNull())
    .addColumn('provider_transaction_id', 'text')
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('body_json', 'text', (c) => c.notNull())
    .addColumn('queries', 'integer', (c) => c.notNull())
    .addColumn('next_query_at', 'text')
    .addColumn('last_error', 'text')
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('sent_at', 'text')
    .addColumn('accepted_at', 'text')
    .addColumn('finished_at', 'text')
    .addUniqueConstraint('provider_request_transaction', ['provider_id', 'transaction_id'])
    .addCheckConstraint(
      'provider_request_state',
      oneOf('state', ['queued', 'sent', 'accepted', 'pending', 'finished', 'refused', 'unknown']),
    )
    .execute();
  await db.schema
    .createIndex('provider_request_next_query')
    .on('provider_request')
    .columns(['state', 'next_query_at'])
    .execute();
  await db.schema
    .createIndex('provider_request_provider_transaction')
    .on('provider_request')
    .columns(['provider_id', 'provider_transaction_id'])
    .execute();
  await db.schema.createIndex('provider_request_batch').on('provider_request').column('batch_id').execute();

  await create('provider_request_order')
    .addColumn('request_id', 'integer', (c) => c.notNull().references('provider_request.id'))
    .addColumn('order_id', 'integer', (c) => c.notNull())
    .addColumn('order_number', 'text', (c) => c.notNull())
    .addColumn('request_type', 'text', (c) => c.notNull())
    .addColumn('outcome', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('provider_request_order_key', ['request_id', 'order_id'])
    .addCheckConstraint(
      'provider_request_order_outcome',
      oneOf('outcome', ['open', 'succeeded', 'failed', 'unknown']),
    )
    .execute();

  await create('provider_request_device')
    .addColumn('request_id', 'integer', (c) => c.notNull().references('provider_request.id'))
    .addColumn('order_id', 'integer', (c) => c.notNull())
    .addColumn('device_id', 'text', (c) => c.notNull())
    .addColumn('provider_device_id', 'text', (c) => c.notNull())
    .addColumn('outcome', 'text', (c) => c.notNull())
    .addColumn('errors_json', 'text')
    .addPrimaryKeyConstraint('provider_request_device_key', ['request_id', 'order_id', 'device_id'])
    .addCheckConstraint(
      'provider_request_device_outcome',
      oneOf('outcome', ['open', 'succeeded', 'failed', 'unknown']),
    )
    .execute();
  await db.schema
    .createIndex('provider_request_device_device')
    .on('provider_request_device')
    .column('device_id')
    .execute();

  await create('delivery')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('direction', 'text', (c) => c.notNull())
    .addColumn('folder', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('crashes', 'integer', (c) => c.notNull())
    .addColumn('dev', 'text')
    .addColumn('inode', 'text')
    .addColumn('size', 'integer')
    .addColumn('mtime_ns', 'text')
    .addColumn('digest', 'text')
    .addColumn('identity', 'text')
    .addColumn('place', 'text')
    .addColumn('fault_code', 'text')
    .addColumn('detail', 'text')
    .addColumn('next_try_at', 'text')
    .addColumn('worker_id', 'integer', (c) => c.references('worker.id'))
    .addColumn('batch_id', 'integer', (c) => c.references('batch.id'))
    .addColumn('provider_request_id', 'integer', (c) => c.references('provider_request.id'))
    .addColumn('purpose', 'text')
    .addColumn('content', 'text')
    .addColumn('seen_at', 'text', (c) => c.notNull())
    .addColumn('settled_at', 'text')
    .addColumn('moved_at', 'text')
    .addCheckConstraint('delivery_direction', oneOf('direction', ['in', 'out']))
    .addCheckConstraint(
      'delivery_state',
      oneOf('state', ['seen', 'claimed', 'deferred', 'done', 'rejected', 'held']),
    )
    .execute();
  // The same file enters the store through one inbox at most once, whoever drops it and however often.
  await db.schema
    .createIndex('delivery_once')
    .unique()
    .on('delivery')
    .columns(['folder', 'identity'])
    .where(sql<boolean>`direction = 'in' and state = 'done'`)
    .execute();
  // One file on disk is claimed by one process.
  await db.schema
    .createIndex('delivery_claim')
    .unique()
    .on('delivery')
    .columns(['folder', 'dev', 'inode'])
    .where(sql<boolean>`direction = 'in' and state in ('seen', 'claimed', 'deferred')`)
    .execute();
  await db.schema
    .createIndex('delivery_publication')
    .unique()
    .on('delivery')
    .columns(['folder', 'name'])
    .where(sql<boolean>`direction = 'out' and state <> 'done'`)
    .execute();
  await db.schema
    .createIndex('delivery_unfinished')
    .on('delivery')
    .columns(['direction', 'folder', 'state', 'next_try_at'])
    .where(sql<boolean>`moved_at is null`)
    .execute();
  await db.schema.createIndex('delivery_batch').on('delivery').column('batch_id').execute();
  await db.schema.createIndex('delivery_request').on('delivery').column('provider_request_id').execute();
  await db.schema.createIndex('delivery_state').on('delivery').columns(['folder', 'state', 'id']).execute();

  await create('job_run')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('job', 'text', (c) => c.notNull())
    .addColumn('cause', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('worker_id', 'integer', (c) => c.notNull().references('worker.id'))
    .addColumn('started_at', 'text', (c) => c.notNull())
    .addColumn('finished_at', 'text')
    .addColumn('result_json', 'text')
    .addColumn('fault_code', 'text')
    .addColumn('detail', 'text')
    .addCheckConstraint('job_run_state', oneOf('state', ['running', 'complete', 'error', 'interrupted']))
    .execute();
  await db.schema
    .createIndex('job_run_one_at_a_time')
    .unique()
    .on('job_run')
    .column('job')
    .where(sql<boolean>`state = 'running'`)
    .execute();
  await db.schema.createIndex('job_run_job').on('job_run').columns(['job', 'id']).execute();

  await create('workflow_event')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('event_type', 'text', (c) => c.notNull())
    .addColumn('event_code', 'text', (c) => c.notNull())
    .addColumn('reference_number', 'text', (c) => c.notNull())
    .addColumn('notes', 'text', (c) => c.notNull())
    .addColumn('batch_id', 'integer', (c) => c.references('batch.id'))
    .addColumn('created_at', 'text', (c) => c.notNull())
    .execute();
  await db.schema
    .createIndex('workflow_event_reference')
    .on('workflow_event')
    .column('reference_number')
    .execute();

  await create('module_property')
    .addColumn('name', 'text', (c) => c.primaryKey().notNull())
    .addColumn('value', 'text', (c) => c.notNull())
    .addColumn('updated_at', 'text', (c) => c.notNull())
    .addColumn('updated_by', 'text', (c) => c.notNull())
    .execute();

  await create('audit')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('at', 'text', (c) => c.notNull())
    .addColumn('who', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('reason', 'text')
    .addColumn('before_json', 'text')
    .addColumn('after_json', 'text')
    .execute();
}
