import { randomBytes } from 'node:crypto';

import { Fault } from '../runtime/faults.ts';
import { secretDigest } from '../runtime/secrets.ts';
import { addApiToken, noteApiToken, requireApiToken, type ApiToken } from '../store/api-tokens.ts';
import { inTransaction } from '../store/open-store.ts';
import type { Role } from '../store/states/role.ts';
import type { Db } from '../store/tables.ts';
import { checkName } from './names.ts';
import { audit, type Operator } from './operator.ts';

/** What administrators do with tokens of the HTTP API. Store and audit have no token, only its digest. */

export const defaultDays = 90;
export const longestDays = 365;

/** What stands in front of every token, so that scanners for secrets know one when they see it. */
const prefix = 'enrol_';
export const tokenPattern = /^enrol_[A-Za-z0-9_-]{43}$/;

/** A token of 256 random bits. */
export const makeApiToken = (): string => prefix + randomBytes(32).toString('base64url');

/** Whether a token is let in, or why not. */
export function tokenState(token: ApiToken, now: Date): 'valid' | 'expired' | 'revoked' {
  if (token.revoked_at !== null) return 'revoked';
  return token.expires_at <= now.toISOString() ? 'expired' : 'valid';
}

export interface WantedToken {
  readonly name: string;
  readonly role: Role;
  /** After so many days it ends by itself. */
  readonly days: number;
}

/**
 * Lets a program in with a token that was made for it.
 *
 * @throws Fault BAD_INPUT, NOT_ALLOWED when the name is taken
 */
export function addToken(
  db: Db,
  operator: Operator,
  { name, role, days }: WantedToken,
  token: string,
): Promise<ApiToken> {
  checkWanted(name, days);
  const expiresAt = new Date(operator.now.getTime() + days * 86_400_000);
  return inTransaction(db, async (trx) => {
    const added = await addApiToken(
      trx,
      { name, digest: secretDigest(token), role, createdBy: operator.who, expiresAt },
      operator.now,
    );
    await audit(trx, operator, {
      action: 'token.add',
      subject: `token ${name}`,
      before: null,
      after: { role, expires: added.expires_at },
    });
    return added;
  });
}

/** @throws Fault BAD_INPUT */
function checkWanted(name: string, days: number): void {
  checkName(name);
  if (days > longestDays) throw new Fault('BAD_INPUT', `a token is good for at most ${longestDays} days`);
}

/** It is let in no more, from its next request on. @throws Fault NOT_FOUND, NOT_ALLOWED when it was revoked before */
export function revokeToken(db: Db, operator: Operator, name: string): Promise<ApiToken> {
  return inTransaction(db, async (trx) => {
    const before = await requireApiToken(trx, name);
    if (before.revoked_at !== null) throw new Fault('NOT_ALLOWED', `the token ${name} is revoked already`);
    const revoked_at = operator.now.toISOString();
    await noteApiToken(trx, before.id, { revoked_at });
    await audit(trx, operator, {
      action: 'token.revoke',
      subject: `token ${name}`,
      before: { state: tokenState(before, operator.now) },
      after: { state: 'revoked' },
    });
    return { ...before, revoked_at };
  });
}
