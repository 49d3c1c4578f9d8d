import { parentPort, workerData } from 'node:worker_threads';

import { bug } from '../runtime/faults.ts';
import { carryOut, ownBytes, packFault, unpackKeys, type KeyBytes, type Order } from './thread-orders.ts';
import type { Answer } from './threads.ts';

/** The program of a thread of `PgpThreads`: carries out its orders, each as soon as it comes. */

const port = parentPort;
if (!port) throw bug('this is the program of a thread: threads.ts');
const ring = await unpackKeys(workerData as KeyBytes);

port.on('message', ({ id, order }: { id: number; order: Order }) => void answer(id, order));
port.postMessage('ready' satisfies Answer);

async function answer(id: number, order: Order): Promise<void> {
  try {
    const result = await carryOut(order, ring);
    const bytes = ownBytes(result.bytes);
    port?.postMessage({ id, result: { ...result, bytes } } satisfies Answer, [bytes.buffer]);
  } catch (thrown) {
    port?.postMessage({ id, fault: packFault(thrown) } satisfies Answer);
  }
}
