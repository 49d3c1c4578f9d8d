import { setTimeout as pause } from 'node:timers/promises';

import pg from 'pg';

/** Between two looks at what the sessions are doing. */
const lookMilliseconds = 20;

/** What sessions with a statement under way were doing, as shares of their time; and how many of them there were. */
export interface Waited {
  /** For a row, a transaction, or another lock that is held until a commit. */
  readonly lock: number;
  /** For a moment's lock within the server's memory. */
  readonly lwlock: number;
  /** For the disk. */
  readonly io: number;
  /** At work, or waiting for a core. */
  readonly cpu: number;
  /** Sessions with a statement under way, on average. */
  readonly active: number;
  /** Sessions within a transaction whose process is doing something else meanwhile, on average. */
  readonly idleInTransaction: number;
  /** What was waited for most, with its share. */
  readonly most: readonly (readonly [event: string, share: number])[];
}

/** Looks at the sessions of a database again and again, as long as the work takes (monitoring-stats.html, "Wait Events"). */
export async function watchWaits<T>(
  url: string,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly waited: Waited }> {
  const client = new pg.Client({ connectionString: url, application_name: 'watch' });
  await client.connect();
  const seen = new Map<string, number>();
  let looks = 0;
  const end = new AbortController();
  const watching = (async () => {
    while (!end.signal.aborted) {
      for (const { event, sessions } of (await client.query<Seen>(look)).rows)
        seen.set(event, (seen.get(event) ?? 0) + sessions);
      looks++;
      await pause(lookMilliseconds);
    }
  })();
  try {
    const result = await work();
    return { result, waited: sharesOf(seen, Math.max(1, looks)) };
  } finally {
    end.abort();
    await watching.finally(() => client.end());
  }
}

interface Seen {
  readonly event: string;
  readonly sessions: number;
}

const inTransaction = 'idle in transaction';

const look = `
  select case when state = 'active' then coalesce(wait_event_type || ': ' || wait_event, 'CPU') else state end as event,
    count(*)::int as sessions
  from pg_stat_activity
  where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
    and state in ('active', '${inTransaction}')
  group by 1`;

function sharesOf(seen: ReadonlyMap<string, number>, looks: number): Waited {
  const active = [...seen].filter(([event]) => event !== inTransaction);
  const all = active.reduce((total, [, sessions]) => total + sessions, 0);
  const share = (kind: string) =>
    active.reduce((total, [event, sessions]) => total + (event.startsWith(kind) ? sessions : 0), 0) /
    Math.max(1, all);
  return {
    lock: share('Lock:'),
    lwlock: share('LWLock:'),
    io: share('IO:'),
    cpu: share('CPU'),
    active: all / looks,
    idleInTransaction: (seen.get(inTransaction) ?? 0) / looks,
    most: active
      .filter(([event]) => event !== 'CPU')
      .sort(([, one], [, other]) => other - one)
      .slice(0, 4)
      .map(([event, sessions]) => [event, sessions / Math.max(1, all)]),
  };
}
