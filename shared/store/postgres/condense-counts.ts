import { sql } from 'kysely';

import type { Db } from '../tables.ts';

/** Key of the advisory lock: one process at a time does this, the others need not. */
const lockKey = 736_201;

const counts = {
  device_count: { keys: ['status'], sums: ['devices'] },
  device_move_count: { keys: ['hour', 'status'], sums: ['moves'] },
  file_count: { keys: ['direction', 'folder', 'state'], sums: ['files'] },
  settled_file_count: { keys: ['hour', 'state'], sums: ['files'] },
  batch_count: { keys: ['direction', 'category', 'type'], sums: ['batches', 'records', 'in_error'] },
} as const;

/**
 * Adds up the changes of counts that have gathered (see counts.ts), so that a page has few rows to
 * read. Those that come meanwhile are not seen, and stay.
 */
export async function condenseCounts(db: Db): Promise<void> {
  await db.connection().execute(async (connection) => {
    const { rows } = await sql<{ ours: boolean }>`
      select pg_try_advisory_lock(${lockKey}) as ours`.execute(connection);
    if (rows[0]?.ours !== true) return;
    try {
      for (const [table, { keys, sums }] of Object.entries(counts)) {
        const list = sql.raw([...keys, ...sums].join(', '));
        const totals = sql.raw([...keys, ...sums.map((name) => `sum(${name})`)].join(', '));
        const changes = sql.table(`${table}_change`);
        await sql`
          with gathered as (delete from ${changes} returning ${list})
          insert into ${changes} (${list})
          select ${totals} from gathered group by ${sql.raw(keys.join(', '))}`.execute(connection);
      }
    } finally {
      await sql`select pg_advisory_unlock(${lockKey})`.execute(connection);
    }
  });
}
