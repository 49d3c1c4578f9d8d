import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';

import { config } from '../shared/pgp/library.ts';

/** The machine that figures were made on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMegabytes: number;
  /** Where the installations are made. */
  readonly folder: string;
  readonly fileSystem: string;
  readonly node: string;
  readonly openpgp: string;
  /** Before the first measurement: others at work on the machine make every figure worse. */
  readonly load: readonly number[];
}

export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryMegabytes: Math.round(totalmem() / 1e6),
  folder: tmpdir(),
  fileSystem: fileSystemOf(tmpdir()),
  node: process.version,
  openpgp: config.versionString.replace(/^\D+/, ''),
  load: loadavg().map((value) => Math.round(value * 100) / 100),
});

/** Type and device of the mount with the longest path above a folder; elsewhere than on Linux the number of the type. */
function fileSystemOf(folder: string): string {
  try {
    const mounts = readFileSync('/proc/self/mounts', 'utf8').trim().split('\n');
    const above = mounts
      .map((line) => line.split(' '))
      .filter(([, path = '']) => path === '/' || folder === path || folder.startsWith(`${path}/`))
      .sort(([, a = ''], [, b = '']) => b.length - a.length);
    const [device = '', , type = ''] = above[0] ?? [];
    return `${type} on ${device}`;
  } catch {
    return `type ${statfsSync(folder).type}`;
  }
}

export const machineLines = (machine: Machine): string[] => [
  `${machine.cpu}, ${machine.cores} core(s), ${machine.memoryMegabytes} MB; Node ${machine.node}, openpgp ${machine.openpgp}`,
  `installations in ${machine.folder} (${machine.fileSystem}); load before: ${machine.load.join(', ')}`,
];
