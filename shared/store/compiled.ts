import type { CompiledQuery } from 'kysely';

import { engineOf } from './engine.ts';
import type { Db } from './tables.ts';

/** What the query builder makes, also of SQL of our own. */
interface Buildable<Row> {
  compile(db: Db): CompiledQuery<Row>;
}

/** Stands in a query for a value that is given when it runs. */
class Slot {
  /** Place of the value among all that are given. */
  readonly at: number;

  constructor(at: number) {
    this.at = at;
  }
}

/** Queries of different shapes that are kept, of one: lists differ in their length. */
const keptShapes = 50;

/**
 * A query that is built and compiled once for each engine, when it first runs: for a short one, that costs several times as much as to
 * run it. What is given may hold lists and objects; for others, by length or by properties, the query is another.
 *
 * @param build is given a stand-in for each value; it hands them on to the query, and looks at none
 */
export function compiled<Given extends object, Row>(
  build: (db: Db, given: Given) => Buildable<Row>,
): (db: Db, given: Given) => Promise<Row[]> {
  const queries = new Map<string, CompiledQuery<Row>>();
  return async (db, given) => {
    const values: unknown[] = [];
    const key = `${engineOf(db)} ${shapeOf(given, values)}`;
    const query = queries.get(key) ?? build(db, withSlots(given)).compile(db);
    if (!queries.has(key)) keep(queries, key, query);
    const valueOf = (parameter: unknown) => (parameter instanceof Slot ? values[parameter.at] : parameter);
    const { rows } = await db.executeQuery<Row>({ ...query, parameters: query.parameters.map(valueOf) });
    return rows;
  };
}

function keep<Query>(queries: Map<string, Query>, key: string, query: Query): void {
  const [oldest] = queries.keys();
  if (oldest !== undefined && queries.size === keptShapes) queries.delete(oldest);
  queries.set(key, query);
}

/** Names and lengths of what is given. @param values gets the values, in their order */
function shapeOf(given: unknown, values: unknown[]): string {
  if (typeof given !== 'object' || given === null) {
    values.push(given);
    return '';
  }
  let shape = '';
  for (const [name, value] of Object.entries(given)) shape += `${name}${shapeOf(value, values)},`;
  return `{${shape}}`;
}

/** The same with a slot for each value, in their order. */
function withSlots<Given>(given: Given, next = { at: 0 }): Given {
  if (typeof given !== 'object' || given === null) return new Slot(next.at++) as Given;
  if (Array.isArray(given)) return given.map((each) => withSlots(each as unknown, next)) as Given;
  const entries = Object.entries(given).map(([name, value]) => [name, withSlots(value as unknown, next)]);
  return Object.fromEntries(entries) as Given;
}
