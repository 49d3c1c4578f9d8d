import { Fault } from '../runtime/faults.ts';
import {
  countFailures,
  removeFailures,
  removeSessionsOf,
  usersWithFailures,
} from '../store/console-sessions.ts';
import {
  addConsoleUser,
  changeConsoleUser,
  listConsoleUsers,
  requireConsoleUser,
  type ConsoleUser,
} from '../store/console-users.ts';
import { inTurn } from '../store/in-turn.ts';
import { inTransaction } from '../store/open-store.ts';
import type { Role } from '../store/states/role.ts';
import type { Db } from '../store/tables.ts';
import { checkName } from './names.ts';
import { allowedFailures, countingSince } from './lock-out-rules.ts';
import { audit, type Operator } from './operator.ts';
import { checkPassword, type Passwords } from './passwords.ts';

/** What administrators do with users of the console. The audit has no password, nor anything made from one. */

/** A password, and whether its user has to change it first of all. */
export interface NewPassword {
  readonly password: string;
  readonly oneTime: boolean;
}

/** @throws Fault BAD_INPUT, NOT_ALLOWED when the name is taken */
export async function addUser(
  db: Db,
  passwords: Passwords,
  operator: Operator,
  { name, role, password, oneTime }: NewPassword & { readonly name: string; readonly role: Role },
): Promise<ConsoleUser> {
  checkName(name);
  checkPassword(password, name);
  const password_hash = await passwords.hash(password);
  return inTransaction(db, async (trx) => {
    const user = await addConsoleUser(
      trx,
      { name, role, password_hash, one_time: Number(oneTime) },
      operator.now,
    );
    await audit(trx, operator, {
      action: 'user.add',
      subject: `user ${name}`,
      before: null,
      after: { role, oneTime },
    });
    return user;
  });
}

/** @throws Fault NOT_FOUND, NOT_ALLOWED for the last administrator */
export function changeRole(db: Db, operator: Operator, name: string, role: Role): Promise<ConsoleUser> {
  return inTurn(db, 'console_user', async (trx) => {
    const before = await requireConsoleUser(trx, name);
    const after = await changeConsoleUser(trx, before.id, { role }, operator.now);
    await requireAdministrator(trx, before);
    await audit(trx, operator, {
      action: 'user.role',
      subject: `user ${name}`,
      before: { role: before.role },
      after: { role },
    });
    return after;
  });
}

/**
 * Gives a user another password. His sessions end, save the one in which he does it himself; attempts that failed
 * count no more.
 *
 * @param session digest of the session that goes on
 * @throws Fault BAD_INPUT, NOT_FOUND
 */
export async function setPassword(
  db: Db,
  passwords: Passwords,
  operator: Operator,
  { name, password, oneTime, session }: NewPassword & { readonly name: string; readonly session?: string },
): Promise<ConsoleUser> {
  checkPassword(password, name);
  const password_hash = await passwords.hash(password);
  return inTransaction(db, async (trx) => {
    const before = await requireConsoleUser(trx, name);
    const change = { password_hash, one_time: Number(oneTime) };
    const after = await changeConsoleUser(trx, before.id, change, operator.now);
    await removeSessionsOf(trx, before.id, session);
    await removeFailures(trx, before.id);
    await audit(trx, operator, {
      action: 'user.password',
      subject: `user ${name}`,
      before: { oneTime: before.one_time === 1 },
      after: { oneTime },
    });
    return after;
  });
}

/** A disabled user's sessions end at once. @throws Fault NOT_FOUND, NOT_ALLOWED for the last administrator */
export function disableUser(db: Db, operator: Operator, name: string): Promise<ConsoleUser> {
  return setDisabled(db, operator, name, operator.now.toISOString());
}

/** @throws Fault NOT_FOUND */
export function enableUser(db: Db, operator: Operator, name: string): Promise<ConsoleUser> {
  return setDisabled(db, operator, name, null);
}

/** Users that are locked out at present, by id: too many attempts to sign in as them have failed. */
export const lockedOut = (db: Db, now: Date): Promise<number[]> =>
  usersWithFailures(db, allowedFailures, countingSince(now));

/** Ends a lock-out before its time. @throws Fault NOT_FOUND, NOT_ALLOWED when the user is not locked out */
export function unlockUser(db: Db, operator: Operator, name: string): Promise<ConsoleUser> {
  return inTransaction(db, async (trx) => {
    const user = await requireConsoleUser(trx, name);
    const failures = await countFailures(trx, user.id, countingSince(operator.now));
    if (failures < allowedFailures) throw new Fault('NOT_ALLOWED', `${name} is not locked out`);
    await removeFailures(trx, user.id);
    await audit(trx, operator, {
      action: 'user.unlock',
      subject: `user ${name}`,
      before: { failures },
      after: { failures: 0 },
    });
    return user;
  });
}

function setDisabled(
  db: Db,
  operator: Operator,
  name: string,
  disabled_at: string | null,
): Promise<ConsoleUser> {
  return inTurn(db, 'console_user', async (trx) => {
    const before = await requireConsoleUser(trx, name);
    const after = await changeConsoleUser(trx, before.id, { disabled_at }, operator.now);
    await requireAdministrator(trx, before);
    await removeSessionsOf(trx, before.id);
    await audit(trx, operator, {
      action: disabled_at === null ? 'user.enable' : 'user.disable',
      subject: `user ${name}`,
      before: { disabled: before.disabled_at !== null },
      after: { disabled: disabled_at !== null },
    });
    return after;
  });
}

/** Nobody can lock everybody out of the console. @throws Fault NOT_ALLOWED */
async function requireAdministrator(trx: Db, before: ConsoleUser): Promise<void> {
  if (before.role !== 'administrator') return;
  const users = await listConsoleUsers(trx);
  if (users.some(({ role, disabled_at }) => role === 'administrator' && disabled_at === null)) return;
  throw new Fault('NOT_ALLOWED', `${before.name} is the last administrator`);
}
