import { CompiledQuery, type Kysely } from 'kysely';

import type { Db, Tables } from '../../shared/store/tables.ts';

/** The store, which writes down what it is asked. */
function listening(db: Db): { db: Db; asked: CompiledQuery[] } {
  const asked: CompiledQuery[] = [];
  const plugin: Parameters<Kysely<Tables>['withPlugin']>[0] = {
    transformQuery: ({ node }) => {
      asked.push(db.getExecutor().compileQuery(node, { queryId: 'plan' }));
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  return { db: db.withPlugin(plugin), asked };
}

/** How SQLite goes about what is asked: a line for each step. Empty when nothing was asked. */
export async function plansOf(db: Db, ask: (db: Db) => Promise<unknown>): Promise<string[]> {
  const { db: heard, asked } = listening(db);
  await ask(heard);
  const plans = asked.map(async ({ sql, parameters }) => {
    const explained = CompiledQuery.raw(`explain query plan ${sql}`, [...parameters]);
    const { rows } = await db.executeQuery<{ detail: string }>(explained);
    return rows.map((row) => row.detail);
  });
  return (await Promise.all(plans)).flat();
}
