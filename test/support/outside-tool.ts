import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Also where tools of administrators are, which other users do not have in their PATH. */
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];

/** Where a tool is that npm cannot bring; undefined: it is not here. Tests without it are left out, and CI fails. */
export const outsideTool = (name: string): string | undefined =>
  folders.map((folder) => join(folder, name)).find((path) => existsSync(path));

/** Runs it to its end. @returns what it said; stdout and stderr. @throws when it fails, with all that it said */
export const runTool = (path: string | undefined, ...words: string[]): string =>
  execFileSync('/bin/sh', ['-c', 'exec "$0" "$@" 2>&1', path ?? '', ...words], { encoding: 'utf8' });
