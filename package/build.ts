import { createHash } from 'node:crypto';
import { chmodSync, lutimesSync, readdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { makeDebianPackage } from './debian-package.ts';
import { stageProgram } from './program-tree.ts';
import { stageShared } from './shared-tree.ts';
import { requireTools, run } from './tools.ts';

export interface Wish {
  /** A folder, which is made if it is missing. */
  readonly output: string;
  readonly version: string;
  /** For tests: nothing is compressed, which takes most of the time. */
  readonly uncompressed?: boolean;
}

export interface Built {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Of one build: seconds since 1970 that every file is given, and how strongly is compressed. */
export interface Making extends Wish {
  readonly epoch: number;
}

/**
 * Makes `device-enrolment-<version>-linux-<arch>.tar.gz` and `device-enrolment_<version>_<arch>.deb`.
 *
 * @throws ToolFailed
 */
export async function buildPackages(wish: Wish): Promise<{ files: Built[]; uncommitted: boolean }> {
  requireTools();
  const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? run('git', ['log', '-1', '--format=%ct']));
  const making = { ...wish, epoch };
  await mkdir(wish.output, { recursive: true });
  const stage = await mkdtemp(join(tmpdir(), 'enrol-package-'));
  try {
    const name = `device-enrolment-${wish.version}-linux-${process.arch}`;
    const prefix = join(stage, name);
    await stageProgram(prefix, wish.version);
    await stageShared(prefix, making);
    settle(prefix, epoch);
    const tarball = makeTarball(stage, name, making);
    const debian = await makeDebianPackage(prefix, join(stage, 'debian'), making);
    const files = await Promise.all([tarball, debian].map(describe));
    return { files, uncommitted: run('git', ['status', '--porcelain']) !== '' };
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
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

function makeTarball(stage: string, name: string, { output, epoch, uncompressed }: Making): string {
  const path = join(output, `${name}.tar.gz`);
  run('tar', [
    ...['--create', '--file', path, '--directory', stage, '--format=ustar', '--sort=name'],
    ...[`--mtime=@${epoch}`, '--owner=0', '--group=0', '--numeric-owner'],
    // Without the name and time of what it packs.
    ...['--use-compress-program', `gzip --no-name ${uncompressed === true ? '-1' : '-9'}`],
    name,
  ]);
  return path;
}

async function describe(path: string): Promise<Built> {
  const content = await readFile(path);
  return { path, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}
