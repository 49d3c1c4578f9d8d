import { writeSync } from 'node:fs';

import { peakMegabytes } from './peak-memory.ts';

/** Loaded before a program: when it ends, it tells on stderr how much memory it had at most. */
process.on('exit', () => void writeSync(2, `peak memory: ${Math.ceil(peakMegabytes())} MB\n`));
