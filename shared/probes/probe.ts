import type { ProbeState } from '../store/states/probe.ts';

/** What a probe looks at. */
export type ProbeKind =
  | 'daemon'
  | 'backlog'
  | 'daily file'
  | 'held files'
  | 'rejected files'
  | 'deferred files'
  | 'response'
  | 'requests'
  | 'rest'
  | 'batches'
  | 'job'
  | 'key'
  | 'certificate'
  | 'disk'
  | 'intake'
  | 'notices';

/** What a probe has found. */
export interface Reading {
  /** The kind, and what of it where there are several: `backlog inboundDeviceEnrolment`. */
  readonly probe: string;
  readonly kind: ProbeKind;
  /** Empty where there is one of the kind. */
  readonly subject: string;
  readonly state: ProbeState;
  /** Null when it could not be measured. */
  readonly value: number | null;
  readonly unit: string;
  /** What the value should be, in words. */
  readonly target: string;
  /** For people: what is the matter, and what to do. */
  readonly sentence: string;
  /** Path of the console where it is seen, and mended. */
  readonly link: string;
}

/** A measurement that may fail, and why it did. */
export type Measurement<T> = { readonly value: T } | { readonly problem: string };

export type Described = Omit<Reading, 'probe' | 'state' | 'value' | 'target'>;

export const idOf = (kind: ProbeKind, subject: string): string =>
  subject === '' ? kind : `${kind} ${subject}`;
