import { fileServer } from '../spool/network.ts';
import { checksOf, type Check } from './check.ts';

/** Which file systems spool and store lie on, and whether they have names left for new files. Pure. */

const { ok, warning, wrong } = checksOf('Disks');

/** Memory, by the type that statfs(2) tells. */
const memoryFileSystems: Readonly<Record<number, string>> = { 0x01021994: 'tmpfs', 0x858458f6: 'ramfs' };

/** New files that the file system should have room for, by number. */
const fewInodes = 100_000;
const tooFewInodes = 1000;

export interface DiskFacts {
  /** `spool`, `store`. */
  readonly name: string;
  readonly folder: string;
  /** statfs(2): f_type, f_files, f_ffree. */
  readonly type: number;
  readonly inodes: number;
  readonly freeInodes: number;
}

export const diskChecks = (disk: DiskFacts): Check[] => [fileSystem(disk), inodes(disk)];

function fileSystem({ name, folder, type }: DiskFacts): Check {
  const title = `${name}: file system`;
  const memory = memoryFileSystems[type >>> 0];
  if (memory !== undefined) {
    return warning(
      title,
      `${folder} is on ${memory}: all of it is gone with the next start of the machine.`,
      'Put it on a disk, unless this is a trial.',
    );
  }
  const network = fileServer(type);
  if (network === undefined) return ok(title, `${folder} is on a disk of this host.`);
  if (name !== 'store')
    return ok(title, `${folder} is on ${network}: see spool/README.md, "Network mounts".`);
  return wrong(
    title,
    `${folder} is on ${network}, where SQLite loses data.`,
    'Move the store to a disk of this host, or to PostgreSQL: docs/postgresql.md.',
  );
}

function inodes({ name, inodes, freeInodes }: DiskFacts): Check {
  const title = `${name}: inodes`;
  if (inodes === 0) return ok(title, 'The file system has no fixed number of them.');
  const found = `${freeInodes} of ${inodes} are free.`;
  if (freeInodes >= fewInodes) return ok(title, found);
  const say = freeInodes < tooFewInodes ? wrong : warning;
  return say(title, found, 'Remove small files, or make the file system anew with more of them (mkfs -N).');
}
