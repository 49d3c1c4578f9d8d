import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Clock } from '../../../shared/runtime/clock.ts';
import type { Inbox } from '../../../shared/spool/inbox.ts';
import { openStore } from '../../../shared/store/open-store.ts';
import type { Db } from '../../../shared/store/tables.ts';
import { openTestInbox } from '../temporary-spool.ts';
import { createStore } from '../temporary-store.ts';

/** In memory where the machine has that: what is tested is the order of the calls, not the disk. */
const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Where one scene after the other is played, each in a place of its own. */
export class Theatre {
  readonly #folder = mkdtempSync(join(base, 'disk-'));

  static async open(): Promise<Theatre> {
    const theatre = new Theatre();
    await createStore(theatre.#emptyStore);
    return theatre;
  }

  get #emptyStore(): string {
    return join(this.#folder, 'empty.db');
  }

  /** An empty store, and an empty spool. */
  place(): Place {
    const place = new Place(join(this.#folder, randomUUID()));
    mkdirSync(place.spool, { recursive: true });
    copyFileSync(this.#emptyStore, place.store);
    return place;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** Store and spool: what is still there when a process has died. */
export class Place {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  get store(): string {
    return join(this.folder, 'enrol.db');
  }

  get spool(): string {
    return join(this.folder, 'spool');
  }

  /** Of the journal of a disk that will lose its power. */
  get journal(): string {
    return join(this.folder, 'journal');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** A clock that goes on by itself, like those of the file system, and can be put forward. */
export class FastClock implements Clock {
  #ahead = 0;
  readonly now = (): Date => new Date(Date.now() + this.#ahead * 1000);
  readonly monotonic = (): number => performance.now() + this.#ahead * 1000;
  advance(seconds: number): void {
    this.#ahead += seconds;
  }
}

/** What a process has at hand. */
export interface Hands {
  readonly db: Db;
  readonly inbox: Inbox;
  readonly clock: FastClock;
  /** Ends it, for the store, as SIGKILL would: nothing is signed off. */
  die(): Promise<void>;
}

export async function takeUp(place: Place): Promise<Hands> {
  const db = await openStore({ file: place.store, busySeconds: 5 });
  const clock = new FastClock();
  const inbox = await openTestInbox(db, place.spool, { clock, emit: () => undefined });
  return {
    db,
    inbox,
    clock,
    die: async () => {
      // No living process has started at that time, whatever its number.
      await db.updateTable('worker').set({ pid_start: '0' }).where('id', '=', inbox.worker.id).execute();
      await db.destroy();
    },
  };
}
