import type { Clock } from '../runtime/clock.ts';
import type { LoadedConfig } from '../runtime/config.ts';
import type { Fault } from '../runtime/faults.ts';
import { Lease } from '../store/lease.ts';
import type { Db } from '../store/tables.ts';
import { registerWorker, signOff, type Worker } from '../store/workers.ts';

interface Surroundings {
  readonly db: Db;
  readonly loaded: LoadedConfig;
  readonly clock: Clock;
}

/** A process while it is entered in the store. */
export interface Present extends Surroundings {
  readonly worker: Worker;
  readonly lease: Lease;
}

/**
 * Does something as a process that can hold files, batches and runs: entered in the store, with a lease that is renewed
 * all the while.
 *
 * @param daemon under which name
 * @param onLost is told when others have taken this process for dead: whatever it still has in hand is theirs
 * @throws Fault LEASE_LOST then, whatever came of the work; or what the work throws
 */
export async function asWorker<T>(
  surroundings: Surroundings,
  daemon: string,
  onLost: (fault: Fault) => void,
  work: (present: Present) => Promise<T>,
): Promise<T> {
  const { db, loaded, clock } = surroundings;
  const seconds = loaded.config.store.leaseSeconds;
  const worker = await registerWorker(db, daemon, clock.now(), loaded.digest, seconds);
  const lease = new Lease({ db, worker, clock, seconds, onLost });
  lease.start();
  try {
    const result = await work({ ...surroundings, worker, lease });
    if (lease.lost) throw lease.lost;
    return result;
  } catch (thrown) {
    throw await lease.causeOf(thrown);
  } finally {
    await lease.end();
    // If that can be done: a store that is full or damaged must not hide why the process ends, and a process that is gone
    // is known by its pid, or by its lease.
    await signOff(db, worker, clock.now()).catch(() => undefined);
  }
}
