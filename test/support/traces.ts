import { readFile, stat } from 'node:fs/promises';

import { sql } from 'kysely';

import type { Db } from '../../shared/store/tables.ts';
import { filesUnder } from './installation.ts';

/** Everything that an embedded store holds, row by row, and every other file with its bytes and its time of change. */
export async function tracesOf(home: string, db: Db): Promise<unknown> {
  const { rows: tables } = await sql<{ name: string }>`
    select name from sqlite_master where type = 'table' order by name`.execute(db);
  const rows = [];
  for (const { name } of tables)
    rows.push([name, (await sql`select * from ${sql.table(name)}`.execute(db)).rows]);
  const files = (await filesUnder(home)).filter((name) => !name.startsWith('var/enrol.db'));
  const states = files.map(async (name) => {
    const path = `${home}/${name}`;
    return [name, (await stat(path)).ctimeMs, await readFile(path, 'hex')];
  });
  return { rows, files: await Promise.all(states) };
}
