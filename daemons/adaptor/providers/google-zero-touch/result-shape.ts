import { z } from 'zod';

import { Fault } from '../../../../shared/runtime/faults.ts';

/** What every kind of answer comes to: a list of what it says of devices. */

const error = z.strictObject({ code: z.string(), message: z.string() });

const verdict = z.discriminatedUnion('kind', [
  /** `recordId`: Google's number of the device, empty where it is not told. */
  z.strictObject({ kind: z.literal('succeeded'), recordId: z.string() }),
  z.strictObject({ kind: z.literal('failed'), errors: z.array(error).min(1) }),
  z.strictObject({ kind: z.literal('open') }),
]);

/** `names`: what the answer calls the device, the first first; empty where it does not name it. */
const told = z.strictObject({ names: z.array(z.string()), verdict });

const result = z.strictObject({ told: z.array(told) });

export type Verdict = z.output<typeof verdict>;
export type Told = z.output<typeof told>;

export const open: Verdict = { kind: 'open' };

/** As it is given from `readAnswer` to `toOutcomes`. */
export const resultOf = (list: readonly Told[]): unknown => ({ told: list });

/** @throws Fault UNKNOWN_ANSWER */
export function readResult(given: unknown): readonly Told[] {
  const read = result.safeParse(given);
  if (read.success) return read.data.told;
  throw new Fault('UNKNOWN_ANSWER', 'not a result of zero-touch');
}
