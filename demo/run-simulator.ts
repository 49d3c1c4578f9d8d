import { parseArgs } from 'node:util';

import { startHttpsSimulator } from './https-simulator.ts';
import type { Service } from './service.ts';
import { readSecrets, readTls, type Secrets } from './simulator-files.ts';
import { runSpoolSimulator, type FileService } from './spool-simulator.ts';

/**
 * Runs a simulated provider as a process, until SIGTERM or SIGINT. What it knows is gone when it ends.
 *
 *   node demo/<provider>-simulator.ts --tls DIR [--port N] [--secrets DIR] [--rules FILE]
 *   node demo/<provider>-simulator.ts --outbound DIR --inbound DIR [--rules FILE]
 *
 * The first form prints `listening on https://localhost:PORT` when it is ready; the second is for providers of files.
 */

export interface Simulator {
  /** Clients must show a certificate of the authority in `ca.crt`. */
  readonly mutualTls?: true;
  // What the rules are is the service's own business: the two frames only hand them through.
  readonly https: (secrets: Secrets) => Service<unknown>;
  readonly files?: () => FileService<unknown>;
}

export async function runSimulator(simulator: Simulator): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      tls: { type: 'string' },
      secrets: { type: 'string' },
      outbound: { type: 'string' },
      inbound: { type: 'string' },
      rules: { type: 'string' },
    },
  });
  const { tls, secrets, outbound, inbound } = values;
  const rulesFile = values.rules === undefined ? {} : { rulesFile: values.rules };
  const log = (line: string) => console.log(line);
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  process.once('SIGINT', () => stop.abort());

  if (outbound !== undefined && inbound !== undefined && simulator.files) {
    await runSpoolSimulator({
      service: simulator.files(),
      outbound,
      inbound,
      ...rulesFile,
      stop: stop.signal,
      log,
    });
  } else if (tls !== undefined) {
    const service = simulator.https(await readSecrets(secrets));
    const running = await startHttpsSimulator({
      service,
      tls: await readTls(tls, simulator.mutualTls === true),
      port: Number(values.port),
      ...rulesFile,
      log,
    });
    log(`listening on ${running.url}`);
    stop.signal.addEventListener('abort', () => void running.close());
  } else {
    console.error('usage: --tls DIR [--port N] [--secrets DIR] [--rules FILE]');
    if (simulator.files) console.error('   or: --outbound DIR --inbound DIR [--rules FILE]');
    process.exitCode = 2;
  }
}
