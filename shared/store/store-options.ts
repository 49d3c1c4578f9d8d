import type { LoadedConfig } from '../runtime/config.ts';
import { storeFile, storePasswordFile } from '../runtime/paths.ts';
import { readOptionalSecret } from '../runtime/secrets.ts';
import type { StoreOptions } from './open-store.ts';

/**
 * What an installation says about its store.
 *
 * @throws Fault SECRET_EXPOSED, KEY_UNREADABLE
 */
export async function storeOptions(loaded: LoadedConfig): Promise<StoreOptions> {
  const { url, busySeconds, statementSeconds, connections } = loaded.config.store;
  const file = storeFile(loaded);
  if (file !== undefined) return { file, busySeconds };
  const password = await readOptionalSecret({ name: 'store-password', file: storePasswordFile(loaded) });
  return { url, password, busySeconds, statementSeconds, connections };
}
