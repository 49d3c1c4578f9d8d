import { readdirSync } from 'node:fs';

import type { Kysely } from 'kysely';

import type { Db } from '../../shared/store/tables.ts';

/** Names of all migrations that there are, oldest first: each is a file. */
export const migrationNames = readdirSync(new URL('../../shared/store/migrations/', import.meta.url))
  .map((file) => file.replace(/\.ts$/, ''))
  .sort();

export const newestMigration = migrationNames.at(-1) ?? '';

/**
 * Takes an empty store to what it was before the migration of that name.
 *
 * @returns what takes it from there to its newest form
 */
export async function migrateUpTo(db: Db, name: string): Promise<() => Promise<void>> {
  const at = migrationNames.indexOf(name);
  await migrate(db, migrationNames.slice(0, at));
  return () => migrate(db, migrationNames.slice(at));
}

async function migrate(db: Db, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const module = (await import(`../../shared/store/migrations/${name}.ts`)) as {
      up: (db: Kysely<unknown>) => Promise<void>;
    };
    await module.up(db as unknown as Kysely<unknown>);
  }
}
