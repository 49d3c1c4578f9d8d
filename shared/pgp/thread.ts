import './thread-crypto.ts';
import { parentPort, workerData } from 'node:worker_threads';

import { bug } from '../runtime/faults.ts';
import type { KeyRing } from './key-ring.ts';
import { carryOut, ownBytes, packFault, unpackKeys, type KeyBytes } from './thread-orders.ts';
import type { Answer, End, Message, NumberedOrder } from './threads.ts';

/** The program of a thread of `PgpThreads`: carries out its orders, each with the keys of when it came. */

/** Orders at the same time: while one waits for Node's own threads, which do a part of it, another goes on. */
const sideBySide = 4;
/** So many ends make a message, unless there is nothing more to do. */
const endsTogether = 16;

const port = parentPort;
if (!port) throw bug('this is the program of a thread: threads.ts');
let ring = unpackKeys(workerData as KeyBytes);
await ring;

const waiting: (() => Promise<End>)[] = [];
let underWay = 0;
let ends: End[] = [];

port.on('message', (message: Message) => {
  if ('keys' in message) ring = unpackKeys(message.keys);
  else {
    const keys = ring;
    waiting.push(...message.orders.map((order) => () => carryOutWith(order, keys)));
    while (underWay < sideBySide && waiting.length > 0) void goOn();
  }
});
port.postMessage('ready' satisfies Answer);

/** Carries out one order after the other until none waits. */
async function goOn(): Promise<void> {
  underWay++;
  for (let next; (next = waiting.shift()) !== undefined;) {
    const end = await next();
    ends.push(end);
    if (ends.length === endsTogether) tell();
  }
  if (--underWay === 0) tell();
}

async function carryOutWith({ id, order }: NumberedOrder, keys: Promise<KeyRing>): Promise<End> {
  try {
    const result = await carryOut(order, await keys);
    return { id, result: { ...result, bytes: ownBytes(result.bytes) } };
  } catch (thrown) {
    return { id, fault: packFault(thrown) };
  }
}

function tell(): void {
  const own = ends.flatMap((end) => ('result' in end ? [end.result.bytes.buffer as ArrayBuffer] : []));
  port?.postMessage(ends satisfies Answer, own);
  ends = [];
}
