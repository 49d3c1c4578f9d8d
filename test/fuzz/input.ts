import type { FaultCode } from '../../shared/runtime/fault-codes.ts';
import type { Random } from './random.ts';
import type { Sealing } from './sealer.ts';

export const kindNames = [
  'ciphertext',
  'generic',
  'requests',
  'mappings',
  'answers',
  'xml',
  'replies',
  'orders',
] as const;
export type KindName = (typeof kindNames)[number];

/** What is given to the product. */
export interface Input {
  readonly kind: KindName;
  /** Which of the ways of its kind it goes. */
  readonly way: string;
  /** Name of the file. */
  readonly name: string;
  readonly bytes: Buffer;
  /** The bytes are packets that are sealed in this way before they are given to the product. */
  readonly inside?: Sealing;
}

/** One kind of input: how it is made, and what the product does with it. */
export interface Kind {
  /** Of so many inputs of all kinds; relative to the others. */
  readonly share: number;
  make(random: Random): Input | Promise<Input>;
  /**
   * Has the product work on it.
   *
   * @throws what the product throws, or a Finding
   */
  run(input: Input): Promise<unknown>;
  /** What is dropped, and where, when it goes the whole way. */
  dropped?(input: Input): Promise<Dropped>;
  /** Codes of class transient that an input of this kind may rightly have. */
  readonly mayWait: readonly FaultCode[];
  /** A fault may say something of the content: it is the operator's own, or the detail goes to operators only. */
  maySay?(code: FaultCode): boolean;
}

/** A file for an inbox of an installation. */
export interface Dropped {
  readonly inbox: string;
  readonly bytes: Buffer;
}

/** Something that the product must not do. */
export class Finding extends Error {
  readonly what: string;

  constructor(what: string, message: string) {
    super(message);
    this.name = 'Finding';
    this.what = what;
  }
}
