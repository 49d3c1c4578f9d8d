import type { Random } from '../random.ts';
import { mutated, type Mutation } from './mutation.ts';

/** Changes to bytes that know nothing of what the bytes mean. */

/** Longer inputs would only take longer. */
export const maxBytes = 512 * 1024;

/** Where counters, lengths and signs turn over. */
const telling = [0x00, 0x01, 0x7f, 0x80, 0xbf, 0xc0, 0xdf, 0xe0, 0xef, 0xf0, 0xfe, 0xff];

const copyOf = (bytes: Buffer): Buffer => Buffer.from(bytes);
const place = (random: Random, bytes: Buffer): number => random.below(bytes.length + 1);

/** Some stretch of the bytes, mostly short. */
function range(random: Random, bytes: Buffer): [from: number, to: number] {
  const from = place(random, bytes);
  const length = random.chance(0.8) ? random.between(1, 32) : random.between(1, bytes.length + 1);
  return [from, Math.min(from + length, bytes.length)];
}

const insertedAt = (bytes: Buffer, at: number, added: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);

const without = (bytes: Buffer, from: number, to: number): Buffer =>
  Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);

function withByte(random: Random, bytes: Buffer, change: (byte: number) => number): Buffer {
  const changed = copyOf(bytes);
  const at = random.below(bytes.length);
  if (at < bytes.length) changed[at] = change(changed[at] ?? 0);
  return changed;
}

export const byteMutations: readonly Mutation<Buffer>[] = [
  (random, bytes) => withByte(random, bytes, (byte) => byte ^ (1 << random.below(8))),
  (random, bytes) => withByte(random, bytes, () => random.below(256)),
  (random, bytes) => withByte(random, bytes, () => random.pick(telling)),
  (random, bytes) => insertedAt(bytes, place(random, bytes), random.bytes(random.between(1, 16))),
  (random, bytes) =>
    insertedAt(bytes, place(random, bytes), Buffer.alloc(random.between(1, 400), random.pick(telling))),
  // Cut at the end, and at the beginning.
  (random, bytes) => bytes.subarray(0, random.below(bytes.length)),
  (random, bytes) => bytes.subarray(0, Math.max(0, bytes.length - random.between(1, 64))),
  (random, bytes) => bytes.subarray(random.between(1, 64)),
  (random, bytes) => without(bytes, ...range(random, bytes)),
  (random, bytes) => insertedAt(bytes, place(random, bytes), bytes.subarray(...range(random, bytes))),
  (random, bytes) => {
    const [from, to] = range(random, bytes);
    const rest = without(bytes, from, to);
    return insertedAt(rest, place(random, rest), bytes.subarray(from, to));
  },
  // Many times the same, as a file that was written in a loop.
  (random, bytes) => {
    const part = bytes.subarray(...range(random, bytes));
    return insertedAt(bytes, place(random, bytes), repeated(part, random.between(2, 2000)));
  },
  (random, bytes) => repeated(bytes, random.between(2, 4)),
  // The beginning of one, the end of another.
  (random, bytes, other) =>
    Buffer.concat([bytes.subarray(0, place(random, bytes)), other.subarray(place(random, other))]),
  (random, bytes, other) => insertedAt(bytes, place(random, bytes), other.subarray(...range(random, other))),
];

function repeated(part: Buffer, times: number): Buffer {
  const most = Math.max(1, Math.floor(maxBytes / Math.max(part.length, 1)));
  return Buffer.concat(Array.from({ length: Math.min(times, most) }, () => part));
}

export const mutatedBytes = (random: Random, bytes: Buffer, other: Buffer): Buffer =>
  mutated(random, bytes, other, byteMutations).subarray(0, maxBytes);
