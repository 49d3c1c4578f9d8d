import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { TextIndex } from '../../../daemons/adaptor/providers/configured/text-index.ts';

/** What it stands in the place of: a map of objects. */
class Expected {
  readonly #numbers = new Map<string, number>();

  add(text: string): number {
    const number = this.#numbers.get(text) ?? this.#numbers.size;
    this.#numbers.set(text, number);
    return number;
  }

  find(text: string): number | undefined {
    return this.#numbers.get(text);
  }
}

describe('texts that are numbered', () => {
  test('are found by their numbers, and numbers by their texts, in any order', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 2 }),
      fc.string({ unit: 'grapheme', maxLength: 3 }),
      fc.integer({ min: 0, max: 60 }).map((number) => `BENCH${number}`),
      fc.constantFrom('', 'x'.repeat(20_000), 'é'.repeat(9000), `${'x'.repeat(16_383)}y`),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 120 }), fc.array(text, { maxLength: 20 }), (added, others) => {
        const [index, expected] = [new TextIndex(), new Expected()];
        for (const each of added) expect(index.add(each)).toBe(expected.add(each));
        for (const each of [...added, ...added.toReversed(), ...others]) {
          const number = expected.find(each);
          expect(index.find(each)).toBe(number);
          if (number !== undefined) expect(index.textAt(number)).toBe(each);
        }
        expect(index.size).toBe(new Set(added).size);
      }),
      { numRuns: 300 },
    );
  });

  test('are found among many that differ only in their last signs', () => {
    const index = new TextIndex();
    const texts = Array.from({ length: 100_000 }, (_, number) => `BENCH${number}`);
    for (const [number, text] of texts.entries()) expect(index.add(text) === number).toBe(true);
    const found = texts.map((_, at) => index.find(texts[(at * 7919) % texts.length] ?? ''));
    expect(found).toEqual(texts.map((_, at) => (at * 7919) % texts.length));
    expect(index.find('BENCH100000')).toBeUndefined();
  });
});
