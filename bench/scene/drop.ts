import { mkdirSync, renameSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { dispatchBytes } from '../../test/support/dispatches.ts';
import type { PgpPool } from '../pgp/pool.ts';
import type { Home } from './home.ts';

/** Files that wait beside an inbox, on its disk, until they are dropped. */
export class Waiting {
  readonly #home: Home;
  readonly #inbox: string;
  readonly #folder: string;
  readonly #names: string[] = [];

  constructor(home: Home, inbox: string) {
    this.#home = home;
    this.#inbox = inbox;
    this.#folder = join(home.home, 'waiting');
    mkdirSync(this.#folder, { recursive: true });
  }

  /** Paths of those that still wait. */
  get paths(): string[] {
    return this.#names.map((name) => join(this.#folder, name));
  }

  async add(files: readonly (readonly [name: string, bytes: Uint8Array | string])[]): Promise<void> {
    for (const [name, bytes] of files) {
      await writeFile(join(this.#folder, name), bytes);
      this.#names.push(name);
    }
  }

  /** A file that was written elsewhere in the installation. */
  take(path: string, name: string): void {
    renameSync(path, join(this.#folder, name));
    this.#names.push(name);
  }

  /** Drops the next ones, as careful senders do: by renaming. */
  drop(count: number): void {
    for (const name of this.#names.splice(0, count))
      renameSync(join(this.#folder, name), this.#home.spool(this.#inbox, 'in', name));
  }
}

export const dispatchInbox = 'inboundSalesOrderDispatch';

/** Dispatches of one order with ten devices, as the warehouse seals them. @param from number of the first */
export async function sealDispatches(pool: PgpPool, from: number, count: number): Promise<Uint8Array[]> {
  const documents = Array.from({ length: count }, (_, index) => {
    const id = String(from + index);
    return dispatchBytes({ id, devices: Array.from({ length: 10 }, (__, n) => `BENCH${id}X${n}`) });
  });
  return pool.all('seal', documents);
}

/** Names and bytes. */
export const named = (files: readonly Uint8Array[], from = 0): [string, Uint8Array][] =>
  files.map((bytes, index) => [`dispatch.${from + index}.json.pgp`, bytes]);

/** What a daemon works off first, so that it is measured as it runs all day, and not as it starts. */
export const warmUp = (count: number): number => Math.max(20, Math.min(300, Math.ceil(count / 10)));
