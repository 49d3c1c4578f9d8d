import { writeSync } from 'node:fs';

/** Loaded before a program: when it ends, it tells on stderr how much memory it had at most, in kilobytes. */
process.on('exit', () => writeSync(2, `peak memory: ${process.resourceUsage().maxRSS} kB\n`));
