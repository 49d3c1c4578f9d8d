import { readdirSync } from 'node:fs';

import { onFailPoint } from '../../shared/runtime/fail-point.ts';

/**
 * Loaded into a real daemon before its own code (node --import): the process dies at once whenever it begins to work on
 * a file named poison.json. POISON_WORK is the folder work/ of its inbox.
 */
const work = process.env.POISON_WORK ?? '';

onFailPoint((point) => {
  if (point !== 'work.counted') return;
  if (readdirSync(work).some((name) => name.endsWith('__poison.json'))) process.kill(process.pid, 'SIGKILL');
});
