import { readFileSync, writeSync } from 'node:fs';

/**
 * Loaded before a program: when it ends, it tells on stderr how much memory it had at most. From the kernel's own
 * account, since `maxRSS` includes what the parent had when it made this process.
 */
process.on('exit', () => {
  const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  writeSync(2, `peak memory: ${peak} kB\n`);
});
