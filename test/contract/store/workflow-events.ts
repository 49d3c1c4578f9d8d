import { expect, test } from '@jest/globals';

import { listEvents, raiseEvent } from '../../../shared/store/workflow-events.ts';
import { addBatch, now } from '../../support/store-examples.ts';
import type { StoreUnderTest } from '../store-suite.ts';
import { eventsOf } from '../../support/store-lookups.ts';

export function workflowEventsContract(store: StoreUnderTest): void {
  const raise = (referenceNumber: string, notes: string, batchId: number | null = null) =>
    raiseEvent(store.db, { eventType: 'DEP', eventCode: 'DEER', referenceNumber, notes, batchId }, now);

  test('the events of a reference come back in their order, and no others', async () => {
    const batch = await addBatch(store.db);
    await raise('0001', 'first', batch.id);
    await raise('1', 'of another order');
    await raise('0001', 'second');
    expect(await eventsOf(store.db, '0001')).toEqual([
      {
        id: expect.any(Number),
        event_type: 'DEP',
        event_code: 'DEER',
        reference_number: '0001',
        notes: 'first',
        batch_id: batch.id,
        created_at: now.toISOString(),
      },
      expect.objectContaining({ notes: 'second', batch_id: null }),
    ]);
  });

  test('the list has the newest first, and no more than was asked for', async () => {
    for (const notes of ['a', 'b', 'c']) await raise('1', notes);
    expect((await listEvents(store.db, { limit: 2 })).map((event) => event.notes)).toEqual(['c', 'b']);
  });
}
