import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { isStable, observe, sameMark, type Observation } from '../../../shared/spool/stability.ts';
import type { FileMark } from '../../../shared/store/deliveries.ts';

const mark = fc.record({
  dev: fc.constantFrom('1', '2'),
  inode: fc.constantFrom('1', '2'),
  size: fc.constantFrom(0, 1),
  mtimeNs: fc.constantFrom('1', '2'),
});
/** Looks at a file: what it looked like, and milliseconds since the look before. */
const looks = fc.array(fc.tuple(mark, fc.integer({ min: 0, max: 3000 })), { minLength: 1, maxLength: 12 });

/** The definition, slow and plain: the last looks that are alike are two at least and span the quiet time. */
function quiet(seen: { mark: FileMark; at: number }[], seconds: number): boolean {
  const last = seen.at(-1);
  if (last === undefined) return false;
  const changed = seen.findLastIndex((look) => JSON.stringify(look.mark) !== JSON.stringify(last.mark));
  const alike = seen.slice(changed + 1);
  return alike.length >= 2 && last.at - (alike[0]?.at ?? Infinity) >= seconds * 1000;
}

describe('A01: stability', () => {
  test('agrees with the definition, look by look', () => {
    fc.assert(
      fc.property(looks, fc.constantFrom(0, 1, 2.5), (looks, seconds) => {
        let observation: Observation | undefined;
        const seen: { mark: FileMark; at: number }[] = [];
        let now = 5000;
        for (const [mark, pause] of looks) {
          now += pause;
          seen.push({ mark, at: now });
          observation = observe(observation, mark, now);
          expect(isStable(observation, seconds, now)).toBe(quiet(seen, seconds));
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('one look is never enough, however long ago', () => {
    const seen = observe(undefined, { dev: '1', inode: '1', size: 1, mtimeNs: '1' }, 0);
    expect(isStable(seen, 0, 1_000_000)).toBe(false);
  });

  test.each(['dev', 'inode', 'size', 'mtimeNs'] as const)('another %s is another file', (field) => {
    const one: FileMark = { dev: '1', inode: '1', size: 1, mtimeNs: '1' };
    expect(sameMark(one, { ...one })).toBe(true);
    expect(sameMark(one, { ...one, [field]: field === 'size' ? 2 : '2' })).toBe(false);
  });
});
