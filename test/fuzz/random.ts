import { createHash } from 'node:crypto';

/** Random numbers that are the same for the same seed on every machine (xoshiro128**, Blackman and Vigna). */
export class Random {
  readonly #state: Uint32Array;

  constructor(seed: string | Uint8Array) {
    const digest = createHash('sha256').update(seed).digest();
    this.#state = Uint32Array.from([0, 4, 8, 12], (at) => digest.readUInt32LE(at));
  }

  /** A whole number from 0 to below the limit. */
  below(limit: number): number {
    return Math.floor((this.#next() / 2 ** 32) * limit);
  }

  /** A whole number from one to the other, both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  chance(probability: number): boolean {
    return this.#next() < probability * 2 ** 32;
  }

  /** @throws when there is nothing to pick from */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('nothing to pick from');
    return list[this.below(list.length)] as T;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((value) => ({ value, order: this.#next() }))
      .sort((a, b) => a.order - b.order)
      .map(({ value }) => value);
  }

  #next(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#state;
    const result = Math.imul(rotated(Math.imul(b, 5), 7), 9) >>> 0;
    const [e, f] = [c ^ a, d ^ b];
    this.#state.set([a ^ f, b ^ e, e ^ (b << 9), rotated(f, 11)]);
    return result;
  }
}

const rotated = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));
