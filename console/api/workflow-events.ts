import { z } from 'zod';

import { listEvents } from '../../shared/store/workflow-events.ts';
import type { Row } from '../../shared/store/tables.ts';
import { lookup, type Endpoint } from './endpoint.ts';
import { answer, id, line, listOf, newestFirst, time } from './fields.ts';
import { fetched, partOf } from './parts.ts';

const event = answer('WorkflowEvent', {
  id,
  type: z.string(),
  code: z.string(),
  order: z.string(),
  notes: z.string(),
  batch: id.nullable(),
  createdAt: time,
});

const toEvent = (row: Row<'workflow_event'>): z.input<typeof event> => ({
  id: row.id,
  type: row.event_type,
  code: row.event_code,
  order: row.reference_number,
  notes: row.notes,
  batch: row.batch_id,
  createdAt: row.created_at,
});

/** Notes for people in CMP. */
export const eventEndpoint: Endpoint = lookup({
  path: '/workflow-events',
  id: 'listWorkflowEvents',
  role: 'viewer',
  summary: 'Workflow events, newest first',
  query: { ...newestFirst, order: line().optional().describe('Only those of this order.') },
  response: listOf('WorkflowEventList', event),
  run: async ({ db }, asked) => {
    const { order: referenceNumber, ...page } = fetched(asked.query);
    const found = await listEvents(db, { ...page, referenceNumber });
    return partOf(asked, found, toEvent, (row) => ({ before: row.id }));
  },
});
