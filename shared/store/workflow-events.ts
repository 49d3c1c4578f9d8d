import type { KeyPage } from './key-page.ts';
import type { Db, Row } from './tables.ts';

/** Notes for people in CMP. */

export interface NewWorkflowEvent {
  /** Three or four characters each. */
  readonly eventType: string;
  readonly eventCode: string;
  readonly referenceNumber: string;
  readonly notes: string;
  readonly batchId: number | null;
}

export async function raiseEvent(db: Db, event: NewWorkflowEvent, now: Date): Promise<void> {
  await db
    .insertInto('workflow_event')
    .values({
      event_type: event.eventType,
      event_code: event.eventCode,
      reference_number: event.referenceNumber,
      notes: event.notes,
      batch_id: event.batchId,
      created_at: now.toISOString(),
    })
    .execute();
}

export interface EventFilter extends KeyPage {
  readonly referenceNumber?: string | undefined;
}

/** Newest first. */
export function listEvents(
  db: Db,
  { referenceNumber, before, limit }: EventFilter,
): Promise<Row<'workflow_event'>[]> {
  let query = db.selectFrom('workflow_event').selectAll().orderBy('id', 'desc').limit(limit);
  if (referenceNumber !== undefined) query = query.where('reference_number', '=', referenceNumber);
  if (before !== undefined) query = query.where('id', '<', before);
  return query.execute();
}
