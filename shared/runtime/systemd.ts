import { spawn } from 'node:child_process';
import { once } from 'node:events';

import type { Standstill } from './progress.ts';

/** What a process tells systemd about itself: sd_notify(3), systemd.service(5). */
export interface ServiceManager {
  /** @param status one line, for `systemctl status` */
  ready(status: string): void;
  reloading(): void;
  stopping(status: string): void;
  /**
   * Says at the pace of WatchdogSec= that all is well, as long as it is: the event loop is free, since it is its timer that
   * says so, and no round hangs. When nothing is said, systemd ends the process and starts another.
   *
   * @param onHang is told once of each round that hangs
   */
  watch(standstill: () => Standstill | undefined, onHang: (hanging: Standstill) => void): void;
  /** No ping any more; resolves when everything is told. */
  end(): Promise<void>;
}

/** So many times the time of the watchdog may pass without progress: one step may be long, a round that hangs is for ever. */
const patience = 5;
/** Pings within the time of the watchdog. */
const pings = 3;

const nobody: ServiceManager = {
  ready: () => undefined,
  reloading: () => undefined,
  stopping: () => undefined,
  watch: () => undefined,
  end: () => Promise.resolve(),
};

/**
 * The systemd that has started this process; a dummy where it was somebody else. Its socket is one for datagrams, which
 * Node has not: `systemd-notify` sends each message, and the unit has `NotifyAccess=all`.
 *
 * @param onFailure is told once when nothing can be told
 */
export function serviceManager(
  onFailure: (detail: string) => void,
  environment: NodeJS.ProcessEnv = process.env,
): ServiceManager {
  const { NOTIFY_SOCKET: socket = '' } = environment;
  return socket === '' ? nobody : new Systemd(onFailure, environment);
}

class Systemd implements ServiceManager {
  readonly #onFailure: (detail: string) => void;
  readonly #environment: NodeJS.ProcessEnv;
  #failed = false;
  #timer: NodeJS.Timeout | undefined;
  /** Messages arrive in the order in which they were told. */
  #told: Promise<void> = Promise.resolve();

  constructor(onFailure: (detail: string) => void, environment: NodeJS.ProcessEnv) {
    this.#onFailure = onFailure;
    this.#environment = environment;
  }

  ready(status: string): void {
    this.#tell('READY=1', statusLine(status));
  }

  reloading(): void {
    // Of the same clock as CLOCK_MONOTONIC, which systemd compares it with.
    const microseconds = process.hrtime.bigint() / 1000n;
    this.#tell('RELOADING=1', `MONOTONIC_USEC=${microseconds}`, 'STATUS=Reading the configuration again');
  }

  stopping(status: string): void {
    this.#tell('STOPPING=1', statusLine(status));
  }

  watch(standstill: () => Standstill | undefined, onHang: (hanging: Standstill) => void): void {
    const milliseconds = watchdogMilliseconds(this.#environment);
    if (milliseconds === undefined) return;
    let told = false;
    this.#timer = setInterval(() => {
      const longest = standstill();
      const hangs = longest !== undefined && longest.milliseconds > patience * milliseconds;
      if (!hangs) this.#tell('WATCHDOG=1');
      else if (!told) onHang(longest);
      told = hangs;
    }, milliseconds / pings).unref();
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#told;
  }

  #tell(...assignments: readonly string[]): void {
    this.#told = this.#told.then(() => this.#send(assignments));
  }

  /** A manager that is not told must not keep anybody from work: it will see to that itself. */
  async #send(assignments: readonly string[]): Promise<void> {
    const { NOTIFY_SOCKET, PATH } = this.#environment;
    try {
      const child = spawn('systemd-notify', assignments, { stdio: 'ignore', env: { NOTIFY_SOCKET, PATH } });
      const [code] = (await once(child, 'exit')) as [number | null];
      if (code !== 0) throw new Error(`systemd-notify ended with ${code ?? 'a signal'}`);
    } catch (error) {
      if (!this.#failed) this.#onFailure((error as Error).message);
      this.#failed = true;
    }
  }
}

/** What the unit says with WatchdogSec=; undefined: nothing, or it is meant for another process. */
function watchdogMilliseconds({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv): number | undefined {
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(process.pid)) return undefined;
  const microseconds = Number(WATCHDOG_USEC ?? 0);
  return microseconds > 0 ? microseconds / 1000 : undefined;
}

/** A line end would begin another assignment. */
const statusLine = (status: string): string => `STATUS=${status.replace(/\p{Cc}+/gu, ' ')}`;
