import type { PostgresStores } from '../../test/support/temporary-postgres.ts';
import { chainSettings, devicesPerOrder, runChain } from '../measure/chain.ts';
import { withHome } from '../scene/home.ts';
import { accountOf, perThing, type Account } from './server-account.ts';
import { watchWaits, type Waited } from './waits.ts';

/** What a table has come to. */
export interface TableSize {
  readonly table: string;
  readonly rows: number;
  /** With what is kept beside its rows because it is long. */
  readonly bytes: number;
  readonly indexBytes: number;
}

export interface ChainRun {
  readonly devices: number;
  readonly perSecond: number;
  /** For a device. */
  readonly server: Account;
  readonly waited: Waited;
  /** Largest first. */
  readonly tables: readonly TableSize[];
}

/** Every daemon once, and a simulated Apple: from the import of the orders to devices that are enrolled, and what is in the store then. */
export async function measureChain(stores: PostgresStores, devices: number): Promise<ChainRun> {
  const url = await stores.create();
  return withHome({ settings: [...chainSettings, [['store', 'url'], url]] }, async (home) => {
    const database = new URL(url).pathname.slice(1);
    const before = await accountOf(stores.server, database);
    const { result, waited } = await watchWaits(url, () =>
      runChain(home, Math.ceil(devices / devicesPerOrder)),
    );
    const server = perThing(before, await accountOf(stores.server, database), result.devices);
    const tables = await stores.server.query<TableSize>(sizes, database);
    return { devices: result.devices, perSecond: result.devices / result.seconds, server, waited, tables };
  });
}

/** Rows are counted one by one: the server's own figures are estimates. */
const sizes = `
  select relname as table, pg_table_size(oid)::float8 as bytes, pg_indexes_size(oid)::float8 as "indexBytes",
    (xpath('/row/c/text()', query_to_xml('select count(*) as c from ' || quote_ident(relname), false, true, '')))[1]::text::float8 as rows
  from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
  order by pg_total_relation_size(oid) desc`;
