import { readdirSync, readFileSync } from 'node:fs';

import type { PostgresServer } from '../../test/support/postgres-server.ts';

/** What a server has used and done until now; figures of a time are the difference of two of them. */
export interface Account {
  /** Of all its processes, also of those that have ended. */
  readonly cpuSeconds: number;
  /** That were sent to the database, begin and commit among them: each is a way to the server and back. */
  readonly statements: number;
  readonly commits: number;
  readonly walBytes: number;
  readonly walSyncs: number;
}

/** What a server must be started with. */
export const accountSettings = {
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.max': '50000',
};

/** Of the kernel's clock that counts what processes use; 100 on every Linux. */
const ticksPerSecond = 100;

export async function accountOf(server: PostgresServer, database: string): Promise<Account> {
  await server.query('create extension if not exists pg_stat_statements');
  const [row] = await server.query<Record<'statements' | 'commits' | 'bytes' | 'syncs', number>>(`
    select
      (select coalesce(sum(calls), 0) from pg_stat_statements where dbid = base.datid)::float8 as statements,
      base.xact_commit::float8 as commits,
      pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as bytes,
      (select sum(fsyncs) from pg_stat_io where object = 'wal')::float8 as syncs
    from pg_stat_database as base where datname = '${database}'`);
  if (!row) throw new Error(`there is no database ${database}`);
  const { statements, commits, bytes: walBytes, syncs: walSyncs } = row;
  return { cpuSeconds: cpuSecondsOf(server.pid), statements, commits, walBytes, walSyncs };
}

/** Per thing. */
export const perThing = (before: Account, after: Account, things: number): Account => ({
  cpuSeconds: (after.cpuSeconds - before.cpuSeconds) / things,
  statements: (after.statements - before.statements) / things,
  commits: (after.commits - before.commits) / things,
  walBytes: (after.walBytes - before.walBytes) / things,
  walSyncs: (after.walSyncs - before.walSyncs) / things,
});

function cpuSecondsOf(parent: number): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const ticks = pids.map((pid) => {
    const fields = statOf(pid);
    if (Number(pid) === parent) return sum(fields.slice(11, 15)); // With its children that have ended.
    return Number(fields[1]) === parent ? sum(fields.slice(11, 13)) : 0;
  });
  return sum(ticks) / ticksPerSecond;
}

/** Fields of /proc/PID/stat (proc(5)) from the third on; of a process that has ended meanwhile there are none. */
function statOf(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

const sum = (values: readonly (string | number)[]): number =>
  values.reduce<number>((total, value) => total + Number(value), 0);
