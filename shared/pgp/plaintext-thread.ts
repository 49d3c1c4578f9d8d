import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';

import { bug } from '../runtime/faults.ts';
import type { MessageSource } from './message-source.ts';
import type { DataKey } from './modification-code.ts';
import { PieceReader, PieceWriter } from './piece-channel.ts';

/** What the thread needs to know. It is given the session key of this one message, and none of our keys. */
export interface PlaintextTask {
  readonly dataKey: DataKey;
  readonly date: Date;
  readonly maxPlaintextBytes: number;
}

/** Where it finds the message, and where it puts the content. */
export interface PlaintextPorts {
  readonly message: MessagePort;
  readonly content: MessagePort;
}

/**
 * The content of a message that was verified, as `plaintext` gives it, decrypted in a thread of its own while what came
 * before is worked on here. The source is read in this thread. A few pieces at most are ahead of what is taken.
 *
 * @throws Fault as `plaintext`, BUG when the thread ends before the content does; and what the source throws
 */
export async function* plaintextInThread(
  source: MessageSource,
  task: PlaintextTask,
): AsyncGenerator<Uint8Array, void> {
  const [message, content] = [new MessageChannel(), new MessageChannel()];
  const ports: PlaintextPorts = { message: message.port2, content: content.port2 };
  const thread = new Worker(new URL('./plaintext-worker.ts', import.meta.url), {
    workerData: { ...task, ...ports },
    transferList: [ports.message, ports.content],
  });
  const reader = new PieceReader(content.port1);
  const fail = (error: unknown) => reader.fail(error as Error);
  thread.on('error', fail);
  thread.on('exit', () => fail(bug('the thread that decrypts has ended')));
  const feeding = feed(source, new PieceWriter(message.port1)).catch(fail);
  try {
    yield* reader.pieces();
  } finally {
    message.port1.close();
    content.port1.close();
    await thread.terminate();
    // The source is let go of before anybody is told that this is over.
    await feeding;
  }
}

async function feed(source: MessageSource, writer: PieceWriter): Promise<void> {
  // Copies: the pieces are the source's own, which may need them again.
  for await (const piece of source()) await writer.write(new Uint8Array(piece));
  writer.end();
}
