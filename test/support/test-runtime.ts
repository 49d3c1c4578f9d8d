import { join } from 'node:path';

import type { Runtime } from '../../shared/daemon/process.ts';
import { configDigest } from '../../shared/runtime/config-digest.ts';
import { configSchema } from '../../shared/runtime/config-schema.ts';
import type { Emit } from '../../shared/runtime/events.ts';
import { Lease } from '../../shared/store/lease.ts';
import type { Db } from '../../shared/store/tables.ts';
import { registerWorker } from '../../shared/store/workers.ts';
import { temporaryStore } from './temporary-store.ts';

export interface TestRuntime extends Runtime {
  /** What was emitted, oldest first. */
  readonly events: readonly { readonly name: string; readonly fields: object }[];
  /** Lets time pass. */
  pass(seconds: number): void;
  close(): Promise<void>;
}

/**
 * What a process has at hand: a real store, real configuration, and a clock that stands still.
 *
 * @param elsewhere a store that takes the place of the temporary one
 */
export async function testRuntime(config: object = {}, elsewhere?: Db): Promise<TestRuntime> {
  const store = await temporaryStore();
  const { folder } = store;
  const db = elsewhere ?? store.db;
  const parsed = configSchema.parse(config);
  let now = Date.parse('2026-05-06T12:00:00.000Z');
  const clock = { now: () => new Date(now), monotonic: () => now };
  const events: { name: string; fields: object }[] = [];
  const worker = await registerWorker(db, 'test', clock.now());
  const emit: Emit = (name, fields) => events.push({ name, fields });
  return {
    loaded: { home: folder, file: join(folder, 'enrol.yaml'), config: parsed, digest: configDigest(parsed) },
    db,
    worker,
    lease: new Lease({ db, worker, clock, seconds: parsed.store.leaseSeconds }),
    clock,
    emit,
    events,
    pass: (seconds) => {
      now += seconds * 1000;
    },
    close: () => store.close(),
  };
}
