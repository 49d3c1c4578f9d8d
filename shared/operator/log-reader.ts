import { join } from 'node:path';

import type { LoadedConfig } from '../runtime/config.ts';
import { levels, type Level } from '../runtime/events.ts';
import { Fault } from '../runtime/faults.ts';
import { logFolder } from '../runtime/paths.ts';
import { processNames, type ProcessName } from '../runtime/process-names.ts';
import { readLogLine, type LogLine } from './log-line.ts';
import { followLog, tailOf, type LogPart, type LogPlace } from './log-tail.ts';

/** The logs of all processes as one, for a terminal. */

export interface LogChoice {
  /** Undefined: all. */
  readonly daemons?: readonly ProcessName[] | undefined;
  /** Only what `failures.log` has. */
  readonly failures: boolean;
  /** The least severe level; undefined: all that is written. */
  readonly level?: Level | undefined;
}

export interface LogFile {
  readonly path: string;
  readonly wanted: (line: LogLine) => boolean;
}

export interface ReadLog {
  /** Oldest first. */
  readonly lines: readonly LogLine[];
  /** Each file that is there, and where its lines to come begin. */
  readonly places: ReadonlyMap<string, LogPlace>;
}

/** What is read at first, and at most, to find enough lines that are wanted. */
const firstBytes = 256 * 1024;
const mostBytes = 64 * 1024 * 1024;
/** Milliseconds in which lines of several files gather, so that they can be put in order. */
const gatherMilliseconds = 300;

/**
 * The files that have the lines.
 *
 * @throws Fault NOT_ALLOWED when the log is not written into files
 */
export function logFilesOf(
  loaded: Pick<LoadedConfig, 'home' | 'config'>,
  { daemons, failures, level }: LogChoice,
): LogFile[] {
  const folder = logFolder(loaded);
  if (folder === undefined) throw new Fault('NOT_ALLOWED', noFiles);
  const least = level === undefined ? Infinity : levels.indexOf(level);
  const isSevere = ({ entry }: LogLine) => entry === undefined || levels.indexOf(entry.level) <= least;
  const isOf = ({ entry }: LogLine) =>
    daemons === undefined || daemons.some((name) => name === entry?.daemon);
  if (!failures) {
    const names = daemons ?? processNames;
    return names.map((name) => ({ path: join(folder, `${name}.log`), wanted: isSevere }));
  }
  return [{ path: join(folder, 'failures.log'), wanted: (line) => isSevere(line) && isOf(line) }];
}

const noFiles =
  'the log is in no files, since log.folder is not set: the service manager keeps it. ' +
  'journalctl --output=cat --unit=UNIT shows it; --follow what comes';

/** The newest lines of all files together. */
export async function lastLines(files: readonly LogFile[], count: number): Promise<ReadLog> {
  const tails = await Promise.all(files.map(async (file) => ({ file, ...(await tailWith(file, count)) })));
  const lines = newest(inOrder(tails.map((tail) => tail.lines)), count);
  const places = tails.flatMap(({ file, next }) => (next === undefined ? [] : [[file.path, next] as const]));
  return { lines, places: new Map(places) };
}

async function tailWith(
  { path, wanted }: LogFile,
  count: number,
): Promise<{ lines: LogLine[]; next?: LogPlace }> {
  for (let bytes = firstBytes; ; bytes *= 4) {
    const part = await tailOf(path, bytes);
    if (part === undefined) return { lines: [] };
    const lines = linesOf(part).filter(wanted);
    if (lines.length >= count || !part.skipped || bytes >= mostBytes) {
      return { lines: newest(lines, count), next: part.next };
    }
  }
}

/**
 * The lines that come, until it is told to stop: also when a file is put aside, cut off, or not there yet. In the order of
 * time as far as they come together.
 *
 * @param tell given lines, and whether lines before them were left out, because too many came at once
 */
export async function followLines(
  files: readonly LogFile[],
  places: ReadonlyMap<string, LogPlace>,
  tell: (lines: readonly LogLine[], skipped: boolean) => void,
  stop: AbortSignal,
): Promise<void> {
  const gathered: LogLine[][] = [];
  let skipped = false;
  const pass = () => {
    const lines = inOrder(gathered.splice(0));
    if (lines.length > 0 || skipped) tell(lines, skipped);
    skipped = false;
  };
  const timer = setInterval(pass, gatherMilliseconds);
  try {
    await Promise.all(
      files.map(async ({ path, wanted }) => {
        for await (const part of followLog(path, places.get(path), stop)) {
          gathered.push(linesOf(part).filter(wanted));
          skipped ||= part.skipped;
        }
      }),
    );
  } finally {
    clearInterval(timer);
  }
  pass();
}

const newest = (lines: LogLine[], count: number): LogLine[] => (count === 0 ? [] : lines.slice(-count));

const linesOf = (part: LogPart): LogLine[] => part.lines.map((line) => readLogLine(line, Infinity));

/** What is none of our lines has the time of the line before it. */
function inOrder(files: readonly (readonly LogLine[])[]): LogLine[] {
  const timed = files.flatMap((lines) => {
    let time = '';
    return lines.map((line) => {
      time = line.entry?.time ?? time;
      return { time, line };
    });
  });
  return timed.sort((a, b) => (a.time < b.time ? -1 : Number(a.time > b.time))).map(({ line }) => line);
}
