import { parentPort, workerData } from 'node:worker_threads';

import { bug } from '../runtime/faults.ts';
import type { KeyRing } from './key-ring.ts';
import { carryOut, ownBytes, packFault, unpackKeys, type KeyBytes, type Order } from './thread-orders.ts';
import type { Answer, Message } from './threads.ts';

/** The program of a thread of `PgpThreads`: carries out its orders, each as soon as it comes, with the keys of then. */

const port = parentPort;
if (!port) throw bug('this is the program of a thread: threads.ts');
let ring = unpackKeys(workerData as KeyBytes);
await ring;

port.on('message', (message: Message) => {
  if ('keys' in message) ring = unpackKeys(message.keys);
  else void answer(message.id, message.order, ring);
});
port.postMessage('ready' satisfies Answer);

async function answer(id: number, order: Order, keys: Promise<KeyRing>): Promise<void> {
  try {
    const result = await carryOut(order, await keys);
    const bytes = ownBytes(result.bytes);
    port?.postMessage({ id, result: { ...result, bytes } } satisfies Answer, [bytes.buffer]);
  } catch (thrown) {
    port?.postMessage({ id, fault: packFault(thrown) } satisfies Answer);
  }
}
