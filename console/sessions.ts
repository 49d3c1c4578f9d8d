import { randomBytes, timingSafeEqual } from 'node:crypto';

import type { Clock } from '../shared/runtime/clock.ts';
import type { ConsoleConfig } from '../shared/runtime/console-schema.ts';
import { countingSince } from '../shared/operator/lock-out-rules.ts';
import { secretDigest } from '../shared/runtime/secrets.ts';
import {
  addSession,
  findSession,
  noteSession,
  removeEnded,
  removeSession,
  type ConsoleSession,
} from '../shared/store/console-sessions.ts';
import type { Db } from '../shared/store/tables.ts';
import type { User } from './page.ts';

/** A request of somebody who is signed in. */
export interface Visit {
  readonly user: User;
  readonly csrf: string;
  /** Of the session's token. */
  readonly digest: string;
  readonly notice: string | null;
  /** The password has to be changed before anything else. */
  readonly oneTime: boolean;
}

const minute = 60_000;
/** A session is not written anew with every request. */
const touchSeconds = 10;

const newToken = (): string => randomBytes(32).toString('base64url');

/** Whether two secrets are the same, in a time that tells nothing of where they differ. */
export const isSameSecret = (one: string, other: string): boolean =>
  timingSafeEqual(Buffer.from(secretDigest(one)), Buffer.from(secretDigest(other)));

/** A new session. @returns its token, which only the browser keeps */
export async function startSession(trx: Db, userId: number, now: Date): Promise<string> {
  const token = newToken();
  await addSession(trx, { digest: secretDigest(token), user_id: userId, csrf: newToken() }, now);
  return token;
}

/**
 * The session of a token, unless it has ended or its user is disabled.
 *
 * @param active whether somebody is there, or only the page asks for news
 */
export async function findVisit(
  { db, clock }: { readonly db: Db; readonly clock: Clock },
  settings: ConsoleConfig,
  token: string,
  active: boolean,
): Promise<Visit | undefined> {
  const found = await findSession(db, secretDigest(token));
  if (found === undefined || found.user.disabled_at !== null) return undefined;
  const { session, user } = found;
  const now = clock.now();
  if (hasEnded(session, settings, now)) {
    await removeSession(db, session.digest);
    return undefined;
  }
  if (active && now.getTime() - Date.parse(session.seen_at) > touchSeconds * 1000) {
    await noteSession(db, session.digest, { seen_at: now.toISOString() });
  }
  return {
    user: { id: user.id, name: user.name, role: user.role },
    csrf: session.csrf,
    digest: session.digest,
    notice: session.notice,
    oneTime: user.one_time === 1,
  };
}

const hasEnded = (session: ConsoleSession, settings: ConsoleConfig, now: Date): boolean =>
  session.created_at <= ago(now, settings.sessionMinutes).toISOString() ||
  session.seen_at <= ago(now, settings.idleMinutes).toISOString();

const ago = (now: Date, minutes: number): Date => new Date(now.getTime() - minutes * minute);

/** Sessions that nobody comes back to, and failures that count no more. */
export const removeOld = (db: Db, settings: ConsoleConfig, now: Date): Promise<void> =>
  removeEnded(db, {
    created: ago(now, settings.sessionMinutes),
    seen: ago(now, settings.idleMinutes),
    failed: countingSince(now),
  });
