import type { Runtime, Work } from '../shared/daemon/process.ts';
import { inboxStandings } from '../shared/operator/overview.ts';
import { ConsoleServer } from './server.ts';

/** Seconds between two rounds: the sign of life is given within them. */
const intervalSeconds = 5;

/**
 * The Administration Console, as a process of its own: whatever happens to it, files and jobs go on.
 *
 * @throws Fault KEY_UNREADABLE, SECRET_EXPOSED, LISTEN_FAILED
 */
export const administrationConsole = async (runtime: Runtime): Promise<Work> => {
  const server = await ConsoleServer.open(runtime);
  // Crowded inboxes are looked through before the first page asks; that page will tell what is wrong with them.
  inboxStandings(runtime.loaded, runtime.db, runtime.clock.now()).catch(() => undefined);
  return { tasks: [server], watch: [], intervalSeconds };
};
