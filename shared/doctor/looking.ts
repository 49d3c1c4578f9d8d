import { errnoOf, toFault } from '../runtime/faults.ts';
import type { Check, Checks } from './check.ts';

/** What a check looks at may be refused by the system, or not be there. @throws Fault BUG */
export async function looking(
  { fault }: Checks,
  name: string,
  look: () => Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  try {
    return await look();
  } catch (thrown) {
    const met = toFault(thrown);
    if (met.class === 'bug' && errnoOf(thrown) === undefined) throw met;
    return [fault(name, met)];
  }
}
