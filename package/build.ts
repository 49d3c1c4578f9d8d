import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { makeDebianPackage } from './debian-package.ts';
import { settle, type Making, type Wish } from './making.ts';
import { stageProgram } from './program-tree.ts';
import { stageShared } from './shared-tree.ts';
import { requireTools, run } from './tools.ts';

export interface Built {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
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
