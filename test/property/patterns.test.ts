import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { matchesPattern } from '../../shared/runtime/patterns.ts';

/** Few letters, so that matches are frequent; the others mean something in a regular expression. */
const letters = fc.constantFrom('a', 'b', '.', '+', '(', '[', '\\', '$', '\n');
const text = (max: number) => fc.string({ unit: letters, maxLength: max });
const pattern = fc.string({ unit: fc.oneof(letters, fc.constant('*')), maxLength: 6 });

/** The definition, slow and plain. */
function matches(name: string, pattern: string): boolean {
  if (pattern === '') return name === '';
  if (pattern[0] !== '*') return name[0] === pattern[0] && matches(name.slice(1), pattern.slice(1));
  return matches(name, pattern.slice(1)) || (name !== '' && matches(name.slice(1), pattern));
}

describe('matchesPattern', () => {
  test('agrees with the definition', () => {
    fc.assert(
      fc.property(text(8), pattern, (name, pattern) => {
        expect(matchesPattern(name, pattern)).toBe(matches(name, pattern));
      }),
      { numRuns: 5000 },
    );
  });

  test('a pattern whose stars are filled in matches', () => {
    fc.assert(
      fc.property(fc.array(text(4), { minLength: 1, maxLength: 4 }), text(4), (parts, filling) => {
        expect(matchesPattern(parts.join(filling), parts.join('*'))).toBe(true);
      }),
    );
  });

  test('A27: the shipped patterns', () => {
    expect(matchesPattern('x.csv~', '*~')).toBe(true);
    expect(matchesPattern('.x.swp', '.*')).toBe(true);
    expect(matchesPattern('x.tmp.json', '*.tmp')).toBe(false);
    expect(matchesPattern('x-tmp', '*.tmp')).toBe(false);
  });

  test('a name made to be slow is not', () => {
    const started = performance.now();
    expect(matchesPattern('a'.repeat(100_000), `${'*a'.repeat(50)}*b`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
