import type { Fault } from '../../shared/runtime/faults.ts';

/** One thing that the product looks at, in its order. */
export interface Step {
  /** `name`, `size`, `duplicate`, … */
  readonly step: string;
  /** `stops`: nothing behind it is looked at any more. */
  readonly result: 'passed' | 'stops' | 'note';
  readonly says: string;
}

/** What becomes of the file. */
export type Fate = 'processed' | 'rejected' | 'deferred' | 'waits' | 'left alone';

/** What the product would do with a file, and why. */
export interface Explanation {
  readonly file: string;
  /** The inbox by whose rules it was looked at. */
  readonly inbox: string;
  readonly steps: readonly Step[];
  readonly fate: Fate;
  /** Why it is not processed; null: it is, or is left alone. */
  readonly fault: { readonly code: string; readonly detail: string; readonly action: string } | null;
  /** What would be different afterwards. */
  readonly consequences: readonly string[];
}

export const passed = (step: string, says: string): Step => ({ step, result: 'passed', says });
export const note = (step: string, says: string): Step => ({ step, result: 'note', says });
export const stops = (step: string, says: string): Step => ({ step, result: 'stops', says });

/** What a fault of the file, which is permanent or transient, makes of it. */
export const fateOf = (fault: Fault): Fate => (fault.class === 'permanent' ? 'rejected' : 'deferred');
