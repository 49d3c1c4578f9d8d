import type { Random } from '../random.ts';

/** One change to something; `other` is another thing of the kind, to take parts from. */
export type Mutation<T> = (random: Random, thing: T, other: T) => T;

/** Applies one mutation, often a second, seldom many: each further one hides more of what the first one did. */
export function mutated<T>(random: Random, thing: T, other: T, mutations: readonly Mutation<T>[]): T {
  let changed = thing;
  do changed = random.pick(mutations)(random, changed, other);
  while (random.chance(0.35));
  return changed;
}
