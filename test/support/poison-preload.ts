import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

import { watchDisk } from './disk/calls.ts';

/**
 * Loaded into a real daemon before its own code (node --import): the process dies at once whenever it opens a file named
 * poison.json. POISON_WORK is the folder work/ of its inbox.
 */
watchDisk(process.env.POISON_WORK ?? '', async ({ name, path }, perform) => {
  if (name === 'open') dieOf(path);
  return perform();
});

/** The thread for groups of files opens them so. */
const { openSync } = fs;
fs.openSync = (path, ...others) => {
  dieOf(String(path));
  return openSync(path, ...others);
};
syncBuiltinESMExports();

function dieOf(path: string): void {
  if (path.endsWith('__poison.json')) process.kill(process.pid, 'SIGKILL');
}
