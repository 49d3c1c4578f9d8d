import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';

import { asHost } from './host-name.ts';
import { guard } from './leavings.ts';

/** Of the kernel's clock that counts what processes use; 100 on every Linux. */
const ticksPerSecond = 100;

/** A process under measurement: what it uses is read from the kernel's own account. */
export class BenchProcess {
  static readonly enrol = fileURLToPath(new URL('../../bin/enrol.js', import.meta.url));
  readonly #name: string;
  readonly #log: string;
  readonly #child: ChildProcess;

  /**
   * @param log file for everything that it says
   * @param host name of the host that it believes to be on; undefined: this one
   */
  constructor(name: string, words: readonly string[], log: string, host?: string) {
    this.#name = name;
    this.#log = log;
    const file = openSync(log, 'a');
    const [program = '', ...rest] = [...(host === undefined ? [] : asHost(host)), process.execPath, ...words];
    this.#child = spawn(program, rest, { stdio: ['ignore', file, file] });
    closeSync(file);
    guard(this.#child);
  }

  /** Waits until it has said something. */
  async said(text: string): Promise<void> {
    while (!readFileSync(this.#log, 'utf8').includes(text)) {
      this.mustRun();
      await pause(20);
    }
  }

  /** @throws with the end of its log when it has ended by itself */
  mustRun(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) return;
    throw new Error(`${this.#name} has ended: ${readFileSync(this.#log, 'utf8').slice(-2000)}`);
  }

  /** Seconds of CPU that it has used, all its threads together. */
  cpuSeconds(): number {
    // The name stands in parentheses, and may hold blanks.
    const fields = this.#account('stat')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }

  /** Now. */
  residentMegabytes(): number {
    return this.#status('VmRSS');
  }

  /** At most, since it was started. */
  peakMegabytes(): number {
    return this.#status('VmHWM');
  }

  #status(name: string): number {
    return Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(this.#account('status'))?.[1]) / 1000;
  }

  #account(name: string): string {
    return readFileSync(`/proc/${this.#child.pid ?? 0}/${name}`, 'utf8');
  }

  /** Ends it in order. @throws when it does not end well */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await exit;
    }
    if (this.#child.exitCode !== 0)
      throw new Error(`${this.#name}: ${readFileSync(this.#log, 'utf8').slice(-2000)}`);
  }
}
