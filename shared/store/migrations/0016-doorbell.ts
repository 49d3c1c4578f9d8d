import type { Kysely } from 'kysely';

import { engineOf } from '../engine.ts';
import { ringOnPostgres } from '../postgres/bells.ts';

/** Processes are told at once what another has made for them. An embedded store has nobody who could tell them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  if (engineOf(db) === 'postgres') await ringOnPostgres(db);
}
