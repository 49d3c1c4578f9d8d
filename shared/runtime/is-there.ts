import { lstat } from 'node:fs/promises';

import { errnoOf } from './faults.ts';

/** Whether something has that name; a link is not followed. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
