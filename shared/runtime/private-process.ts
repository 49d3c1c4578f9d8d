import { writeFileSync } from 'node:fs';

/** Nobody but the owner and the group; what is for the owner alone says so where it is made. */
const umask = 0o027;

/**
 * Keeps what this process holds from others, whoever has started it: files that it makes are not for everybody, and the
 * core of a crash has none of its memory, where keys and opened files are. Processes that it starts inherit both.
 */
export function keepPrivate(): void {
  process.umask(umask);
  try {
    writeFileSync('/proc/self/coredump_filter', '0'); // core(5)
  } catch {
    // Another system than Linux, or a container that forbids it.
  }
}
