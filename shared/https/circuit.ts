import type { FaultCode } from '../runtime/fault-codes.ts';

/**
 * A server that fails again and again is left alone for a while. Pure, on plain data that the store keeps.
 *
 * | state     | what happens                                         | then                                       |
 * | --------- | ---------------------------------------------------- | ------------------------------------------ |
 * | closed    | a call succeeds                                      | closed, no failures                        |
 * | closed    | a call fails, fewer than `restAfter` in a row        | closed, one failure more                   |
 * | closed    | failure number `restAfter`, or one that the next     | open for `restSeconds`                     |
 * |           | call would only repeat                               |                                            |
 * | open      | a call that had begun before fails                   | open, no longer than before                |
 * | open      | a call that had begun before succeeds                | closed                                     |
 * | open      | the time is over                                     | half-open                                  |
 * | half-open | a call is asked for: it is the trial                 | open for twice as long, at most an hour    |
 * | open      | the trial succeeds                                   | closed                                     |
 * | open      | the trial fails                                      | open, the longer rest begins with its end  |
 *
 * The trial is taken to fail when it begins: so there is one only, and a process that dies in it leaves nothing stuck.
 */
export interface Circuit {
  /** In a row. */
  readonly failures: number;
  /** Milliseconds since 1970; null: closed. It may be laid later, at most by a day, when the server names a time. */
  readonly restsUntil: number | null;
  /** Rests in a row; the length of a rest follows from it. */
  readonly rests: number;
}

export interface CircuitSettings {
  readonly restAfter: number;
  readonly restSeconds: number;
  /** The two together are the longest time that a trial takes. */
  readonly connectSeconds: number;
  readonly answerSeconds: number;
}

/** At the beginning, and after any call that succeeded: the server is there. */
export const closedCircuit: Circuit = { failures: 0, restsUntil: null, rests: 0 };

const longestRestSeconds = 3600;
const longestNamedSeconds = 86_400;

/** Somebody has to change something first. */
const restsAtOnce: readonly FaultCode[] = [
  'PROVIDER_DENIES',
  'PROVIDER_UNTRUSTED',
  'KEY_UNREADABLE',
  'SECRET_EXPOSED',
];

export function circuitState(
  circuit: Circuit,
  settings: CircuitSettings,
  now: Date,
): 'closed' | 'open' | 'half-open' {
  if (circuit.restsUntil === null) return 'closed';
  const left = circuit.restsUntil - now.getTime();
  // A rest longer than any comes from a clock that was set back since.
  return left > 0 && left <= trialMilliseconds(settings, longestNamedSeconds) ? 'open' : 'half-open';
}

/** Whether a call may be made now, and what is to be kept before it is made; null: it may not. */
export function admitCall(circuit: Circuit, settings: CircuitSettings, now: Date): Circuit | null {
  switch (circuitState(circuit, settings, now)) {
    case 'closed':
      return circuit;
    case 'open':
      return null;
    case 'half-open': {
      const rests = circuit.rests + 1;
      const lasting = trialMilliseconds(settings, restSeconds(settings, rests));
      return { ...circuit, rests, restsUntil: now.getTime() + lasting };
    }
  }
}

/** After a call that failed with that code. */
export function afterFailure(
  circuit: Circuit,
  settings: CircuitSettings,
  code: FaultCode,
  now: Date,
): Circuit {
  const failures = circuit.failures + 1;
  if (circuit.restsUntil !== null) {
    const end = now.getTime() + restSeconds(settings, circuit.rests) * 1000;
    return { ...circuit, failures, restsUntil: Math.min(circuit.restsUntil, end) };
  }
  if (failures < settings.restAfter && !restsAtOnce.includes(code)) return { ...circuit, failures };
  return { failures, rests: 1, restsUntil: now.getTime() + restSeconds(settings, 1) * 1000 };
}

const restSeconds = (settings: CircuitSettings, rests: number): number =>
  Math.min(longestRestSeconds, settings.restSeconds * 2 ** Math.min(30, rests - 1));

/** From the beginning of a trial to the end of the rest behind it, if it takes as long as it may. */
const trialMilliseconds = (settings: CircuitSettings, rest: number): number =>
  (settings.connectSeconds + settings.answerSeconds + rest) * 1000;
