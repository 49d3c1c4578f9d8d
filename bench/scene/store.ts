import { openInstallation } from '../../shared/store/installation.ts';
import type { LoadedConfig } from '../../shared/runtime/config.ts';
import type { Db } from '../../shared/store/tables.ts';
import type { Home } from './home.ts';

/** The store of an installation, as a process of ours opens it, as long as the work needs it. */
export async function withStore<T>(
  { home }: Home,
  work: (opened: { readonly loaded: LoadedConfig; readonly db: Db }) => Promise<T>,
): Promise<T> {
  const opened = await openInstallation({ home });
  try {
    return await work(opened);
  } finally {
    await opened.db.destroy();
  }
}
