import type { ProbeChange, ProbeStanding } from '../store/probes.ts';
import type { Reading } from './probe.ts';

/** What changes when a probe was read once more. Pure. */

type NewChange = Omit<ProbeChange, 'id'>;

export interface Advance {
  readonly standing: ProbeStanding;
  /** What people are told; undefined: nothing new. */
  readonly change?: NewChange;
}

/**
 * A state counts when it is seen twice in a row: what comes and goes within one round is no news. Nor is what is well
 * when it is looked at for the first time.
 */
export function advance(known: ProbeStanding | undefined, reading: Reading, now: Date): Advance {
  const { probe, state } = reading;
  const at = now.toISOString();
  const before = known?.state ?? null;
  const since = known?.since ?? null;
  if (state === before) return { standing: { probe, state, since, next_state: null, next_since: null } };
  if (known?.next_state !== state) {
    return { standing: { probe, state: before, since, next_state: state, next_since: at } };
  }
  const standing = { probe, state, since: known.next_since, next_state: null, next_since: null };
  if (before === null && state === 'green') return { standing };
  return { standing, change: { ...newsOf(reading), at, before, after: state } };
}

const newsOf = ({ probe, value, unit, sentence, link }: Reading) => ({ probe, value, unit, sentence, link });

/** What is no longer looked at, a key that was removed for one; undefined when it was well. */
export function farewell({ probe, state }: ProbeStanding, now: Date): NewChange | undefined {
  if (state === null || state === 'green') return undefined;
  return {
    probe,
    at: now.toISOString(),
    before: state,
    after: 'green',
    value: null,
    unit: '',
    sentence: 'It is not looked at any more.',
    link: '/probes',
  };
}
