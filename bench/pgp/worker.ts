import { parentPort, workerData } from 'node:worker_threads';

import { readPrivateKey } from '../../shared/pgp/library.ts';
import { pgpConfig } from '../../shared/pgp/settings.ts';
import { openAlone, sealAlone, type Parties } from './alone.ts';
import type { Order, Outputs, WorkerSetup } from './pool.ts';

/** A thread of the pool: takes the next input as long as there is one, and gives back what came of each. */

const port = parentPort;
if (!port) throw new Error('this is a thread of the pool, see pool.ts');
const { signer, recipient, taken } = workerData as WorkerSetup;
const parties: Parties = {
  signer: await readPrivateKey({ armoredKey: signer, config: pgpConfig }),
  recipient: await readPrivateKey({ armoredKey: recipient, config: pgpConfig }),
};
const next = new Int32Array(taken);
let order: Order | undefined;

port.on('message', (message: Order | 'go') => {
  if (message === 'go') void work();
  else {
    order = message;
    port.postMessage('ready');
  }
});

async function work(): Promise<void> {
  const { task, inputs, inFlight } = order ?? { task: 'open', inputs: [], inFlight: 1 };
  const once = task === 'open' ? openAlone : sealAlone;
  const outputs: Outputs = [];
  const line = async () => {
    for (;;) {
      const index = Atomics.add(next, 0, 1);
      const input = inputs[index];
      if (input === undefined) return;
      outputs.push([index, await once(input, parties)]);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, line));
  port?.postMessage(outputs);
}
