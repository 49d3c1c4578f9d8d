import type { ConsoleUser } from './console-users.ts';
import type { Db, Row } from './tables.ts';

/** Sessions of the console, and attempts to sign in. Times that lie before a given one have passed. */

export type ConsoleSession = Row<'console_session'>;

export async function addSession(
  trx: Db,
  session: Pick<ConsoleSession, 'digest' | 'user_id' | 'csrf'>,
  now: Date,
): Promise<void> {
  const at = now.toISOString();
  await trx
    .insertInto('console_session')
    .values({ ...session, created_at: at, seen_at: at })
    .execute();
}

/** A session with its user as he is now. */
export async function findSession(
  db: Db,
  digest: string,
): Promise<{ session: ConsoleSession; user: ConsoleUser } | undefined> {
  const session = await db
    .selectFrom('console_session')
    .selectAll()
    .where('digest', '=', digest)
    .executeTakeFirst();
  if (!session) return undefined;
  const user = await db
    .selectFrom('console_user')
    .selectAll()
    .where('id', '=', session.user_id)
    .executeTakeFirstOrThrow();
  return { session, user };
}

export async function noteSession(
  db: Db,
  digest: string,
  change: Partial<Pick<ConsoleSession, 'seen_at' | 'notice'>>,
): Promise<void> {
  await db.updateTable('console_session').set(change).where('digest', '=', digest).execute();
}

export async function removeSession(trx: Db, digest: string): Promise<void> {
  await trx.deleteFrom('console_session').where('digest', '=', digest).execute();
}

/** All sessions of a user, or all but one. */
export async function removeSessionsOf(trx: Db, user: number, except = ''): Promise<void> {
  await trx.deleteFrom('console_session').where('user_id', '=', user).where('digest', '<>', except).execute();
}

/** Removes sessions that have ended by themselves, and failures that do not count any more. */
export async function removeEnded(
  trx: Db,
  before: { readonly created: Date; readonly seen: Date; readonly failed: Date },
): Promise<void> {
  await trx
    .deleteFrom('console_session')
    .where((eb) =>
      eb.or([
        eb('created_at', '<=', before.created.toISOString()),
        eb('seen_at', '<=', before.seen.toISOString()),
      ]),
    )
    .execute();
  await trx.deleteFrom('sign_in_failure').where('at', '<=', before.failed.toISOString()).execute();
}

export async function countFailures(db: Db, user: number, since: Date): Promise<number> {
  const { count } = await db
    .selectFrom('sign_in_failure')
    .select(db.fn.countAll<number>().as('count'))
    .where('user_id', '=', user)
    .where('at', '>', since.toISOString())
    .executeTakeFirstOrThrow();
  return count;
}

/** Users with so many failures since then, by id. */
export async function usersWithFailures(db: Db, atLeast: number, since: Date): Promise<number[]> {
  const rows = await db
    .selectFrom('sign_in_failure')
    .select('user_id')
    .where('at', '>', since.toISOString())
    .groupBy('user_id')
    .having(db.fn.countAll(), '>=', atLeast)
    .execute();
  return rows.map((row) => row.user_id);
}

export async function addFailure(trx: Db, user: number, now: Date): Promise<void> {
  await trx.insertInto('sign_in_failure').values({ user_id: user, at: now.toISOString() }).execute();
}

export async function removeFailures(trx: Db, user: number): Promise<void> {
  await trx.deleteFrom('sign_in_failure').where('user_id', '=', user).execute();
}
