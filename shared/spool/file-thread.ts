import { parentPort } from 'node:worker_threads';

import { bug } from '../runtime/faults.ts';
import type { FileAnswer, FileMessage } from './file-calls.ts';
import { carryOut, packError, type FileOrder } from './file-orders.ts';

/** The program of the thread of file-calls.ts. */

const port = parentPort;
if (!port) throw bug('this is the program of a thread: file-calls.ts');

port.on('message', (orders: FileMessage) => {
  const begun = performance.now();
  const ends = orders.map(attempt);
  port.postMessage({ ends, milliseconds: performance.now() - begun } satisfies FileAnswer);
});
port.postMessage('ready' satisfies FileAnswer);

function attempt(
  order: FileOrder,
): { result: ReturnType<typeof carryOut> } | { error: ReturnType<typeof packError> } {
  try {
    return { result: carryOut(order) };
  } catch (thrown) {
    return { error: packError(thrown) };
  }
}
