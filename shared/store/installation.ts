import { loadConfig, type LoadedConfig } from '../runtime/config.ts';
import { openStore } from './open-store.ts';
import { storeOptions } from './store-options.ts';
import type { Db } from './tables.ts';

/** Where a command finds its installation. */
export interface Place {
  readonly home: string;
  readonly configFile?: string | undefined;
}

/** Opens the store of an installation. @throws Fault CONFIG_INVALID, STORE_… */
export async function openInstallation(place: Place): Promise<{ loaded: LoadedConfig; db: Db }> {
  const loaded = await loadConfig({
    home: place.home,
    env: process.env,
    ...(place.configFile !== undefined && { file: place.configFile }),
  });
  const db = await openStore(await storeOptions(loaded));
  return { loaded, db };
}
