import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { PrivateSystemd } from './private-systemd.ts';

const script = fileURLToPath(new URL('package-root.sh', import.meta.url));

/** A root to install packages in: what lies over another one, which is not changed. */
export class PackageRoot {
  readonly #base: string;
  readonly #folder: string;

  private constructor(base: string, folder: string) {
    this.#base = base;
    this.#folder = folder;
  }

  /** @param base the root below; that of this machine will do */
  static async make(base = '/'): Promise<PackageRoot> {
    const root = new PackageRoot(base, await mkdtemp(join(tmpdir(), 'enrol-root-')));
    await mkdir(root.exchange);
    return root;
  }

  /** What lies in here is in /mnt inside. */
  get exchange(): string {
    return join(this.#folder, 'exchange');
  }

  /** Runs a command, with nothing beside it. */
  run(...words: string[]): { code: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync('sh', [script, ...this.#places, '', ...words], {
      encoding: 'utf8',
    });
    return { code: status, stdout, stderr };
  }

  /** Starts the systemd inside, with the units that it finds there. */
  boot(): Promise<PrivateSystemd> {
    return PrivateSystemd.start(
      (cgroup) => [script, ...this.#places, cgroup, '/lib/systemd/systemd', '--show-status=0'],
      ['/etc/systemd/system', '/usr/lib/systemd/system'],
    );
  }

  /** Files and links that are not as in the root below, by their path; sorted. */
  async changed(): Promise<string[]> {
    const changed = join(this.#folder, 'changed');
    const entries = await readdir(changed, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => `/${relative(changed, join(entry.parentPath, entry.name))}`)
      .sort();
  }

  get #places(): string[] {
    return [this.#base, this.#folder, this.exchange];
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Why there can be no such root here; undefined where there can. */
export function noPackageRoot(): string | undefined {
  if (process.geteuid?.() !== 0) return 'only root can install packages';
  const folder = mkdtempSync(join(tmpdir(), 'enrol-root-'));
  try {
    const { status, stderr } = spawnSync('sh', [script, '/', folder, folder, '', 'dpkg', '--version'], {
      encoding: 'utf8',
    });
    return status === 0 ? undefined : stderr;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
