import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { errnoOf } from '../../shared/runtime/faults.ts';
import { filesUnder } from '../support/installation.ts';
import type { Finding } from './findings.ts';

/** Where content may lie in the clear: the store, and the files of a provider, whose format is plain. */
const allowed = /^(var\/enrol\.db|config\/|spool\/provider\/)/;

/** Files that were finished long ago. */
export const archived = /\/done\//;

/**
 * Files of an installation that hold what only the store may know.
 *
 * @param passOver files that need not be looked at
 */
export async function findPlaintext(
  home: string,
  canaries: readonly string[],
  passOver?: RegExp,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const path of await filesUnder(home)) {
    if (allowed.test(path) || passOver?.test(path)) continue;
    findings.push(...findIn(path, (await read(join(home, path))).toString('latin1'), canaries));
  }
  return findings;
}

/** The first thing in a text that should not be in it. */
export function findIn(where: string, text: string, canaries: readonly string[]): Finding[] {
  const found = canaries.find((canary) => text.includes(canary));
  return found === undefined ? [] : [{ defect: 'plaintextOnDisk', what: `${where} holds ${found}` }];
}

/** A file may be on its way to another folder while a living process works. */
async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}
