import type { Key, PrivateKey } from 'openpgp';

import { Fault, toFault } from '../runtime/faults.ts';
import type { FaultCode } from '../runtime/fault-codes.ts';
import { parseKeys } from './key-files.ts';
import type { KeyRing } from './key-ring.ts';
import { openMessage, type OpenPolicy } from './open.ts';
import { sealMessage } from './seal.ts';

/** What a thread is to do: open a message, or seal one. */
export type Order = {
  readonly bytes: Uint8Array;
  readonly now: Date;
} & (
  | { readonly task: 'open'; readonly policy: OpenPolicy }
  | { readonly task: 'seal'; readonly encryptTo: readonly string[] }
);

/** What comes of it: of opening, all of `Opened`. */
export interface Result {
  readonly bytes: Uint8Array;
}

/** @throws Fault as `openMessage` and `sealMessage` */
export async function carryOut(order: Order, ring: KeyRing): Promise<Result> {
  if (order.task === 'open') return openMessage(order.bytes, ring, order.policy, order.now);
  return { bytes: await sealMessage(order.bytes, ring, order, order.now) };
}

/** The keys of a ring, ours unlocked: those of each place and of each partner one behind the other. */
export interface KeyBytes {
  readonly own: Uint8Array;
  readonly coming: Uint8Array;
  readonly retired: Uint8Array;
  readonly partners: ReadonlyMap<string, Uint8Array>;
}

export const packKeys = ({ own, coming, retired, partners }: KeyRing): KeyBytes => ({
  own: pack(own),
  coming: pack(coming),
  retired: pack(retired),
  partners: new Map([...partners].map(([party, keys]) => [party, pack(keys)])),
});

const pack = (keys: readonly Key[]): Uint8Array => Buffer.concat(keys.map((key) => key.write()));

export async function unpackKeys({ own, coming, retired, partners }: KeyBytes): Promise<KeyRing> {
  const parties = [...partners].map(async ([party, bytes]) => [party, await unpack(bytes)] as const);
  return {
    own: await unpackOwn(own),
    coming: await unpackOwn(coming),
    retired: await unpackOwn(retired),
    partners: new Map(await Promise.all(parties)),
  };
}

const unpack = async (bytes: Uint8Array): Promise<Key[]> => (bytes.length === 0 ? [] : parseKeys(bytes));

const unpackOwn = async (bytes: Uint8Array): Promise<PrivateKey[]> =>
  (await unpack(bytes)).filter((key) => key.isPrivate());

/** What was thrown in a thread: errors lose their class on the way to another. */
export interface PackedFault {
  readonly code: FaultCode;
  readonly detail: string;
  /** Of what was not thrown as a fault. */
  readonly stack?: string | undefined;
}

export function packFault(thrown: unknown): PackedFault {
  const { code, detail, cause } = toFault(thrown);
  return { code, detail, ...(cause instanceof Error && { stack: cause.stack }) };
}

export function unpackFault({ code, detail, stack }: PackedFault): Fault {
  if (stack === undefined) return new Fault(code, detail);
  return new Fault(code, detail, { cause: Object.assign(new Error(detail), { stack }) });
}

/** A copy of its own: what is handed over to another thread is gone here, and a Buffer may be a part of a larger one. */
export const ownBytes = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);
