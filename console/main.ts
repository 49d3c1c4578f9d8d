import type { Runtime, Work } from '../shared/daemon/process.ts';
import { ConsoleServer } from './server.ts';

/** Seconds between two rounds: the sign of life is given within them. */
const intervalSeconds = 5;

/**
 * The Administration Console, as a process of its own: whatever happens to it, files and jobs go on.
 *
 * @throws Fault KEY_UNREADABLE, SECRET_EXPOSED, LISTEN_FAILED
 */
export const administrationConsole = async (runtime: Runtime): Promise<Work> => ({
  tasks: [await ConsoleServer.open(runtime)],
  watch: [],
  intervalSeconds,
});
