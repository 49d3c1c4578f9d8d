import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';

/** A mount namespace: what is mounted in it goes with its last process, so that nothing is left mounted. */

/** What `unshare` and `nsenter` need to be told on this machine. */
interface Namespace {
  readonly unshare: readonly string[];
  readonly nsenter: readonly string[];
}

const ofUser: Namespace = {
  unshare: ['--user', '--map-root-user', '--mount'],
  nsenter: ['--user', '--mount', '--preserve-credentials'],
};
/** Of root, where users may have no namespaces. */
const ofRoot: Namespace = { unshare: ['--mount'], nsenter: ['--mount'] };

/** Undefined where neither root nor this user may mount. */
export const namespace = [ofUser, ofRoot].find(({ unshare }) => {
  const mount = ['mount', '-t', 'tmpfs', 'tmpfs', tmpdir()];
  return spawnSync('unshare', [...unshare, ...mount]).status === 0;
});

/** Why nothing can be mounted here; undefined where it can. */
export const noMounts =
  namespace === undefined ? 'neither root nor this user may mount here (unshare, mount)' : undefined;
