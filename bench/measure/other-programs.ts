import { execFile, spawnSync } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { pgpConfig } from '../../shared/pgp/settings.ts';
import { counted, timed } from '../figures.ts';
import type { Measurement } from '../measurement.ts';
import { withHome, type Home } from '../scene/home.ts';
import { loadFiles } from './loader.ts';

/** The loader against what people would otherwise write: a shell loop, and gpg over a list of files. */

/** A program, run in a folder. */
type Run = (program: string, ...words: readonly string[]) => Promise<unknown>;

interface Other {
  readonly name: string;
  readonly against: string;
  readonly programs: readonly string[];
  readonly ratio: number;
  readonly prepare: (run: Run) => Promise<unknown>;
  /** What is measured. */
  readonly work: (run: Run, names: readonly string[]) => Promise<unknown>;
  /** What is there afterwards of a file. */
  readonly made: (name: string) => string;
  readonly finish?: (run: Run) => Promise<unknown>;
}

/** They take the same time for every file: a part of the files is enough. */
const taken = (files: number): number => Math.min(files, 300);

/** Those of some programs that this machine has not; undefined: it has all. */
function lacks(programs: readonly string[]): string | undefined {
  const missing = programs.filter((name) => spawnSync(name, ['--version']).error !== undefined);
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')}`;
}

const measurement = (other: Other): Measurement => ({
  name: other.name,
  what: 'loader, files of 10 devices, Curve25519: dropped to archived',
  against: other.against,
  target: { ratio: other.ratio },
  size: ({ files }) => `${counted(files)} files, ${counted(taken(files))} there`,
  lacks: () => lacks(other.programs),
  run: ({ files }) =>
    withHome({}, async (home) => {
      const { perSecond, sealed } = await loadFiles(home, files);
      const reference = await filesPerSecond(home, other, sealed.slice(0, taken(files)));
      return { measured: perSecond, reference, unit: 'files/s' };
    }),
});

async function filesPerSecond(home: Home, other: Other, files: readonly Uint8Array[]): Promise<number> {
  const folder = join(home.home, 'others');
  await mkdir(join(folder, 'done'), { recursive: true, mode: 0o700 });
  const names = files.map((_, index) => `${index}.pgp`);
  for (const [index, bytes] of files.entries()) await writeFile(join(folder, `${index}.pgp`), bytes);
  await writeFile(join(folder, 'ours.asc'), home.ours.armor(pgpConfig), { mode: 0o600 });
  await writeFile(join(folder, 'warehouse.asc'), home.warehouse.toPublic().armor(pgpConfig));
  const run: Run = (program, ...words) => promisify(execFile)(program, words, { cwd: folder });
  try {
    await other.prepare(run);
    const seconds = await timed(() => other.work(run, names));
    for (const name of names) await access(join(folder, other.made(name)));
    return names.length / seconds;
  } finally {
    await other.finish?.(run);
  }
}

const shellLoop = `
for file in *.pgp; do
  sq decrypt --recipient-key ours.asc --signer-cert warehouse.asc --output document "$file" 2> /dev/null &&
  sqlite3 store.db "insert into document values ('$file', cast(readfile('document') as text))" &&
  mv "$file" done/ && rm document || exit 1
done`;

const gpg = ['--homedir', '.', '--batch', '--quiet', '--trust-model', 'always'];

export const otherPrograms = [
  measurement({
    name: 'loader-sq-loop',
    against: 'a shell loop: sq decrypt, sqlite3 insert, mv',
    programs: ['sq', 'sqlite3'],
    ratio: 4,
    prepare: (run) => run('sqlite3', 'store.db', 'create table document (name text primary key, json text)'),
    work: (run) => run('sh', '-c', shellLoop),
    made: (name) => join('done', name),
  }),
  measurement({
    name: 'loader-gpg',
    against: 'gpg --multifile --decrypt alone',
    programs: ['gpg', 'gpgconf'],
    ratio: 6,
    prepare: (run) => run('gpg', ...gpg, '--import', 'ours.asc', 'warehouse.asc'),
    work: (run, names) => run('gpg', ...gpg, '--multifile', '--decrypt', ...names),
    made: (name) => name.replace(/\.pgp$/, ''),
    finish: (run) => run('gpgconf', '--homedir', '.', '--kill', 'all'),
  }),
];
