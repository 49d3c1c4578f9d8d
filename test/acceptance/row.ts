import type { FaultCode } from '../../shared/runtime/fault-codes.ts';

/** One thing that may go wrong, and what the product then does. */
export interface FaultRow {
  /** Group and number, as in the names of the tests. */
  readonly id: string;
  readonly fault: string;
  readonly happens: string;
  /** Codes under which operators see it. */
  readonly codes?: readonly FaultCode[];
  /** Why there is no test of it: it cannot happen here, or is not built yet. */
  readonly untested?: string;
}
