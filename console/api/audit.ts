import { z } from 'zod';

import { listAudit } from '../../shared/store/audit.ts';
import type { Row } from '../../shared/store/tables.ts';
import { lookup, type Endpoint } from './endpoint.ts';
import { answer, id, line, listOf, newestFirst, time } from './fields.ts';
import { fetched, partOf } from './parts.ts';

const entry = answer('AuditEntry', {
  id,
  at: time,
  who: z.string().describe('A name, or token and the name of a token.'),
  action: z.string(),
  subject: z.string(),
  reason: z.string().nullable(),
  before: z.unknown().describe('What it was, as far as it changed.'),
  after: z.unknown().describe('What it became.'),
});

const toEntry = (row: Row<'audit'>): z.input<typeof entry> => ({
  id: row.id,
  at: row.at,
  who: row.who,
  action: row.action,
  subject: row.subject,
  reason: row.reason,
  before: valueOf(row.before_json),
  after: valueOf(row.after_json),
});

const valueOf = (json: string | null): unknown => (json === null ? null : JSON.parse(json));

/** Who did what by hand. */
export const auditEndpoint: Endpoint = lookup({
  path: '/audit',
  id: 'listAudit',
  role: 'administrator',
  summary: 'Actions of people and programs, newest first',
  query: {
    ...newestFirst,
    who: line().optional(),
    action: line().optional(),
    subject: line().optional(),
  },
  response: listOf('AuditList', entry),
  run: async ({ db }, asked) => {
    const found = await listAudit(db, fetched(asked.query));
    return partOf(asked, found, toEntry, (row) => ({ before: row.id }));
  },
});
