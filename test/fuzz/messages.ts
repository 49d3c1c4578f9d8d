import type { Dropped, Input, KindName } from './input.ts';
import type { Verdict } from './verdict.ts';

/** What the parent and a worker say to each other. */

/** Inputs by their numbers, which with the seed say everything about them. */
export interface Task {
  readonly seed: number;
  readonly from: number;
  /** The number behind the last. */
  readonly to: number;
  /** Only inputs of this kind. */
  readonly kind?: KindName;
  /** One of so many inputs is not worked on but given back, to go the whole way. */
  readonly wholeWayEvery?: number;
}

export type Request =
  | { readonly run: Task }
  /** To be told what the input of that number is. */
  | { readonly make: Task }
  | { readonly replay: Input };

export interface Ended extends Verdict {
  readonly number: number;
  readonly kind: KindName;
  /** Processor time: the machine may be busy with other things. */
  readonly milliseconds: number;
  /** The most memory that the worker ever had. */
  readonly residentMB: number;
}

/** An input that is to go the whole way. */
export interface ForTheWholeWay extends Dropped {
  readonly number: number;
  readonly kind: KindName;
  readonly name: string;
}

export type Report =
  | { readonly ended: Ended }
  | { readonly drop: ForTheWholeWay }
  | { readonly made: Input }
  | { readonly finished: true };
