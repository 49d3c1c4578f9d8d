import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Courier } from '../../daemons/adaptor/courier.ts';
import { providerOf } from '../../daemons/adaptor/provider.ts';
import { makeAuthority } from '../../demo/certificates.ts';
import { startHttpsSimulator, type HttpsSimulator } from '../../demo/https-simulator.ts';
import type { Service } from '../../demo/service.ts';
import { readTls, writeSimulatorFiles, type SimulatorFiles } from '../../demo/simulator-files.ts';
import type { Db } from '../../shared/store/tables.ts';
import { testRuntime, type TestRuntime } from './test-runtime.ts';

/** A provider behind a real HTTPS server, and the courier that calls it, in one process. */

export interface Caller {
  readonly rt: TestRuntime;
  readonly files: SimulatorFiles;
  /** The calls as the provider saw them: method, path, and what it did. */
  readonly calls: readonly string[];
  /** Sets how the provider answers from now on. */
  rules(rules: object): Promise<void>;
  /** Lets the courier work until nothing is due and no call is under way. */
  settle(): Promise<void>;
  /** A new process of ours takes the place of the one before. */
  restart(): Promise<void>;
  /** The server of the provider goes away. */
  serverGone(): Promise<void>;
  close(): Promise<void>;
}

export interface CallerOptions {
  /** Settings of the provider, beside transport and https. */
  readonly provider: object;
  readonly https?: object;
  readonly mutualTls?: boolean;
  /** A store that takes the place of a temporary one. */
  readonly db?: Db;
  service(files: SimulatorFiles): Promise<Service<unknown>> | Service<unknown>;
  /** The store as the courier has it. */
  readonly store?: (db: Db) => Db;
  /** How we prove who we are; the certificate, when left out. */
  readonly authentication?: (files: SimulatorFiles, url: string) => Promise<object> | object;
}

const never = new AbortController().signal;

export async function startCaller(id: string, options: CallerOptions): Promise<Caller> {
  const folder = await mkdtemp(join(tmpdir(), 'enrol-calling-'));
  const files = await writeSimulatorFiles(folder, await makeAuthority());
  const rulesFile = join(folder, 'rules.json');
  const rules = (content: object) => writeFile(rulesFile, JSON.stringify(content));
  await rules({});
  const calls: string[] = [];
  const simulator: HttpsSimulator = await startHttpsSimulator({
    service: await options.service(files),
    tls: await readTls(files.tls, options.mutualTls ?? false),
    rulesFile,
    log: (line) => calls.push(line),
  });
  const { caFile, certificateFile, keyFile } = files.caller;
  const authentication =
    options.authentication ?? (() => ({ authentication: 'certificate', certificateFile, keyFile }));
  const https = {
    url: simulator.url,
    caFile,
    // A busy machine may take its time; who wants a provider to be late asks for less.
    answerSeconds: 30,
    ...(await authentication(files, simulator.url)),
    ...options.https,
  };
  const config = { providers: { [id]: { ...options.provider, transport: 'https', https } } };
  const rt = await testRuntime(config, options.db);
  let ring = () => {};
  const newCourier = () => {
    const courier = new Courier(
      { ...rt, db: options.store?.(rt.db) ?? rt.db },
      providerOf(rt.loaded.config, id),
    );
    courier.listen(() => ring());
    return courier;
  };
  let courier = newCourier();
  let gone = false;
  return {
    rt,
    files,
    calls,
    rules,
    settle: async () => {
      for (;;) {
        const rung = new Promise<void>((resolve) => (ring = resolve));
        const { worked, waiting, running = 0 } = await courier.step(never);
        // The clock of the test stands still, and with it the pace.
        if (waiting > 0) rt.pass(0.1);
        else if (worked === 0 && running === 0) return;
        else if (worked === 0) await rung;
      }
    },
    restart: async () => {
      await courier.finish(AbortSignal.abort());
      courier = newCourier();
    },
    serverGone: async () => {
      gone = true;
      await simulator.close();
    },
    close: async () => {
      await courier.finish(AbortSignal.abort());
      if (!gone) await simulator.close();
      await rt.close();
      await rm(folder, { recursive: true });
    },
  };
}
