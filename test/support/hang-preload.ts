import promises from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Before a daemon: as long as the file HANG_WHILE is there, asking for the room on a disk never comes to an end. */

const { statfs } = promises;
const mark = process.env.HANG_WHILE ?? '';
promises.statfs = ((...words: Parameters<typeof statfs>) =>
  existsSync(mark) ? new Promise(() => undefined) : statfs(...words)) as typeof statfs;
syncBuiltinESMExports();
