import { open } from 'node:fs/promises';

import { errnoOf } from '../shared/runtime/faults.ts';

/** As much of a log as a page takes. */
const tailBytes = 64 * 1024;

/** The last whole lines of a log file, in the order of time; undefined when there is no such file. */
export async function tailOf(file: string): Promise<string | undefined> {
  let handle;
  try {
    handle = await open(file);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - tailBytes);
    const buffer = Buffer.alloc(Math.min(size, tailBytes));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    const text = buffer.toString('utf8', 0, bytesRead);
    return start === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await handle.close();
  }
}
