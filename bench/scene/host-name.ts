import { namespace, noMounts } from '../../test/support/namespace.ts';

/** Stands before the words of a command, whose process keeps its pid: a name of the host that is seen by it alone. */
export function asHost(name: string): string[] {
  if (namespace === undefined) throw new Error(noMounts);
  const rename = 'echo "$0" > /proc/sys/kernel/hostname && exec "$@"';
  return ['unshare', ...namespace.unshare, '--uts', 'sh', '-c', rename, name];
}
