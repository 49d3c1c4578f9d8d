import { createHash } from 'node:crypto';

import { toFault, type Fault } from '../../shared/runtime/faults.ts';
import { contentOf, type Content, type ReceivedFile } from '../../shared/spool/received-file.ts';
import { Finding } from './input.ts';
import { Random } from './random.ts';
import type { Scene } from './scene.ts';

/** A file as the product receives it: in memory, or as a large one, piece by piece. */
export type Arrival = 'in memory' | 'in pieces';

export const arrived = (
  { delivery }: Scene,
  arrival: Arrival,
  { name, bytes }: { readonly name: string; readonly bytes: Uint8Array },
): ReceivedFile => ({
  ...(arrival === 'in memory' ? contentOf(bytes) : contentInPieces(bytes)),
  ...{ name, delivery, size: bytes.length },
  digest: createHash('sha256').update(bytes).digest('hex'),
});

const contentInPieces = (bytes: Uint8Array): Content => ({
  inMemory: false,
  // eslint-disable-next-line @typescript-eslint/require-await -- the pieces of a file are waited for, these are there
  pieces: async function* () {
    yield* piecesOf(bytes);
  },
});

/** Pieces of any size, tiny ones among them; the same for the same bytes, at each reading. */
export function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  const random = new Random(bytes);
  const usual = random.pick([1, 7, 64, 4096, 262_144]);
  for (let at = 0; at < bytes.length;) {
    // Of what is long, no more pieces than the time allows.
    const length = Math.max(random.between(1, usual), Math.floor(bytes.length / 2000));
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** The same pieces, each in the same place: what is kept of one is not what was given. */
export function* overwritten(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const piece of pieces) {
    const given = Uint8Array.from(piece);
    yield given;
    given.fill(0x2a);
  }
}

/** How one of several ways ended. */
export interface End<T> {
  readonly way: string;
  readonly value?: T;
  readonly fault?: Fault;
}

const sameInEveryRespect = <T>(one: End<T>, other: End<T>): boolean => told(one) === told(other);

/**
 * Has one thing done in several ways, and compares how it ends.
 *
 * @returns what all of them give
 * @throws what all of them throw; Finding when they differ
 */
export async function sameEitherWay<T>(
  ways: Readonly<Record<string, () => T | Promise<T>>>,
  isSame: (one: End<T>, other: End<T>) => boolean = sameInEveryRespect,
): Promise<T> {
  const ends: End<T>[] = [];
  for (const [way, work] of Object.entries(ways)) {
    try {
      ends.push({ way, value: await work() });
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.class === 'bug') throw fault;
      ends.push({ way, fault });
    }
  }
  const [first, ...others] = ends as [End<T>, ...End<T>[]];
  for (const other of others) {
    if (isSame(first, other)) continue;
    const message = [first, other].map((end) => `${end.way}: ${told(end).slice(0, 300)}`).join('\n');
    throw new Finding('disagreement', message);
  }
  if (first.fault) throw first.fault;
  return first.value as T;
}

export const told = <T>({ fault, value }: End<T>): string =>
  fault ? `${fault.code}: ${fault.detail}` : `done ${JSON.stringify(value)}`;
