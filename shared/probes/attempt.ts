import { toFault } from '../runtime/faults.ts';
import type { Measurement } from './probe.ts';

/** What can be measured, or why it cannot: disks and files fail by themselves. @throws Fault BUG */
export async function attempt<T>(measure: () => Promise<T>): Promise<Measurement<T>> {
  try {
    return { value: await measure() };
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.class === 'bug') throw fault;
    return { problem: `${fault.code}: ${fault.detail}` };
  }
}
