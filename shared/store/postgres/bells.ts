import { sql, type Kysely } from 'kysely';

/** Where processes are told that something waits for them; the word that is sent is the name of the daemon. */
export const channel = 'enrol';

type Daemon = 'loader' | 'extractor' | 'adaptor' | 'scheduler';

interface Bell {
  readonly table: string;
  readonly after: string;
  /** Of a row; nothing: always. */
  readonly when?: string;
  readonly rings: readonly Daemon[];
}

/**
 * What one process makes and another waits for. Nothing rings for what the process that makes it goes on with itself:
 * commits that ring wait for each other, also while the disk is synced (PreCommit_Notify in PostgreSQL's async.c).
 */
const bells: Readonly<Record<string, Bell>> = {
  batch_loaded: {
    table: 'batch',
    after: 'insert or update of stage, status',
    when: `new.direction = 'inbound' and new.stage = 'Extract/Load' and new.status = 'Complete'`,
    rings: ['scheduler'],
  },
  batch_prepared: {
    table: 'batch',
    after: 'insert or update of stage, status',
    when: `new.direction = 'outbound' and new.stage = 'Batch' and new.status = 'Complete'`,
    rings: ['extractor'],
  },
  job_wished: { table: 'job_wish', after: 'insert', rings: ['scheduler'] },
  job_scheduled: { table: 'job_setting', after: 'insert or update or delete', rings: ['scheduler'] },
  // The kernel of another host tells nothing of files that come into a folder which both have mounted.
  request_published: {
    table: 'delivery',
    after: 'update of state',
    when: `new.state = 'done' and new.purpose = 'generic-request'`,
    rings: ['adaptor'],
  },
  response_published: {
    table: 'delivery',
    after: 'update of state',
    when: `new.state = 'done' and new.purpose = 'generic-response'`,
    rings: ['loader'],
  },
  // By operators: whoever defers a file himself comes from `claimed`, and the time is yet to come.
  file_tried_again: {
    table: 'delivery',
    after: 'update of state, next_try_at',
    when: `new.state = 'deferred' and (old.state in ('rejected', 'held') or new.next_try_at < old.next_try_at)`,
    rings: ['loader', 'adaptor'],
  },
  intake_resumed: { table: 'intake_pause', after: 'delete', rings: ['loader', 'extractor', 'adaptor'] },
  settlement_wished: { table: 'settlement_wish', after: 'insert or update', rings: ['adaptor'] },
  request_sent_again: {
    table: 'provider_request',
    after: 'update of state',
    when: `new.state = 'queued' and old.state <> 'queued'`,
    rings: ['adaptor'],
  },
  request_asked_now: {
    table: 'provider_request',
    after: 'update of next_query_at',
    when: 'new.state = old.state and new.next_query_at < old.next_query_at',
    rings: ['adaptor'],
  },
};

/**
 * Triggers of rows, as their condition is looked at before anything is called: a statement that concerns nobody pays next
 * to nothing. A word that a transaction sends several times is sent once, with its commit
 * (postgresql.org/docs/current/sql-notify.html).
 */
export async function ringOnPostgres(db: Kysely<unknown>): Promise<void> {
  const run = (statement: string) => sql.raw(statement).execute(db);
  await run(
    `create function ring() returns trigger language plpgsql as $$
     begin
       for i in 0 .. tg_nargs - 1 loop
         perform pg_notify('${channel}', tg_argv[i]);
       end loop;
       return null;
     end $$`,
  );
  for (const [name, { table, after, when = 'true', rings }] of Object.entries(bells)) {
    const words = rings.map((daemon) => `'${daemon}'`).join(', ');
    await run(
      `create trigger ring_${name} after ${after} on ${table} for each row when (${when}) execute function ring(${words})`,
    );
  }
}
