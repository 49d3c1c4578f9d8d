import { table } from '../../bin/output.ts';
import { counted, shown } from '../figures.ts';
import type { CeilingRun } from './ceiling.ts';
import type { ChainRun } from './whole-chain.ts';
import type { HostsRun } from './many-hosts.ts';
import type { Account } from './server-account.ts';
import type { Waited } from './waits.ts';

/** What the bench of many hosts prints. Pure. */

export function hostsLines(runs: readonly HostsRun[]): string[] {
  if (runs.length === 0) return [];
  const titles = [
    'daemon',
    'hosts',
    'files',
    'files/s',
    'lost',
    'twice',
    'put off',
    'refused',
    'daemons',
    ...serverTitles,
  ];
  const rows = runs.map((run) => [
    run.daemon,
    run.hosts,
    counted(run.files),
    shown(run.perSecond),
    run.lost,
    run.duplicates,
    run.deferred,
    run.refused,
    milliseconds(run.daemonCpu),
    ...serverCells(run),
  ]);
  return [...table(titles, rows), '', ...runs.flatMap(moreLines), ''];
}

export function ceilingLines(runs: readonly CeilingRun[]): string[] {
  if (runs.length === 0) return [];
  const titles = ['store alone', 'processes', 'things', 'per s', 'processes', ...serverTitles];
  const rows = runs.map((run) => [
    run.name,
    run.processes,
    counted(run.things),
    shown(run.perSecond),
    milliseconds(run.clientCpu),
    ...serverCells(run),
  ]);
  return [
    ...table(titles, rows),
    '',
    ...runs.map((run) => mostLine(`${run.name} by ${run.processes}`, run.waited)),
    '',
  ];
}

export function chainLines(run: ChainRun): string[] {
  const { devices, perSecond, tables, waited } = run;
  const each = (value: number): string => shown(value / devices);
  const titles = ['table', 'rows', 'rows/device', 'bytes/device', 'of these in indexes'];
  const rows = tables
    .filter(({ rows }) => rows > 0)
    .map(({ table: name, rows, bytes, indexBytes }) => [
      name,
      counted(rows),
      each(rows),
      each(bytes + indexBytes),
      each(indexBytes),
    ]);
  const total = (size: (table: (typeof tables)[number]) => number) =>
    each(tables.reduce((sum, table) => sum + size(table), 0));
  const all = [
    'all',
    '',
    total((table) => table.rows),
    total((table) => table.bytes + table.indexBytes),
    total((table) => table.indexBytes),
  ];
  return [
    ...table(
      ['chain', 'per s', ...serverTitles],
      [[`${counted(devices)} devices`, shown(perSecond), ...serverCells(run)]],
    ),
    mostLine('chain', waited),
    '',
    ...table(titles, [...rows, all]),
    '',
  ];
}

/** CPU, and what else is counted, for one file or thing; then what its sessions were doing. */
const serverTitles = [
  'server',
  'statements',
  'commits',
  'WAL',
  'syncs',
  'Lock',
  'LWLock',
  'IO',
  'CPU',
  'active',
  'idle in tx',
];

const serverCells = ({ server, waited }: { readonly server: Account; readonly waited: Waited }): string[] => [
  milliseconds(server.cpuSeconds),
  shown(server.statements),
  shown(server.commits),
  `${shown(server.walBytes / 1000)} kB`,
  shown(server.walSyncs),
  percent(waited.lock),
  percent(waited.lwlock),
  percent(waited.io),
  percent(waited.cpu),
  shown(waited.active),
  shown(waited.idleInTransaction),
];

const milliseconds = (seconds: number): string => `${shown(seconds * 1000)} ms`;
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const moreLines = ({ daemon, hosts, waited, shares }: HostsRun): string[] => [
  mostLine(`${daemon} on ${hosts}`, waited),
  `${daemon} on ${hosts}: worked on by the hosts: ${shares.map(counted).join(', ')}`,
];

const mostLine = (name: string, { most }: Waited): string =>
  `${name}: waited most for ${most.map(([event, share]) => `${event} ${percent(share)}`).join(', ') || 'nothing'}`;
