import { chmod, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { noMounts } from '../test/support/namespace.ts';
import { PostgresStores } from '../test/support/temporary-postgres.ts';
import { ceilings, measureCeiling, type CeilingRun } from './hosts/ceiling.ts';
import { prepare, preparedCount, runOnHosts, type HostsRun } from './hosts/many-hosts.ts';
import { ceilingLines, chainLines, hostsLines } from './hosts/report.ts';
import { accountSettings } from './hosts/server-account.ts';
import { stages } from './hosts/stages.ts';
import { measureChain, type ChainRun } from './hosts/whole-chain.ts';
import { describeMachine, machineLines, type Machine } from './machine.ts';
import { makeKeys } from './scene/home.ts';
import { cleanUpAtExit, temporaryFolder } from './scene/leavings.ts';

const names = [...stages.map(({ daemon }) => daemon), ...ceilings, 'chain'];
const usage = `Many hosts on one PostgreSQL and one spool, and what the store alone can take. docs/scaling.md explains them.

  npm run bench:hosts [-- OPTIONS]

  --only NAME       this only; may be repeated: ${names.join(', ')}
  --processes LIST  on so many hosts, or from so many processes (1,2,4,8)
  --files N         files of each run (20000)
  --devices N       devices that go the whole way (100000)
  --json FILE       all figures

Exit code 1: something was lost, or done twice.`;

interface Options {
  readonly only: readonly string[];
  readonly processes: readonly number[];
  readonly files: number;
  readonly devices: number;
  readonly json: string | undefined;
}

cleanUpAtExit();
const options = readOptions();
if (options) process.exitCode = await bench(options);

/** What was measured so far. */
interface Figures {
  readonly hosts: HostsRun[];
  readonly store: CeilingRun[];
  readonly chain: ChainRun[];
}

async function bench(options: Options): Promise<number> {
  const machine = describeMachine();
  console.log(machineLines(machine).join('\n'));
  const folder = await temporaryFolder();
  await chmod(folder, 0o711); // The server is another user's where we are root.
  process.env['TMPDIR'] = folder;
  const stores = await PostgresStores.start(accountSettings);
  const figures: Figures = { hosts: [], store: [], chain: [] };
  try {
    const [server] = await stores.server.query<{ version: string }>('select version()');
    console.log(`${server?.version ?? ''}, as it is delivered, on the same machine\n`);
    await measureHosts(stores, options, figures.hosts);
    await measureStore(stores, options, figures.store);
    if (options.only.includes('chain')) {
      process.stderr.write(`${options.devices} devices the whole way\n`);
      figures.chain.push(await measureChain(stores, options.devices));
    }
  } finally {
    // Also when something has failed: what was measured before that took its time.
    await report({ machine, ...figures }, options);
    await stores.close();
  }
  return figures.hosts.some(isWrong) ? 1 : 0;
}

function isWrong({ lost, duplicates }: HostsRun): boolean {
  return lost !== 0 || duplicates !== 0;
}

async function report(
  { machine, ...figures }: Figures & { readonly machine: Machine },
  { files, json }: Options,
): Promise<void> {
  const { hosts, store, chain } = figures;
  console.log([...hostsLines(hosts), ...ceilingLines(store), ...chain.flatMap(chainLines)].join('\n'));
  const runs = hosts.length + store.length + chain.length;
  console.log(JSON.stringify({ runs, wrong: hosts.filter(isWrong).length }));
  if (json !== undefined) await writeFile(json, JSON.stringify({ machine, files, ...figures }, null, 2));
}

async function measureHosts(
  stores: PostgresStores,
  { only, processes, files }: Options,
  runs: HostsRun[],
): Promise<void> {
  const chosen = stages.filter(({ daemon }) => only.includes(daemon));
  if (noMounts !== undefined && chosen.length > 0) throw new Error(noMounts);
  const keys = await makeKeys();
  for (const stage of chosen) {
    process.stderr.write(`${stage.daemon}: ${files} files are made\n`);
    const prepared = await prepare(stage, stores, keys, preparedCount(files, Math.max(...processes)));
    for (const hosts of processes) {
      process.stderr.write(`${stage.daemon} on ${hosts} host(s)\n`);
      runs.push(await runOnHosts(stage, stores, keys, prepared, { hosts, files }));
    }
  }
}

async function measureStore(
  stores: PostgresStores,
  { only, processes, files }: Options,
  runs: CeilingRun[],
): Promise<void> {
  for (const name of ceilings.filter((each) => only.includes(each))) {
    for (const count of processes) {
      process.stderr.write(`store alone, ${name}, ${count} process(es)\n`);
      runs.push(await measureCeiling(stores, name, { processes: count, things: files }));
    }
  }
}

/** @returns undefined when there is nothing to be measured */
function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true, default: names },
      processes: { type: 'string', default: '1,2,4,8' },
      files: { type: 'string', default: '20000' },
      devices: { type: 'string', default: '100000' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const processes = values.processes.split(',').map(Number);
  const [files, devices] = [Number(values.files), Number(values.devices)];
  const numbers = [...processes, files, devices];
  const valid =
    values.only.every((name) => names.includes(name)) &&
    numbers.every((n) => Number.isSafeInteger(n) && n >= 1);
  if (values.help || !valid) {
    console.log(usage);
    process.exitCode = values.help ? 0 : 2;
    return undefined;
  }
  return { only: values.only, processes, files, devices, json: values.json };
}
