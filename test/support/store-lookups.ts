import { unpublished } from '../../shared/store/publications.ts';
import type { Db, DeliveryPurpose, Row } from '../../shared/store/tables.ts';

/** Whole lists of one thing, oldest first, as only tests want them. */

export function auditOf(db: Db, subject: string): Promise<Row<'audit'>[]> {
  return db.selectFrom('audit').selectAll().where('subject', '=', subject).orderBy('id').execute();
}

/** Every request that named a device, oldest first. */
export function requestsOfDevice(db: Db, device: number) {
  return db
    .selectFrom('enrolment_request_device as asked')
    .innerJoin('enrolment_request as request', 'request.id', 'asked.request_id')
    .selectAll('request')
    .select(['asked.role', 'asked.outcome', 'asked.errors_json'])
    .where('asked.device', '=', device)
    .orderBy('request.id')
    .execute();
}

export function eventsOf(db: Db, referenceNumber: string): Promise<Row<'workflow_event'>[]> {
  return db
    .selectFrom('workflow_event')
    .selectAll()
    .where('reference_number', '=', referenceNumber)
    .orderBy('id')
    .execute();
}

/** Documents that wait to be published, with their contents. */
export async function queuedDocuments(
  db: Db,
  ...purposes: readonly DeliveryPurpose[]
): Promise<Row<'delivery'>[]> {
  const ids = (await unpublished(db, purposes, 1000)).map(({ id }) => id);
  return db.selectFrom('delivery').selectAll().where('id', 'in', ids).orderBy('id').execute();
}
