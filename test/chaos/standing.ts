import { sql } from 'kysely';

import type { Db } from '../../shared/store/tables.ts';

/** How many of what stand where: for those who look for the reason why nothing moves. */
export async function standingOf(db: Db): Promise<string> {
  const { rows } = await sql<{ what: string; count: number }>`
    select 'file ' || folder || ' ' || state || coalesce(' ' || fault_code, '') as what, count(*) as count
      from delivery where state <> 'done' group by 1
    union all
    select 'batch ' || type || ' ' || stage || ' ' || status, count(*) from batch group by 1
    union all
    select 'request ' || state, count(*) from provider_request group by 1
    union all
    select 'device ' || status, count(*) from device group by 1`.execute(db);
  return rows.map(({ what, count }) => `${count} × ${what}`).join('\n    ');
}
