import type { FaultCode } from '../runtime/fault-codes.ts';
import { Fault, toFault } from '../runtime/faults.ts';

/** The same action on many things, each of them in a transaction of its own, with an audit row of its own. */

/** Nobody oversees more, and somebody waits for the answer. */
export const mostAtOnce = 1000;

export interface ManyResult {
  readonly done: readonly number[];
  /** Those that were left as they are, and why. */
  readonly refused: readonly { readonly id: number; readonly code: FaultCode; readonly detail: string }[];
  /** Not tried any more, because what stopped the last one would stop these too. */
  readonly left: readonly number[];
}

/** @throws Fault BAD_INPUT when there are none, or too many; BUG */
export async function actOnEach(
  ids: readonly number[],
  act: (id: number) => Promise<unknown>,
): Promise<ManyResult> {
  if (ids.length === 0) throw new Fault('BAD_INPUT', 'nothing is chosen, or nothing matches');
  if (ids.length > mostAtOnce)
    throw new Fault('BAD_INPUT', `${ids.length} are chosen; at most ${mostAtOnce} at a time`);
  const done: number[] = [];
  const refused: ManyResult['refused'][number][] = [];
  for (const [index, id] of ids.entries()) {
    try {
      await act(id);
      done.push(id);
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.class === 'bug') throw fault;
      refused.push({ id, code: fault.code, detail: fault.detail });
      if (fault.class === 'environment') return { done, refused, left: ids.slice(index + 1) };
    }
  }
  return { done, refused, left: [] };
}
