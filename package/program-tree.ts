import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { run } from './tools.ts';

/** The project's folder. */
export const project = fileURLToPath(new URL('..', import.meta.url));

/** Where the program lies, below the prefix. */
export const programFolder = 'lib/device-enrolment';

/** What the program is made of; of folders, what is committed. */
const parts = ['package.json', 'LICENSE', 'config', 'shared', 'daemons', 'jobs', 'console', 'bin'];

/** Puts the program below a prefix: `bin/enrol`, and in its folder the sources, what they depend on, and Node. */
export async function stageProgram(prefix: string, version: string): Promise<void> {
  const folder = join(prefix, programFolder);
  for (const path of committed(parts)) await copyInto(folder, path);
  await nameVersion(join(folder, 'package.json'), version);
  await copyFile(fileURLToPath(import.meta.resolve('node/bin/node')), join(folder, 'node'));
  await stageDependencies(folder);
  await mkdir(join(prefix, 'bin'), { recursive: true });
  await copyFile(new URL('files/enrol', import.meta.url), join(prefix, 'bin', 'enrol'));
}

/** The same text, unless tests make a version that there is not. */
async function nameVersion(file: string, version: string): Promise<void> {
  const described = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, `${JSON.stringify({ ...described, version }, null, 2)}\n`);
}

/** Files of the project that git knows, by their path. */
export const committed = (paths: readonly string[]): string[] =>
  run('git', ['ls-files', '-z', '--', ...paths], { cwd: project })
    .split('\0')
    .filter((path) => path !== '');

export async function copyInto(folder: string, path: string): Promise<void> {
  const target = join(folder, path);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(join(project, path), target);
}

/** By the lock file, whose digests npm compares. None of them needs a script, and none is run. */
async function stageDependencies(folder: string): Promise<void> {
  const needed = ['package-lock.json', '.npmrc'];
  for (const path of needed) await copyInto(folder, path);
  run(
    'npm',
    ['ci', '--omit=dev', '--ignore-scripts', '--no-bin-links', '--prefer-offline', '--no-audit', '--no-fund'],
    {
      cwd: folder,
      // Within `npm run`, npm has settings in the environment that are meant for the project.
      env: { npm_config_prefix: undefined, NODE_ENV: undefined },
    },
  );
  for (const path of [...needed, 'node_modules/.package-lock.json']) await rm(join(folder, path));
  await leaveOutOthers(join(folder, 'node_modules', 'better-sqlite3'));
}

/** Of the driver of SQLite: sources that only building needs, and its binaries for other systems. */
async function leaveOutOthers(driver: string): Promise<void> {
  for (const name of ['deps', 'src', 'binding.gyp']) await rm(join(driver, name), { recursive: true });
  for (const name of await readdir(join(driver, 'prebuilds')))
    if (name !== `linux-${process.arch}.node`) await rm(join(driver, 'prebuilds', name));
}
