import type { ProbeState } from '../store/states/probe.ts';
import { idOf, type Described, type Reading } from './probe.ts';

/** A value held against its target. Pure. */
export interface Target {
  /** `above`: the larger the worse, from the number itself on; `below`: the smaller the worse, below the number. */
  readonly worse: 'above' | 'below';
  readonly amber: number;
  readonly red: number;
}

export function stateOf(value: number, { worse, amber, red }: Target): ProbeState {
  const reached = (limit: number) => (worse === 'above' ? value >= limit : value < limit);
  return reached(red) ? 'red' : reached(amber) ? 'amber' : 'green';
}

function targetText({ worse, amber, red }: Target, unit: string): string {
  const [good, bad] = worse === 'above' ? ['below', 'from'] : ['at least', 'below'];
  const limit = worse === 'above' ? Math.min(amber, red) : Math.max(amber, red);
  return amber === red ? `${good} ${limit} ${unit}` : `${good} ${limit} ${unit}, red ${bad} ${red}`;
}

/** Hundredths are enough for people and for the store. */
const rounded = (value: number): number => Math.round(value * 100) / 100;

export function gauge(described: Described, value: number, target: Target): Reading {
  return stated(described, value, stateOf(value, target), targetText(target, described.unit));
}

/** Where the state does not follow from a number alone. */
export const stated = (described: Described, value: number, state: ProbeState, target: string): Reading => ({
  probe: idOf(described.kind, described.subject),
  ...described,
  state,
  value: rounded(value),
  target,
});

/** What could not be measured. */
export const unmeasured = (
  described: Omit<Described, 'sentence'>,
  what: string,
  problem: string,
): Reading => ({
  probe: idOf(described.kind, described.subject),
  ...described,
  state: 'unknown',
  value: null,
  target: 'can be measured',
  sentence: `${what} could not be measured: ${problem}`,
});
