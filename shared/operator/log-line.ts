import { levels, type Level } from '../runtime/events.ts';

/** A line of a log, as people read it. Pure. */

export interface LogLine {
  /** Missing where the line is none of ours, like what a process says when it dies. */
  readonly entry?: {
    /** ISO, UTC. */
    readonly time: string;
    readonly level: Level;
    readonly daemon: string;
    readonly event: string;
    /** What the event is about, in the order of the line. */
    readonly fields: readonly (readonly [name: string, value: string])[];
    /** What to do about it, of a fault. */
    readonly action: string | undefined;
  };
  /** As it stands in the file. */
  readonly whole: string;
}

/** Said elsewhere in the line, or of no use to people. The whole line has them. */
const leftOut = ['class', 'action', 'stack', 'digest'];
const usualLength = 200;

/** @param longest characters of a field that are shown */
export function readLogLine(whole: string, longest = usualLength): LogLine {
  const { time, level, daemon, event, ...others } = objectOf(whole);
  const known = levels.find((name) => name === level);
  if (typeof time !== 'string' || known === undefined || typeof event !== 'string') return { whole };
  const { action } = others;
  const fields = Object.entries(others)
    .filter(([name, value]) => !leftOut.includes(name) && value !== null && value !== '')
    .map(([name, value]) => [name, shortened(value, longest)] as const);
  const entry = {
    time,
    level: known,
    daemon: typeof daemon === 'string' ? daemon : '',
    event,
    fields,
    action: typeof action === 'string' ? action : undefined,
  };
  return { entry, whole };
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

function shortened(value: unknown, longest: number): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
