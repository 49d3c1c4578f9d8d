import { closeSync, fstatSync, mkdirSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import winston from 'winston';

import { events, levels, type Emit, type EventFields, type EventName, type Level } from './events.ts';

export interface Log {
  readonly emit: Emit;
  /**
   * Resolves when every line is out, however slowly stdout is read; or when for two seconds none was taken there, which
   * is complained about on stderr. What is told afterwards is not written.
   */
  close(): Promise<void>;
}

export interface LogSettings {
  /** Name of the process in every line, and of its file. */
  readonly daemon: string;
  /** The least severe level that is written. */
  readonly level: Level;
  /** Also append to `<daemon>.log` and `failures.log` here. */
  readonly folder?: string;
  /** Told every event as well, also those that are less severe than what is written. */
  readonly onEvent?: Emit;
  /** stdout was closed by its reader: nobody listens any more, a daemon stops gracefully. Called once at most. */
  readonly onStdoutClosed?: () => void;
}

/** A reader of stdout that takes nothing for so long has stopped. */
const patienceMilliseconds = 2000;

/**
 * The log of a process: one JSON line per event, on stdout and in the files. A destination that fails is complained
 * about once on stderr; the others go on. A file that takes lines again tells how many it has missed (`log.lost`).
 */
export function createLog({ daemon, level, folder, onEvent, onStdoutClosed }: LogSettings): Log {
  let taken = 0;
  // Counted when the first is lost: a disk that stays full takes no line that says so.
  const onLost: OnLost = (file) => onEvent?.('log.lost', { file, lines: 1 });
  const stdout = fstatSync(1).isFile()
    ? patientSink(daemon, 'stdout', stdoutFile(), onLost)
    : stdoutStream(() => taken++, onStdoutClosed);
  const fileOf = (name: string) =>
    folder === undefined ? [] : [fileSink(daemon, join(folder, name), onLost)];
  const files = fileOf(`${daemon}.log`);
  const failures = fileOf('failures.log');
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

  const leastSevere = levels.indexOf(level);
  let open = true;
  let told = 0;
  return {
    emit: (name, fields) => {
      if (!open) return;
      onEvent?.(name, fields);
      const at = events[name].level;
      if (levels.indexOf(at) > leastSevere) return; // Not even made into a line.
      told++;
      logger.log({ level: at, message: eventLine(new Date(), at, daemon, name, fields) });
    },
    close: async () => {
      if (!open) return;
      open = false;
      const sinks = [stdout, ...files, ...failures];
      // winston says that it has finished when its last line was handed to the sinks, so they are ended after it.
      logger.on('finish', () => sinks.forEach((stream) => stream.end()));
      logger.end();
      const ended = new AbortController();
      const out = Promise.allSettled(sinks.map((stream) => finished(stream))).then(() => true);
      const isOut = await Promise.race([out, standstill(() => taken, ended.signal).then(() => false)]);
      ended.abort();
      if (!isOut) complain(`${told - taken} line(s) were not taken from stdout, and are given up`);
    },
  };
}

/** Resolves when a count stands still for as long as patience lasts, or when nobody waits any more. */
async function standstill(count: () => number, signal: AbortSignal): Promise<void> {
  for (let seen = -1; seen < count() && !signal.aborted;) {
    seen = count();
    await pause(patienceMilliseconds, undefined, { signal }).catch(() => undefined);
  }
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

/** Every try on a stdout that is gone fails again; only the first failure is told. @param onTaken called for each line */
function stdoutStream(onTaken: () => void, onClosed?: () => void): Writable {
  let lost = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (lost) return;
    lost = true;
    complain(`cannot write to stdout: ${messageOf(error)}`);
    if (error.code === 'EPIPE') onClosed?.();
  });
  return new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      process.stdout.write(line, () => {
        onTaken();
        done();
      });
    },
  });
}

/**
 * Every line opens, appends and closes: log rotation needs no signal, processes share a file, and a full disk is left
 * behind as soon as there is room. There are few lines, so that this costs nothing that counts.
 */
const fileSink = (daemon: string, file: string, onLost: OnLost): Writable =>
  patientSink(
    daemon,
    file,
    (text) => {
      mkdirSync(dirname(file), { recursive: true });
      const descriptor = openSync(file, 'a+', 0o640);
      try {
        // A disk that was filling up may have taken half a line, of this process or of another.
        writeFileSync(descriptor, endsWithinLine(descriptor) ? `\n${text}` : text);
      } finally {
        closeSync(descriptor);
      }
    },
    onLost,
  );

function endsWithinLine(descriptor: number): boolean {
  const { size } = fstatSync(descriptor);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last.toString() !== '\n';
}

/**
 * Writes stdout where it was led into a file. Not through the stream of Node: that one is closed for good by its first
 * error, and a disk that was full is not full for ever.
 */
function stdoutFile(): (text: string) => void {
  let half = false;
  return (text) => {
    const bytes = Buffer.from(half ? `\n${text}` : text);
    for (let written = 0; written < bytes.length; half = written < bytes.length) {
      written += writeSync(1, bytes, written);
    }
  };
}

/** Told the destination when it does not take a line any more, after it had. */
type OnLost = (destination: string) => void;

/** Counts the lines that could not be written, and tells their number in front of the next one that can. */
function patientSink(
  daemon: string,
  destination: string,
  write: (text: string) => void,
  onLost: OnLost,
): Writable {
  let lost = 0;
  return new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      try {
        write(lost === 0 ? line : `${lostLine(daemon, destination, lost)}\n${line}`);
        lost = 0;
      } catch (error) {
        if (lost++ === 0) {
          complain(`cannot write to ${destination}: ${messageOf(error)}`);
          onLost(destination);
        }
      }
      done();
    },
    final: (done) => {
      if (lost > 0) complain(`${lost} line(s) were not written to ${destination}`);
      done();
    },
  });
}

function lostLine(daemon: string, file: string, lines: number): string {
  const name = 'log.lost' satisfies EventName;
  const fields = { file, lines } satisfies EventFields[typeof name];
  return eventLine(new Date(), events[name].level, daemon, name, fields);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Straight to the descriptor, without any stream whose failure would be the next thing to complain about. */
function complain(about: string): void {
  try {
    writeSync(2, `log: ${about}\n`);
  } catch {
    // stderr is gone as well: there is nobody left to tell.
  }
}
