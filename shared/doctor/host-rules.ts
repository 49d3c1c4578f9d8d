import { checksOf, type Check } from './check.ts';

/** Whether the machine lets the product work: limits, inotify, memory, clock. Pure. */

const { ok, warning, wrong, notChecked } = checksOf('Host');

/** Open files that a process may have: sockets, files of a group, threads and the store stay far below. */
const enoughOpenFiles = 1024;
const tooFewOpenFiles = 256;
/** The loader had 738 MB at most in the measurements of docs/performance.md; with less than half a GB none was tried. */
const enoughMegabytes = 512;
/** Free inotify instances and watches that are enough: a daemon has one instance, and one watch for each drop folder. */
const enoughInstances = 16;
const enoughWatches = 1000;

/** What the kernel lets a process do, from /proc/PID/limits. */
export interface ProcessLimits {
  /** Whose they are: `loader 4711`, or `this command`. */
  readonly whose: string;
  /** Soft limit; null: none. */
  readonly openFiles: number | null;
  /** Whether a crash writes memory to the disk. */
  readonly coreHoldsMemory: boolean;
}

export function limitChecks(found: readonly ProcessLimits[]): Check[] {
  if (found.length === 0) return [notChecked('open files', 'this system has no /proc.')];
  const fewest = found.reduce((least, each) =>
    (each.openFiles ?? Infinity) < (least.openFiles ?? Infinity) ? each : least,
  );
  const files = `${fewest.whose}: ${fewest.openFiles ?? 'any number of'} files may be open at once`;
  const raise = 'Raise it: LimitNOFILE of the unit, or ulimit -n before the start.';
  const talkative = found.filter(({ coreHoldsMemory }) => coreHoldsMemory).map(({ whose }) => whose);
  return [
    (fewest.openFiles ?? Infinity) >= enoughOpenFiles
      ? ok('open files', `${files}.`)
      : (fewest.openFiles ?? Infinity) >= tooFewOpenFiles
        ? warning('open files', `${files}; ${enoughOpenFiles} are good.`, raise)
        : wrong('open files', `${files}; fewer than ${tooFewOpenFiles} are not enough.`, raise),
    talkative.length === 0
      ? ok('core dumps', 'The core of a crash holds none of the memory, where keys and opened files are.')
      : warning(
          'core dumps',
          `A crash of ${talkative.join(', ')} would write keys and opened files to the disk.`,
          'Forbid it: LimitCORE=0 of the unit, or ulimit -c 0 before the start.',
        ),
  ];
}

/** @param megabytes that a process here may use: of the machine, or of its container */
export const memoryCheck = (megabytes: number): Check =>
  megabytes >= enoughMegabytes
    ? ok('memory', `${megabytes} MB.`)
    : warning(
        'memory',
        `${megabytes} MB; ${enoughMegabytes} are good for each daemon.`,
        'Give the machine or the container more memory: docs/performance.md says what the daemons need.',
      );

/** What there is of inotify, and what is used of it by processes of the user that counts. */
export interface Inotify {
  readonly maxInstances: number;
  readonly maxWatches: number;
  /** Of the processes that could be looked at; the greatest first. */
  readonly users: readonly {
    readonly process: string;
    readonly instances: number;
    readonly watches: number;
  }[];
}

export function inotifyChecks(found: Inotify | undefined): Check[] {
  if (found === undefined)
    return [notChecked('inotify', 'this system has none: files are found by the scan.')];
  const { users, maxInstances, maxWatches } = found;
  const sum = (count: (user: Inotify['users'][number]) => number) =>
    users.reduce((total, user) => total + count(user), 0);
  const instances = sum((user) => user.instances);
  const watches = sum((user) => user.watches);
  const most = users
    .slice(0, 3)
    .map((user) => `${user.process} ${user.instances}/${user.watches}`)
    .join(', ');
  const by = most === '' ? '' : ` Instances/watches: ${most}.`;
  const meanwhile = 'Until then files are found by the scan alone (spool.scanSeconds).';
  return [
    maxInstances - instances >= enoughInstances
      ? ok('inotify instances', `${instances} of ${maxInstances} are used.${by}`)
      : warning(
          'inotify instances',
          `${instances} of ${maxInstances} are used.${by}`,
          `Raise the sysctl fs.inotify.max_user_instances. ${meanwhile}`,
        ),
    maxWatches - watches >= enoughWatches
      ? ok('inotify watches', `${watches} of ${maxWatches} are used.`)
      : warning(
          'inotify watches',
          `${watches} of ${maxWatches} are used.${by}`,
          `Raise the sysctl fs.inotify.max_user_watches. ${meanwhile}`,
        ),
  ];
}

/** Seconds by which two clocks may differ without a word, and by which certificates and tokens begin to fail. */
const smallSkew = 5;
const greatSkew = 60;

const setClock = 'Set the clock, and let a service keep it: chrony or systemd-timesyncd.';

/** @param skew seconds by which this host is ahead of whoever is named */
export function skewCheck(whose: string, skew: number): Check {
  const name = `clock beside that of ${whose}`;
  const seconds = Math.abs(skew);
  const found = `This host is ${seconds.toFixed(1)} s ${skew < 0 ? 'behind' : 'ahead'}.`;
  if (seconds <= smallSkew) return ok(name, found);
  return seconds <= greatSkew
    ? warning(name, found, setClock)
    : wrong(name, `${found} Signatures, certificates and tokens fail by that much.`, setClock);
}

export interface ClockFacts {
  readonly now: Date;
  /** The newest of the program's files is so old; and so is the newest entry of the store, where there is one. */
  readonly programMade: Date;
  readonly lastEntry: Date | undefined;
  /** Seconds by which the wall clock went further than the monotonic one while the doctor looked. */
  readonly jump: number;
  /** Whether systemd-timesyncd says that it has set the clock. */
  readonly setByTimesyncd: boolean;
}

export function clockChecks({ now, programMade, lastEntry, jump, setByTimesyncd }: ClockFacts): Check[] {
  const time = now.toISOString().slice(0, 19).replace('T', ' ');
  const since = lastEntry ?? programMade;
  const [newest, what] =
    since > programMade ? [since, 'the newest entry of the store'] : [programMade, 'the program itself'];
  const behind = (newest.getTime() - now.getTime()) / 1000;
  return [
    behind > greatSkew
      ? wrong('clock', `It is ${time} UTC here, ${Math.round(behind)} s before ${what} was made.`, setClock)
      : ok('clock', `It is ${time} UTC here, later than ${what}.`),
    Math.abs(jump) > 1
      ? warning(
          'clock runs evenly',
          `It was set by ${jump.toFixed(1)} s while the doctor looked.`,
          'Let one service alone keep the clock, which slews and does not step.',
        )
      : ok('clock runs evenly', 'It was not set while the doctor looked.'),
    setByTimesyncd
      ? ok('clock is kept', 'systemd-timesyncd has set it since the start of the machine.')
      : notChecked(
          'clock is kept',
          'systemd-timesyncd does not keep it; whether another service does cannot be told from here.',
          'Ask it: chronyc tracking, or ntpq -p.',
        ),
  ];
}
