import { isDeepStrictEqual } from 'node:util';

import { configDigest } from './config-digest.ts';
import type { LoadedConfig } from './config.ts';

/** What a process has opened at its start, and keeps to its end. */
const fixed = ['store', 'log', 'metrics'] as const;

export interface Renewed {
  /** What the process can go on with: the new configuration, but for what it has opened for good. */
  readonly loaded: LoadedConfig;
  /** Names of groups that were changed, and wait for a restart. */
  readonly needRestart: readonly string[];
}

/** What becomes of a process that runs with one configuration when its file says another. Pure. */
export function renewed(running: LoadedConfig, next: LoadedConfig): Renewed {
  const needRestart = fixed.filter((group) => !isDeepStrictEqual(running.config[group], next.config[group]));
  if (needRestart.length === 0) return { loaded: next, needRestart };
  const { store, log, metrics } = running.config;
  const config = { ...next.config, store, log, metrics };
  // That of no file: the process goes on being named among those that run with something else than the file says.
  return { loaded: { ...next, config, digest: configDigest(config) }, needRestart };
}
