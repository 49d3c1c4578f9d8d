import { spawnSync } from 'node:child_process';

/** Processes that believe to be on hosts of their own: each has a name of the host that is seen by it alone (uts_namespaces(7)). */

const ofRoot = ['unshare', '--uts'];
const ofUser = ['unshare', '--user', '--map-root-user', '--uts'];

const namespace = [ofRoot, ofUser].find(([program = '', ...words]) => {
  return spawnSync(program, [...words, 'hostname', 'a-host']).status === 0;
});

/** What the machine lacks for it; undefined: nothing. */
export const lacksHostNames = (): string | undefined =>
  namespace === undefined
    ? 'neither root nor this user may give a process a name of the host (unshare --uts)'
    : undefined;

/** What stands before the words of a command; the process keeps its pid. */
export function asHost(name: string): string[] {
  if (namespace === undefined) throw new Error(lacksHostNames());
  return [...namespace, 'sh', '-c', 'hostname "$0" && exec "$@"', name];
}
