import type { CompiledQuery } from 'kysely';

import { engineOf, type Engine } from './engine.ts';
import type { Db } from './tables.ts';

/** What the query builder makes, also of SQL of our own. */
interface Buildable<Row> {
  compile(db: Db): CompiledQuery<Row>;
}

/** Stands in a query for a value that is given when it runs. */
class Slot {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * A query that is built and compiled once for each engine, when it first runs: for a short one, that costs several times as much as to
 * run it.
 *
 * @param build is given a stand-in for each value; it hands them on to the query, and looks at none
 */
export function compiled<Given extends object, Row>(
  build: (db: Db, given: Given) => Buildable<Row>,
): (db: Db, given: Given) => Promise<Row[]> {
  const queries: Partial<Record<Engine, CompiledQuery<Row>>> = {};
  const slots = new Proxy({} as Given, { get: (_, name) => new Slot(String(name)) });
  return async (db, given) => {
    const query = (queries[engineOf(db)] ??= build(db, slots).compile(db));
    const valueOf = (parameter: unknown) =>
      parameter instanceof Slot ? given[parameter.name as keyof Given] : parameter;
    const { rows } = await db.executeQuery<Row>({ ...query, parameters: query.parameters.map(valueOf) });
    return rows;
  };
}
