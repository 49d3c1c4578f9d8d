import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';

import { loadKeyRing } from '../../shared/pgp/key-ring.ts';
import { openMessage, type OpenPolicy } from '../../shared/pgp/open.ts';
import { verifyMessage } from '../../shared/pgp/open-stream.ts';
import { toFault } from '../../shared/runtime/faults.ts';
import { peakMegabytes } from './peak-memory.ts';
import type { Measured, Task } from './pgp-process.ts';

/** Opens one message as its parent tells it (pgp-process.ts), and says what came of it and what it took. */

const { file, keys, maxPlaintextBytes, inMemory } = JSON.parse(process.argv[2] ?? '') as Task;
const policy: OpenPolicy = { signature: 'optional', signedBy: ['partner'], maxPlaintextBytes };
const ring = await loadKeyRing({ folder: keys, passphrase: undefined });
const seconds: number[] = [];
const outcome = await (inMemory ? openInMemory() : openAsStream()).catch(
  (error: unknown) => toFault(error).code,
);
const measured: Measured = { outcome, seconds, megabytes: peakMegabytes() };
console.log(JSON.stringify(measured));

async function timed<T>(work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    seconds.push((performance.now() - start) / 1000);
  }
}

async function openInMemory(): Promise<number> {
  const bytes = await readFile(file);
  return timed(async () => (await openMessage(bytes, ring, policy)).bytes.length);
}

async function openAsStream(): Promise<number> {
  const { content } = await timed(() => verifyMessage(() => createReadStream(file), ring, policy));
  return timed(async () => {
    let length = 0;
    for await (const piece of content()) length += piece.length;
    return length;
  });
}
