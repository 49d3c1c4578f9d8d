import { writeFileSync } from 'node:fs';

import { onFailPoint } from '../../shared/runtime/fail-point.ts';

/**
 * Loaded into a process of ours before its own code (NODE_OPTIONS=--import). The product knows nothing of these
 * variables:
 *
 *   KILL_AT=<point>:<n>   dies by SIGKILL at the n-th passing of a fail-point; `any:<n>`: at the n-th of them all
 *   KILL_SIGNAL=SIGSTOP   is stopped there, and does not die
 *   PASSINGS_FILE=<path>  at its end, writes down how often it passed each
 */
const { KILL_AT = '', KILL_SIGNAL = 'SIGKILL', PASSINGS_FILE } = process.env;
const [where, count] = KILL_AT.split(':');
let left = Number(count);
const passings: Record<string, number> = {};

onFailPoint((point) => {
  passings[point] = (passings[point] ?? 0) + 1;
  if ((where === point || where === 'any') && --left === 0) process.kill(process.pid, KILL_SIGNAL);
});

if (PASSINGS_FILE !== undefined) {
  process.on('exit', () => writeFileSync(PASSINGS_FILE, JSON.stringify(passings)));
}
