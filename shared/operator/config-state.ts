import { ConfigFault, loadConfig, type ConfigProblem, type LoadedConfig } from '../runtime/config.ts';
import { aliveWorkers } from '../store/workers.ts';
import type { Db, Row } from '../store/tables.ts';

/** The configuration file as it is now, beside what the processes run with. */
export interface ConfigState {
  /** What the file says; undefined when it has problems. */
  readonly onDisk: LoadedConfig | undefined;
  readonly problems: readonly ConfigProblem[];
  /** Running processes that have read another configuration than the file has now, by name; empty with problems. */
  readonly outdated: readonly OutdatedProcess[];
}

export type OutdatedProcess = Pick<Row<'worker'>, 'id' | 'daemon' | 'host' | 'pid'>;

/** @throws Fault STORE_… */
export async function configState(loaded: LoadedConfig, db: Db, now: Date): Promise<ConfigState> {
  const { onDisk, problems } = await readAgain(loaded);
  if (onDisk === undefined) return { onDisk, problems, outdated: [] };
  const outdated = (await aliveWorkers(db, now)).filter(
    ({ config_digest }) => config_digest !== null && config_digest !== onDisk.digest,
  );
  return { onDisk, problems, outdated };
}

async function readAgain({ home, file }: LoadedConfig): Promise<Pick<ConfigState, 'onDisk' | 'problems'>> {
  try {
    return { onDisk: await loadConfig({ home, file, env: process.env }), problems: [] };
  } catch (error) {
    if (error instanceof ConfigFault) return { onDisk: undefined, problems: error.problems };
    throw error;
  }
}
