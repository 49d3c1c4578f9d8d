import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Nothing is left behind, neither folder nor process, however the bench ends. */

const folders = new Set<string>();
const children = new Set<ChildProcess>();

/** A folder that is gone at the end. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'enrol-bench-'));
  folders.add(folder);
  return folder;
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  folders.delete(folder);
}

/** A process that is killed at the end if it still runs. */
export function guard(child: ChildProcess): void {
  children.add(child);
  child.once('exit', () => children.delete(child));
}

/** From now on also after Ctrl-C. */
export function cleanUpAtExit(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL');
    for (const folder of folders)
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  });
}
