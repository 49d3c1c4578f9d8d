import type { Runtime } from '../shared/daemon/process.ts';
import { allowedFailures, countingSince } from '../shared/operator/lock-out-rules.ts';
import type { Passwords } from '../shared/operator/passwords.ts';
import { Fault } from '../shared/runtime/faults.ts';
import { secretDigest } from '../shared/runtime/secrets.ts';
import { recordAudit } from '../shared/store/audit.ts';
import {
  addFailure,
  countFailures,
  removeFailures,
  removeSession,
} from '../shared/store/console-sessions.ts';
import {
  findConsoleUser,
  noteSignedIn,
  requireConsoleUser,
  type ConsoleUser,
} from '../shared/store/console-users.ts';
import { inTurn } from '../shared/store/in-turn.ts';
import { inTransaction } from '../shared/store/open-store.ts';
import { startSession, type Visit } from './sessions.ts';

/** What signing in needs beside the store. */
export interface SignInDesk {
  readonly runtime: Runtime;
  readonly passwords: Passwords;
  /** Hash of a password that nobody has: an unknown name takes the same work as a wrong password. */
  readonly decoy: string;
}

export interface Attempt {
  readonly name: string;
  readonly password: string;
  /** Address. */
  readonly from: string;
  /** Token of the session that the browser had before; it ends. */
  readonly previous: string | undefined;
}

/**
 * Signs a user in. Whatever is wrong, the answer and the work are the same: nobody learns which names exist.
 *
 * @returns the token of a new session
 * @throws Fault SIGN_IN_REFUSED
 */
export async function signIn(desk: SignInDesk, attempt: Attempt): Promise<string> {
  const { runtime, passwords, decoy } = desk;
  const user = await findConsoleUser(runtime.db, attempt.name);
  const obstacle = await begin(runtime, user);
  const hashed = obstacle === undefined ? user?.password_hash : undefined;
  const right = await passwords.verify(hashed ?? decoy, attempt.password);
  const token =
    user !== undefined && hashed !== undefined && right ? await admit(runtime, user, attempt) : undefined;
  if (token !== undefined) return token;
  throw await refuse(runtime, user, attempt.from, obstacle ?? 'wrong password');
}

/**
 * Counts the attempt before the password is looked at, so that many at once are not more than many in turn.
 *
 * @returns why it fails whatever the password is
 */
function begin({ db, clock }: Runtime, user: ConsoleUser | undefined): Promise<string | undefined> {
  const now = clock.now();
  return inTurn(db, 'sign_in_failure', async (trx) => {
    if (user === undefined) return 'unknown name';
    if (user.disabled_at !== null) return 'disabled';
    const failures = await countFailures(trx, user.id, countingSince(now));
    if (failures >= allowedFailures) return 'locked out';
    await addFailure(trx, user.id, now);
    return undefined;
  });
}

/** Undefined when the user was changed meanwhile. */
async function admit(
  { db, clock, emit }: Runtime,
  user: ConsoleUser,
  { from, previous }: Attempt,
): Promise<string | undefined> {
  const now = clock.now();
  const token = await inTransaction(db, async (trx) => {
    const present = await findConsoleUser(trx, user.name);
    if (present?.password_hash !== user.password_hash || present.disabled_at !== null) return undefined;
    await removeFailures(trx, user.id);
    await noteSignedIn(trx, user.id, now);
    if (previous !== undefined) await removeSession(trx, secretDigest(previous));
    const subject = `user ${user.name}`;
    const entry = { who: user.name, action: 'sign-in', subject, reason: null, before: null, after: { from } };
    await recordAudit(trx, entry, now);
    return startSession(trx, user.id, now);
  });
  if (token !== undefined) emit('console.signed-in', { user: user.name, from });
  return token;
}

/**
 * Somebody who is signed in shows that he knows his password; failures count like those of signing in.
 *
 * @throws Fault SIGN_IN_REFUSED
 */
export async function provePassword(
  runtime: Runtime,
  passwords: Passwords,
  name: string,
  password: string,
): Promise<void> {
  const user = await requireConsoleUser(runtime.db, name);
  const obstacle = await begin(runtime, user);
  if (obstacle === undefined && (await passwords.verify(user.password_hash, password))) {
    await removeFailures(runtime.db, user.id);
    return;
  }
  throw await refuse(runtime, user, 'the console itself', obstacle ?? 'wrong password');
}

/** A name that nobody has is not written down: it may be a password. */
async function refuse(
  { db, clock, emit }: Runtime,
  user: ConsoleUser | undefined,
  from: string,
  detail: string,
): Promise<Fault> {
  const entry = {
    who: 'nobody',
    action: 'sign-in.refuse',
    subject: user === undefined ? 'unknown user' : `user ${user.name}`,
    reason: null,
    before: null,
    after: { from, detail },
  };
  await recordAudit(db, entry, clock.now());
  emit('console.sign-in-refused', { ...(user && { user: user.name }), from, detail });
  return new Fault('SIGN_IN_REFUSED', 'name or password is wrong');
}

export async function signOut({ db, clock, emit }: Runtime, visit: Visit, from: string): Promise<void> {
  const { name } = visit.user;
  const entry = { who: name, action: 'sign-out', subject: `user ${name}`, reason: null, before: null };
  await inTransaction(db, async (trx) => {
    await removeSession(trx, visit.digest);
    await recordAudit(trx, { ...entry, after: { from } }, clock.now());
  });
  emit('console.signed-out', { user: name, from });
}
