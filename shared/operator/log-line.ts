import { levels, type Level } from '../runtime/events.ts';

/** A line of a log, as people read it. Pure. */

export interface LogLine {
  /** Missing where the line is none of ours, like what a process says when it dies. */
  readonly entry?: {
    /** ISO, UTC. */
    readonly time: string;
    readonly level: Level;
    readonly event: string;
    /** What the event is about, in the order of the line. */
    readonly fields: readonly (readonly [name: string, value: string])[];
  };
  /** As it stands in the file. */
  readonly whole: string;
}

/** Said elsewhere in the line, or too long for it. The whole line has them. */
const leftOut = ['time', 'level', 'daemon', 'event', 'class', 'action', 'stack', 'digest'];
const longest = 200;

export function readLogLine(whole: string): LogLine {
  const { time, level, event, ...others } = objectOf(whole);
  const known = levels.find((name) => name === level);
  if (typeof time !== 'string' || known === undefined || typeof event !== 'string') return { whole };
  const fields = Object.entries(others)
    .filter(([name, value]) => !leftOut.includes(name) && value !== null && value !== '')
    .map(([name, value]) => [name, shortened(value)] as const);
  return { entry: { time, level: known, event, fields }, whole };
}

/** What somebody has to look at; a line that is none of ours may well be one. */
export const isTrouble = ({ entry }: LogLine): boolean =>
  entry === undefined || entry.level === 'warn' || entry.level === 'error';

function objectOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function shortened(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
