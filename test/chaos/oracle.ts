import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openInstallation } from '../../shared/store/installation.ts';
import type { Db } from '../../shared/store/tables.ts';
import type { TestInstallation } from '../support/installation.ts';
import { describeFiles } from './describe-files.ts';
import { describeStore } from './describe-store.ts';
import type { Finding } from './findings.ts';
import { findHalfVisible } from './half-visible.ts';
import { findPlaintext } from './plaintext.ts';
import { publishedIn } from './plain-names.ts';

/** Everything that an installation at rest shows to the world: tables and files, as lines that can be compared. */
export type Observation = ReadonlyMap<string, readonly string[]>;

export async function observe(installation: TestInstallation): Promise<Observation> {
  return withStore(installation.home, async (db) => {
    const published = await publishedIn(db);
    const lines = await describeStore(db, published);
    return lines.set('spool', await describeFiles(installation, published));
  });
}

/**
 * Compares with an installation in which nobody was killed. What is missing is lost, a row or file that looks otherwise
 * too; what is there beyond that is doubled.
 */
export function compare(undisturbed: Observation, observed: Observation): Finding[] {
  const findings: Finding[] = [];
  for (const [section, lines] of undisturbed) {
    const found = [...(observed.get(section) ?? [])];
    const missing = lines.filter((line) => {
      const at = found.indexOf(line);
      if (at !== -1) found.splice(at, 1);
      return at === -1;
    });
    const surplus = found.splice(missing.length);
    missing.forEach((line, index) => {
      const instead = found[index] === undefined ? '' : `\n    instead: ${found[index]}`;
      findings.push({ defect: 'lost', what: `${section}: ${line}${instead}` });
    });
    for (const line of surplus) findings.push({ defect: 'doubled', what: `${section}: ${line}` });
  }
  return findings;
}

/** What must hold in the very moment of death, and what the dead process had in hand. */
export interface Autopsy {
  readonly findings: readonly Finding[];
  readonly inHand: readonly string[];
}

/** Looks at a copy of an embedded store, so that recovery finds what death has left; a server has recovered already. */
export async function autopsy(home: string, canaries: readonly string[]): Promise<Autopsy> {
  const findings = await findPlaintext(home, canaries);
  const folder = await mkdtemp(join(tmpdir(), 'autopsy-'));
  try {
    for (const part of ['var', 'config']) await copyPart(join(home, part), join(folder, part));
    return await withStore(folder, async (db) => ({
      findings: [...findings, ...(await findHalfVisible(db))],
      inHand: await unfinished(db),
    }));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What says where the store is, and the store itself where it is a file. */
async function copyPart(from: string, to: string): Promise<void> {
  await mkdir(to);
  const files = (await readdir(from)).filter((name) => name.startsWith('enrol.'));
  for (const name of files) await cp(join(from, name), join(to, name));
}

async function unfinished(db: Db): Promise<string[]> {
  const files = await db
    .selectFrom('delivery')
    .select(['name', 'state'])
    .where('moved_at', 'is', null)
    .execute();
  const runs = await db.selectFrom('job_run').select('job').where('state', '=', 'running').execute();
  return [...files.map(({ name, state }) => `${name} (${state})`), ...runs.map(({ job }) => `job ${job}`)];
}

async function withStore<T>(home: string, work: (db: Db) => Promise<T>): Promise<T> {
  const { db } = await openInstallation({ home });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}
