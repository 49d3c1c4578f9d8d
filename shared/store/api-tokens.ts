import { Fault } from '../runtime/faults.ts';
import type { Role } from './states/role.ts';
import type { Db, Row } from './tables.ts';

/** Tokens of programs that use the HTTP API. A name is given once: the audit tells tokens by their names. */

export type ApiToken = Row<'api_token'>;

/** @throws Fault NOT_ALLOWED when the name is taken */
export async function addApiToken(
  trx: Db,
  token: {
    readonly name: string;
    readonly digest: string;
    readonly role: Role;
    readonly createdBy: string;
    readonly expiresAt: Date;
  },
  now: Date,
): Promise<ApiToken> {
  const { name, digest, role } = token;
  const added = await trx
    .insertInto('api_token')
    .values({
      name,
      digest,
      role,
      created_at: now.toISOString(),
      created_by: token.createdBy,
      expires_at: token.expiresAt.toISOString(),
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returningAll()
    .executeTakeFirst();
  if (!added) throw new Fault('NOT_ALLOWED', `there is a token ${name} already, or there was one`);
  return added;
}

export function listApiTokens(db: Db): Promise<ApiToken[]> {
  return db.selectFrom('api_token').selectAll().orderBy('name').execute();
}

/** @throws Fault NOT_FOUND */
export async function requireApiToken(db: Db, name: string): Promise<ApiToken> {
  const token = await db.selectFrom('api_token').selectAll().where('name', '=', name).executeTakeFirst();
  if (!token) throw new Fault('NOT_FOUND', `there is no token ${name}`);
  return token;
}

/** The token of a digest, whether it is still good or not. */
export function findApiToken(db: Db, digest: string): Promise<ApiToken | undefined> {
  return db.selectFrom('api_token').selectAll().where('digest', '=', digest).executeTakeFirst();
}

export async function noteApiToken(
  db: Db,
  id: number,
  change: Partial<Pick<ApiToken, 'last_used_at' | 'revoked_at'>>,
): Promise<void> {
  await db.updateTable('api_token').set(change).where('id', '=', id).execute();
}
