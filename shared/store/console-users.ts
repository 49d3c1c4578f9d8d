import { Fault } from '../runtime/faults.ts';
import type { Role } from './states/role.ts';
import type { Db, Row } from './tables.ts';

/** Who may sign in at the console. */

export type ConsoleUser = Row<'console_user'>;

/** @throws Fault NOT_ALLOWED when the name is taken */
export async function addConsoleUser(
  trx: Db,
  user: {
    readonly name: string;
    readonly role: Role;
    readonly password_hash: string;
    readonly one_time: number;
  },
  now: Date,
): Promise<ConsoleUser> {
  if (await findConsoleUser(trx, user.name)) {
    throw new Fault('NOT_ALLOWED', `there is a user ${user.name} already`);
  }
  const at = now.toISOString();
  return trx
    .insertInto('console_user')
    .values({ ...user, created_at: at, updated_at: at })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export function listConsoleUsers(db: Db): Promise<ConsoleUser[]> {
  return db.selectFrom('console_user').selectAll().orderBy('name').execute();
}

export function findConsoleUser(db: Db, name: string): Promise<ConsoleUser | undefined> {
  return db.selectFrom('console_user').selectAll().where('name', '=', name).executeTakeFirst();
}

/** @throws Fault NOT_FOUND */
export async function requireConsoleUser(db: Db, name: string): Promise<ConsoleUser> {
  const user = await findConsoleUser(db, name);
  if (!user) throw new Fault('NOT_FOUND', `there is no user ${name}`);
  return user;
}

export async function changeConsoleUser(
  trx: Db,
  id: number,
  change: Partial<Pick<ConsoleUser, 'role' | 'password_hash' | 'one_time' | 'disabled_at'>>,
  now: Date,
): Promise<ConsoleUser> {
  return trx
    .updateTable('console_user')
    .set({ ...change, updated_at: now.toISOString() })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function noteSignedIn(trx: Db, id: number, now: Date): Promise<void> {
  await trx
    .updateTable('console_user')
    .set({ signed_in_at: now.toISOString() })
    .where('id', '=', id)
    .execute();
}
