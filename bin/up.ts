import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { Place } from '../shared/store/installation.ts';
import { exitCodes } from '../shared/runtime/exit-codes.ts';
import { listenForHangUp, listenForStop } from '../shared/runtime/signals.ts';

const entry = fileURLToPath(new URL('enrol.js', import.meta.url));

/**
 * Runs each daemon as a process of its own and passes its lines on. The first that ends by itself ends all: whoever
 * watches this terminal should not have to notice that one of them is missing. SIGHUP is for all of them.
 *
 * @returns exit code: 0 when all stopped cleanly
 */
export async function up(place: Place, daemons: readonly string[]): Promise<number> {
  const children = daemons.map((daemon) => start(place, daemon));
  const signals = listenForStop(() => children.forEach((child) => child.kill('SIGKILL')));
  const deafen = listenForHangUp(
    () => children.forEach((child) => child.kill('SIGHUP')),
    () => signals.end('the terminal is gone'),
  );
  // Whoever read this terminal's lines is gone: daemons that nobody sees must not go on.
  process.stdout.on('error', () => signals.end('stdout was closed'));
  signals.stop.addEventListener('abort', () => children.forEach((child) => child.kill('SIGTERM')));
  const codes = await Promise.all(
    children.map(async (child) => {
      const [code] = (await once(child, 'exit')) as [number | null];
      signals.end('a daemon has ended');
      return code;
    }),
  );
  signals.release();
  deafen();
  return codes.every((code) => code === 0) ? exitCodes.ok.code : exitCodes.failed.code;
}

function start({ home, configFile }: Place, daemon: string): ChildProcess {
  const options = ['--home', home, ...(configFile === undefined ? [] : ['--config', configFile])];
  const child = spawn(process.execPath, [entry, daemon, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout }).on('line', (line) => process.stdout.write(`${line}\n`));
  return child;
}
