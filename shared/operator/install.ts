import { constants } from 'node:fs';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { loadConfig, type LoadedConfig } from '../runtime/config.ts';
import { errnoOf } from '../runtime/faults.ts';
import {
  inboxFolder,
  inboxNames,
  outboxFolder,
  providerOutbound,
  storeFile,
  spoolProviders,
} from '../runtime/paths.ts';
import { makeFolder, makeInbox } from '../spool/layout.ts';
import { migrateStore } from '../store/migrate.ts';
import { connectStore, type StoreOptions } from '../store/open-store.ts';
import { storeOptions } from '../store/store-options.ts';

const shippedConfig = new URL('../../config/enrol.yaml', import.meta.url);

export interface Installed {
  readonly home: string;
  /** True when there was none, and the shipped one was copied. */
  readonly configMade: boolean;
  readonly migrations: readonly string[];
}

/** Makes what is missing of an installation: configuration, folders, store. Leaves what is there. */
export async function initialise(home: string, configFile: string | undefined): Promise<Installed> {
  const configMade = configFile === undefined && (await copyConfig(home));
  const loaded = await loadConfig({
    home,
    env: process.env,
    ...(configFile !== undefined && { file: configFile }),
  });
  await makeFolders(loaded);
  return { home: loaded.home, configMade, migrations: await migrate(loaded, true) };
}

/**
 * Brings the store to this program's version.
 *
 * @returns names of the migrations applied now
 * @throws Fault STORE_MISSING, STORE_SCHEMA, STORE_BUSY
 */
export async function migrate(loaded: LoadedConfig, create: boolean): Promise<string[]> {
  const file = storeFile(loaded);
  if (create && file !== undefined) await mkdir(dirname(file), { recursive: true, mode: 0o750 });
  const db = await connectStore(patiently(await storeOptions(loaded)), create);
  try {
    return await migrateStore(db);
  } finally {
    await db.destroy();
  }
}

/** An index over a large table takes its time, and so does another command that migrates. */
const migrationSeconds = 3600;

const patiently = (options: StoreOptions): StoreOptions =>
  'url' in options ? { ...options, statementSeconds: migrationSeconds } : options;

async function copyConfig(home: string): Promise<boolean> {
  const file = join(home, 'config', 'enrol.yaml');
  await mkdir(dirname(file), { recursive: true });
  try {
    await copyFile(shippedConfig, file, constants.COPYFILE_EXCL);
    await chmod(file, 0o640); // The copy has the mode of the shipped one, which is everybody's.
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** The folders of the spool, as far as they are missing. */
export async function makeFolders(loaded: LoadedConfig): Promise<void> {
  const { config } = loaded;
  for (const name of inboxNames(config)) await makeInbox(inboxFolder(loaded, name));
  const outboxes = Object.keys(config.outboxes) as (keyof typeof config.outboxes)[];
  const outbound = [
    ...outboxes.map((name) => outboxFolder(loaded, name)),
    ...spoolProviders(config).map((id) => providerOutbound(loaded, id)),
  ];
  for (const folder of outbound) await makeFolder(folder, 0o770);
}
