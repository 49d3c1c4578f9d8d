import { spawnSync } from 'node:child_process';

/** A program of the machine that is missing, or has failed. The message says which, and what it said. */
export class ToolFailed extends Error {}

/** What each program comes with, on Debian. */
const debianPackages: Readonly<Record<string, string>> = {
  'dpkg-deb': 'dpkg',
  git: 'git',
  gzip: 'gzip',
  npm: 'npm',
  tar: 'tar',
};

/** @throws ToolFailed that names all that are missing, before anything is made */
export function requireTools(): void {
  const missing = Object.keys(debianPackages).filter((tool) => spawnSync(tool, ['--version']).error);
  if (missing.length === 0) return;
  const packages = missing.map((tool) => debianPackages[tool] ?? tool);
  throw new ToolFailed(`missing: ${missing.join(', ')}; apt-get install ${packages.join(' ')}`);
}

/** Runs a program to its end. @returns what it printed @throws ToolFailed */
export function run(
  tool: string,
  words: readonly string[],
  { cwd, env }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): string {
  const { status, stdout, stderr, error } = spawnSync(tool, words, {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, ...env },
  });
  if (error) throw new ToolFailed(`${tool}: ${error.message}`, { cause: error });
  if (status !== 0)
    throw new ToolFailed(`${tool} ${words.join(' ')} ended with ${status ?? 'a signal'}: ${stderr}${stdout}`);
  return stdout;
}
