import { setTimeout as pause } from 'node:timers/promises';

import pg from 'pg';

import type { Emit } from '../../runtime/events.ts';
import { channel } from './bells.ts';
import { poolConfig, type PostgresOptions } from './open-postgres.ts';

/** How other sessions of the server see this one. */
export const doorbellName = 'enrol doorbell';

/** Between two looks whether the server still answers, and how long it has for that. */
const looks = { everySeconds: 10, answerSeconds: 5 };
/** Until a lost connection is made anew: doubling, and not for all hosts in the same moment. */
const retrySeconds = { first: 0.5, longest: 30 };
/** Rings that follow each other faster become one: a round of the loop asks the store a dozen things. */
const gapMilliseconds = 100;
/** So long a connection that leads nowhere keeps the process from ending. */
const farewellMilliseconds = 1000;

/**
 * Rings when another process has made something for this one. Only a hint that makes the next look come sooner: what
 * happens while the connection is lost is not told, and found by the look that comes anyway.
 *
 * Needs a connection of its own to the server itself, as a pooler that shares connections by transactions hands on no
 * notification.
 */
export class StoreDoorbell {
  readonly #config: pg.ClientConfig;
  readonly #word: string;
  readonly #onRing: () => void;
  readonly #emit: Emit;
  readonly #running: Promise<void>;
  #closed = false;
  /** Ends what is waited for. */
  #waiting = new AbortController();
  #lastRing = -Infinity;
  #later: NodeJS.Timeout | undefined;

  /** @param daemon rings for it, and for no other */
  constructor(options: PostgresOptions, daemon: string, onRing: () => void, emit: Emit) {
    const query_timeout = looks.answerSeconds * 1000;
    this.#config = { ...poolConfig(options), application_name: doorbellName, query_timeout };
    this.#word = daemon;
    this.#onRing = onRing;
    this.#emit = emit;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#closed) {
      const client = new pg.Client(this.#config);
      try {
        await this.#listen(client, () => (failures = 0));
      } catch (error) {
        if (failures === 0) this.#tell(error);
      } finally {
        await Promise.race([client.end().catch(() => undefined), pause(farewellMilliseconds)]);
      }
      const seconds = Math.min(retrySeconds.longest, retrySeconds.first * 2 ** Math.min(10, failures++));
      await this.#wait(seconds * (0.5 + Math.random() / 2));
    }
  }

  /** Until it is closed. @throws why the connection was lost */
  async #listen(client: pg.Client, onConnected: () => void): Promise<void> {
    let lost: Error | undefined;
    const lose = (error: Error) => {
      lost ??= error;
      this.#waiting.abort();
    };
    client.on('error', lose);
    client.on('end', () => lose(new Error('the server has ended the connection')));
    client.on('notification', ({ payload }) => {
      if (payload === this.#word) this.#ring();
    });
    await client.connect();
    await client.query(`listen ${channel}`);
    onConnected();
    this.#ring(); // What was made before this moment is not told.
    while (!this.#closed) {
      await this.#wait(looks.everySeconds);
      if (lost) throw lost;
      await client.query('select 1');
    }
  }

  #ring(): void {
    const wait = this.#lastRing + gapMilliseconds - performance.now();
    if (wait > 0) {
      this.#later ??= setTimeout(() => {
        this.#later = undefined;
        this.#ring();
      }, wait);
      return;
    }
    this.#lastRing = performance.now();
    this.#onRing();
  }

  async #wait(seconds: number): Promise<void> {
    if (this.#closed) return;
    this.#waiting = new AbortController();
    await pause(seconds * 1000, undefined, { signal: this.#waiting.signal }).catch(() => undefined);
  }

  #tell(error: unknown): void {
    this.#emit('doorbell.lost', { detail: error instanceof Error ? error.message : String(error) });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.abort();
    await this.#running;
    clearTimeout(this.#later);
  }
}
