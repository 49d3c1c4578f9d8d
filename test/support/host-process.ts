import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

import { sql } from 'kysely';

import { engineOf } from '../../shared/store/engine.ts';
import { aliveWorkerIds } from '../../shared/store/workers.ts';
import type { Db } from '../../shared/store/tables.ts';
import { waitFor } from './wait-for.ts';

export const hostPreload = new URL('./pretended-host-preload.ts', import.meta.url).pathname;
const program = new URL('./host-program.ts', import.meta.url).pathname;

/** What a process of a pretended host works on. */
export interface HostWork {
  readonly kind: 'inbox' | 'publisher' | 'job';
  readonly home: string;
  /** File of an SQLite store, or URL of a server's. */
  readonly store: string;
}

/** How it ended, and what it told: names of events, and what test/support/host-program.ts tells besides. */
export interface HostEnd {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly stderr: string;
}

/** A process that works off what is there and ends, on a host of its own, with a short lease. */
export class HostProcess {
  readonly lines: string[] = [];
  readonly ended: Promise<HostEnd>;
  readonly #child: ChildProcess;

  /** @param stopAt it stops the n-th time that it comes by a fail-point; 0: never */
  constructor(host: string, { kind, home, store }: HostWork, stopAt = 0) {
    const child = spawn(process.execPath, [`--import=${hostPreload}`, program, kind, home, store], {
      env: { ...process.env, NODE_OPTIONS: '', PRETENDED_HOST: host, STOP_AT: String(stopAt) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(line));
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    this.ended = new Promise((resolve) => {
      child.on('close', (code) => resolve({ code, lines: this.lines, stderr }));
    });
  }

  /** @returns the fail-point at which it has stopped; undefined when it ended before it came to one */
  async stopped(): Promise<string | undefined> {
    const stop = () => this.lines.find((line) => line.startsWith('stop '));
    await waitFor(
      'a stop, or the end',
      () => (stop() !== undefined && this.#isStopped()) || this.#hasEnded(),
    );
    return stop()?.slice('stop '.length);
  }

  goOn(): void {
    this.#child.kill('SIGCONT');
  }

  /** For the end of a test that went wrong. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #hasEnded(): true | undefined {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || undefined;
  }

  #isStopped(): boolean {
    return isStopped(this.#child.pid ?? 0);
  }
}

/** By the state that proc(5) tells. */
export function isStopped(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
}

/** Waits until no process seems to live: their leases have ended. */
export async function leasesEnded(db: Db): Promise<void> {
  await waitFor('the end of all leases', async () => (await aliveWorkerIds(db, new Date())).length === 0);
}

/** Waits until a server has ended the transactions of processes that are stopped: their rows are locked as long. */
export async function transactionsEnded(db: Db): Promise<void> {
  if (engineOf(db) === 'sqlite') return;
  const open = sql<{ count: number }>`select count(*)::int as count from pg_stat_activity
    where datname = current_database() and state like 'idle in transaction%'`;
  await waitFor('the end of all transactions', async () => (await open.execute(db)).rows[0]?.count === 0);
}
