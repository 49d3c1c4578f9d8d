import { once } from 'node:events';
import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';

import { errnoOf, Fault } from './faults.ts';

/** Takes away a socket that a killed process has left. @throws Fault LISTEN_FAILED when it is something else, or in use */
export async function removeStale(path: string): Promise<void> {
  const stat = await lstat(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw new Fault('LISTEN_FAILED', `${path} exists, and is no socket`);
  if (await answers(path)) throw new Fault('LISTEN_FAILED', `${path}: another process listens there`);
  await unlink(path);
}

async function answers(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
