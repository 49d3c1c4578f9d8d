import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { Portions } from '../../../shared/spool/portions.ts';

const names = (count: number, stem = 'wh-2026-') =>
  Array.from({ length: count }, (_, index) => `${stem}${index}.json.pgp`);
const held = (portions: Portions, all: readonly string[]) => all.filter((name) => portions.holds(name));

describe('A16: portions of a crowded folder', () => {
  test('A16: a folder of the usual size is one portion, always', () => {
    const portions = new Portions(10);
    for (let turns = 0; turns < 5; turns++) {
      expect(held(portions, names(10))).toHaveLength(10);
      portions.next(10);
    }
    expect(portions.count).toBe(1);
  });

  test('A16: every name has its turn, and only once a round', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.string(), { maxLength: 200 }),
        (size, texts) => {
          const all = [...new Set(texts)];
          const portions = new Portions(size);
          portions.next(all.length);
          const turns = Array.from({ length: portions.count }, () => {
            const now = held(portions, all);
            portions.next(all.length);
            return now;
          });
          expect(turns.flat().sort()).toEqual([...all].sort());
        },
      ),
    );
  });

  test('A16: portions are about equal, with the names that senders give', () => {
    for (const stem of ['wh-2026-', 'DISPATCH_000', 'a']) {
      const all = names(20_000, stem);
      const portions = new Portions(1000);
      portions.next(all.length);
      expect(portions.count).toBe(20);
      for (let turn = 0; turn < 20; turn++) {
        const { length } = held(portions, all);
        expect(length).toBeGreaterThan(800);
        expect(length).toBeLessThan(1200);
        portions.next(all.length);
      }
    }
  });

  test('A16: their number changes between two rounds only', () => {
    const portions = new Portions(10);
    portions.next(30);
    expect(portions.count).toBe(3);
    portions.next(1000);
    portions.next(5);
    expect(portions.count).toBe(3);
    portions.next(5);
    expect(portions.count).toBe(1);
  });

  test('A16: it is known when a whole round was in vain', () => {
    const portions = new Portions(10);
    portions.next(30);
    portions.hadFruit();
    const unlooked = Array.from({ length: 4 }, () => {
      portions.next(30);
      return portions.unlooked;
    });
    expect(unlooked).toEqual([true, true, false, false]);
  });
});
