import { sql } from 'kysely';

import type { Db, Tables } from '../../shared/store/tables.ts';
import { plainText, type Published } from './plain-names.ts';

/**
 * The business content of a store, as lines that are the same whenever the same has happened: ids become names, and
 * what depends on the moment or on the process is left out.
 */

const tables = [
  'sales_order',
  'dispatch',
  'device',
  'device_history',
  'batch',
  'batch_item',
  'batch_stage',
  'enrolment_request',
  'enrolment_request_device',
  'provider_request',
  'provider_request_order',
  'provider_request_device',
  'workflow_event',
  'delivery',
] as const satisfies readonly (keyof Tables)[];

type TableName = (typeof tables)[number];
type Value = string | number | null;
type Row = Readonly<Record<string, Value>>;

/** Column that names the thing whose history the rows tell: there, their order counts. */
const historyOf: Partial<Record<TableName, string>> = { device_history: 'device', batch_stage: 'batch_id' };

/** They differ when a process was killed, and may. */
const leftOut = [
  'attempts',
  'crashes',
  'dev',
  'inode',
  'mtime_ns',
  'size',
  'identity',
  'companion_json',
  'worker_id',
  'dispatch_id',
];

/** Table -> its rows, each as a line. */
export async function describeStore(db: Db, published: Published): Promise<Map<string, string[]>> {
  const rows = new Map<TableName, Row[]>();
  for (const table of tables) {
    rows.set(table, (await sql<Row>`select * from ${sql.table(table)} order by 1`.execute(db)).rows);
  }
  const names = namesOf((table) => rows.get(table) ?? []);
  const lines = new Map<string, string[]>();
  for (const [table, found] of rows) lines.set(table, describeRows(table, found, names, published));
  lines.set('job_run', await unfinishedRuns(db));
  return lines;
}

/** No run may be left open, or fail. How often a job ran is its own business. */
async function unfinishedRuns(db: Db): Promise<string[]> {
  const runs = await db
    .selectFrom('job_run')
    .select(['job', 'state'])
    .where('state', 'in', ['running', 'error'])
    .execute();
  return runs.map(({ job, state }) => `${job} ${state}`);
}

type Names = (table: TableName, column: string, id: Value) => string | undefined;

/** What stands for an id of the store. */
function namesOf(rowsOf: (table: TableName) => readonly Row[]): Names {
  const name = (table: TableName, nameOf: (row: Row) => string) =>
    new Map(rowsOf(table).map((row) => [row.id, nameOf(row)]));
  const items = Map.groupBy(rowsOf('batch_item'), (row) => row.batch_id);
  const referencesOf = (id: Value | undefined) =>
    (items.get(id) ?? []).map((item) => item.customer_reference).join();
  const batches = name('batch', (row) => `${String(row.type)} of ${referencesOf(row.id)}`);
  const devices = name('device', (row) => `${String(row.device_id)} of ${String(row.order_id)}`);
  const requests = name('enrolment_request', (row) => `${String(row.request_type)} ${String(row.order_id)}`);
  const toProviders = name('provider_request', (row) => String(row.transaction_id));
  return (table, column, id) => {
    const ofProvider = table.startsWith('provider_request');
    if (column === 'batch_id') return batches.get(id);
    if (column === 'device') return devices.get(id);
    if (column === 'provider_request_id' || (column === 'request_id' && ofProvider))
      return toProviders.get(id);
    return column === 'request_id' ? requests.get(id) : undefined;
  };
}

function describeRows(table: TableName, rows: readonly Row[], names: Names, published: Published): string[] {
  const parent = historyOf[table];
  const counts = new Map<unknown, number>();
  return rows.map((row) => {
    const entries = Object.entries(row)
      .filter(([column]) => !leftOut.includes(column) && !(column === 'id' && typeof row.id === 'number'))
      .map(([column, value]) => [column, describeValue(table, column, value, names, published)]);
    if (parent === undefined) return JSON.stringify(Object.fromEntries(entries));
    const position = (counts.get(row[parent]) ?? 0) + 1;
    counts.set(row[parent], position);
    return JSON.stringify({ position, ...Object.fromEntries(entries) });
  });
}

function describeValue(
  table: TableName,
  column: string,
  value: Value,
  names: Names,
  published: Published,
): Value {
  if (value === null) return null;
  if (/(^|_)at$/.test(column)) return 'set';
  if (column === 'digest') return published(String(value));
  if (column === 'actor') return String(value).replace(/@.*/, '');
  return names(table, column, value) ?? (typeof value === 'string' ? plainText(value) : value);
}
