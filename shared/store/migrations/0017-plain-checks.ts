import { sql, type Kysely } from 'kysely';

import { engineOf } from '../engine.ts';

/** What may stand in a column of which there are many rows, and many changes. */
const checks: readonly (readonly [
  table: string,
  column: string,
  constraint: string,
  values: readonly string[],
])[] = [
  ['batch', 'stage', 'batch_stage_known', ['Batch', 'Extract/Load', 'Transformation', 'Transmission']],
  ['batch', 'status', 'batch_status_known', ['In progress', 'Complete', 'Error']],
  ['batch_item', 'status', 'batch_item_status', ['Open', 'Complete', 'Error']],
  ['delivery', 'state', 'delivery_state', ['seen', 'claimed', 'deferred', 'done', 'rejected', 'held']],
  [
    'device',
    'status',
    'device_status',
    [
      'Not Required',
      'Enrol Pending',
      'Enrol Requested',
      'Enrolled',
      'Enrol Failed',
      'Unenrol Pending',
      'Unenrol Requested',
      'Unenrolled',
      'Unenrol Failed',
    ],
  ],
  ['enrolment_request', 'request_type', 'enrolment_request_type', ['ORDER', 'RETURN', 'VOID', 'OVERRIDE']],
  [
    'enrolment_request_device',
    'outcome',
    'enrolment_request_device_outcome',
    ['open', 'succeeded', 'failed'],
  ],
  [
    'provider_request',
    'state',
    'provider_request_state',
    ['queued', 'sent', 'accepted', 'pending', 'finished', 'refused', 'unknown'],
  ],
  [
    'provider_request_order',
    'outcome',
    'provider_request_order_outcome',
    ['open', 'succeeded', 'failed', 'unknown'],
  ],
  [
    'provider_request_device',
    'outcome',
    'provider_request_device_outcome',
    ['open', 'succeeded', 'failed', 'unknown'],
  ],
  [
    'sales_order',
    'status',
    'sales_order_status',
    ['New', 'Awaiting Generation', 'Awaiting Dispatch', 'Complete', 'Error', 'Cancelled'],
  ],
];

/**
 * For a list of three or more values that stands in a check, SQLite builds a table of them for each row that is written:
 * more than half of the time in which a row is changed. Comparisons side by side cost nothing. Not on PostgreSQL, which
 * keeps the list.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  if (engineOf(db) !== 'sqlite') return;
  for (const [table, column, constraint, values] of checks) {
    await db.schema.alterTable(table).dropConstraint(constraint).execute();
    await db.schema.alterTable(table).addCheckConstraint(constraint, isAny(column, values)).execute();
  }
  await db.schema.dropIndex('delivery_claim').execute();
  await db.schema
    .createIndex('delivery_claim')
    .unique()
    .on('delivery')
    .columns(['folder', 'inode'])
    .where(sql<boolean>`direction = 'in' and (${isAny('state', ['seen', 'claimed', 'deferred'])})`)
    .execute();
}

const isAny = (column: string, values: readonly string[]) =>
  sql<boolean>`${sql.join(
    values.map((value) => sql`${sql.ref(column)} = ${sql.lit(value)}`),
    sql` or `,
  )}`;
