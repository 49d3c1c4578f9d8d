import { chmodSync, lutimesSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What is asked for, and what every part of the making keeps to. */

export interface Wish {
  /** A folder, which is made if it is missing. */
  readonly output: string;
  readonly version: string;
  /** For tests: nothing is compressed, which takes most of the time. */
  readonly uncompressed?: boolean;
}

/** Of one build: seconds since 1970 that every file is given. */
export interface Making extends Wish {
  readonly epoch: number;
}

/** The umask and the clock of who builds leave no traces: folders and programs 0755, files 0644, all of one time. */
export function settle(path: string, epoch: number): void {
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isSymbolicLink()) chmodSync(file, modeOf(entry.isDirectory(), statSync(file).mode));
    lutimesSync(file, epoch, epoch);
  }
  chmodSync(path, 0o755);
  lutimesSync(path, epoch, epoch);
}

const modeOf = (folder: boolean, mode: number): number => (folder || (mode & 0o100) !== 0 ? 0o755 : 0o644);
