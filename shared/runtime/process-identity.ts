import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** What tells one process from every other, also from a later one with the same pid. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Start time in clock ticks since boot; empty where the system has no /proc. */
  readonly pidStart: string;
}

export const ownIdentity = (): ProcessIdentity => ({
  host: hostname(),
  pid: process.pid,
  pidStart: startOf(process.pid) ?? '',
});

/** Whether the process of this host still runs. A process of another host cannot be judged from here: undefined. */
export function stillRuns(other: ProcessIdentity): boolean | undefined {
  if (other.host !== hostname()) return undefined;
  if (other.pidStart !== '') return startOf(other.pid) === other.pidStart;
  try {
    process.kill(other.pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Field 22 of /proc/PID/stat (proc(5)); the command in field 2 may hold blanks, so the count starts behind it. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined; // No such process.
  }
}
