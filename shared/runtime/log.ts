import { appendFileSync, mkdirSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import winston from 'winston';

import { events, levels, type Emit, type Level } from './events.ts';

export interface Log {
  readonly emit: Emit;
  /** Resolves when every line is out, or two seconds have passed. What is told afterwards is not written. */
  close(): Promise<void>;
}

export interface LogSettings {
  /** Name of the process in every line, and of its file. */
  readonly daemon: string;
  /** The least severe level that is written. */
  readonly level: Level;
  /** Also append to `<daemon>.log` and `failures.log` here. */
  readonly folder?: string;
  /** stdout was closed by its reader: nobody listens any more, a daemon stops gracefully. Called once at most. */
  readonly onStdoutClosed?: () => void;
}

const closeMilliseconds = 2000;

/**
 * The log of a process: one JSON line per event, on stdout and in the files. A destination that fails is complained
 * about once on stderr and never through the log itself; the others go on.
 */
export function createLog({ daemon, level, folder, onStdoutClosed }: LogSettings): Log {
  const stdout = stdoutSink(onStdoutClosed);
  const files = folder === undefined ? [] : [fileSink(join(folder, `${daemon}.log`))];
  const failures = folder === undefined ? [] : [fileSink(join(folder, 'failures.log'))];
  const logger = winston.createLogger({
    level,
    levels: Object.fromEntries(levels.map((name, severity) => [name, severity])),
    format: winston.format.printf(({ message }) => String(message)),
    // The files come first: what is on stdout is in them already.
    transports: [
      ...failures.map((stream) => transport(stream, failureLevel(level))),
      ...[...files, stdout].map((stream) => transport(stream, level)),
    ],
  });

  let open = true;
  return {
    emit: (name, fields) => {
      if (!open) return;
      const at = events[name].level;
      logger.log({ level: at, message: eventLine(new Date(), at, daemon, name, fields) });
    },
    close: async () => {
      if (!open) return;
      open = false;
      const sinks = [stdout, ...files, ...failures];
      // winston says that it has finished when its last line was handed to the sinks, so they are ended after it.
      logger.on('finish', () => sinks.forEach((stream) => stream.end()));
      logger.end();
      const signal = AbortSignal.timeout(closeMilliseconds);
      await Promise.allSettled(sinks.map((stream) => finished(stream, { signal })));
    },
  };
}

const transport = (stream: Writable, level: Level) =>
  new winston.transports.Stream({ stream, level, eol: '\n' });

/** Warnings and errors; of a log that takes errors only, these. */
const failureLevel = (level: Level): Level => (level === 'error' ? 'error' : 'warn');

/**
 * One event as one line of JSON. JSON escapes only some control characters; the others are escaped too, as are those
 * that break lines or turn the direction of the text, so that a file name cannot forge a line or steer a terminal.
 */
export function eventLine(time: Date, level: Level, daemon: string, event: string, fields: object): string {
  const line = JSON.stringify({ time: time.toISOString(), level, daemon, event, ...fields });
  return line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeUnits);
}

function escapeUnits(text: string): string {
  return text
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

/** Every try on a stdout that is gone fails again; only the first failure is told. */
function stdoutSink(onClosed?: () => void): Writable {
  let lost = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (lost) return;
    lost = true;
    complain('stdout', error);
    if (error.code === 'EPIPE') onClosed?.();
  });
  return new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      process.stdout.write(line, () => done());
    },
  });
}

/**
 * Every line opens, appends and closes: log rotation needs no signal, processes share a file, and a full disk is left
 * behind as soon as there is room. There are few lines, so that this costs nothing that counts.
 */
function fileSink(file: string): Writable {
  let failing = false;
  const append = (line: string) => {
    try {
      mkdirSync(dirname(file), { recursive: true });
      appendFileSync(file, line, { mode: 0o640 });
      failing = false;
    } catch (error) {
      if (!failing) complain(file, error);
      failing = true;
    }
  };
  return new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      append(line);
      done();
    },
  });
}

/** Straight to the descriptor, without any stream whose failure would be the next thing to complain about. */
function complain(destination: string, error: unknown): void {
  const why = error instanceof Error ? error.message : String(error);
  try {
    writeSync(2, `log: cannot write to ${destination}: ${why}\n`);
  } catch {
    // stderr is gone as well: there is nobody left to tell.
  }
}
