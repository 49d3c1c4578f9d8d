import { readdirSync } from 'node:fs';

/** Names of all migrations that there are, oldest first: each is a file. */
export const migrationNames = readdirSync(new URL('../../shared/store/migrations/', import.meta.url))
  .map((file) => file.replace(/\.ts$/, ''))
  .sort();

export const newestMigration = migrationNames.at(-1) ?? '';
