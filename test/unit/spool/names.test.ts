import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  archiveNames,
  idOfWorkName,
  isAllowedName,
  nameBytes,
  showName,
  workName,
} from '../../../shared/spool/names.ts';

const bytes = fc.uint8Array({ maxLength: 255 }).map((array) => Buffer.from(array));
const plain = fc.stringMatching(/^[ -~]{0,40}$/).map((text) => Buffer.from(text, 'latin1'));
const marked = bytes.map((tail) => Buffer.concat([Buffer.from('hex:'), tail]));
const anyName = fc.oneof(bytes, plain, marked);
const id = fc.integer({ min: 1, max: 1_000_000_000 });
const allowed = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

describe('a name as it is shown', () => {
  test('A20 A21: leads back to the same bytes, whatever they are', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        expect(nameBytes(showName(name))).toEqual(name);
      }),
      { numRuns: 1000 },
    );
  });

  test('A21: is one line of plain characters', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        expect(showName(name)).toMatch(/^[ -~]*$/);
      }),
      { numRuns: 1000 },
    );
  });

  test('A20: is hex where the bytes are no text', () => {
    expect(showName(Buffer.from([0xff, 0x41]))).toBe('hex:ff41');
    expect(showName(Buffer.from('hex:41'))).toBe('hex:6865783a3431');
    expect(showName(Buffer.from('a b.pgp'))).toBe('a b.pgp');
  });
});

describe('A21: names that we take', () => {
  test.each(['a', 'Order_1.csv.pgp', '0-9', 'x'.repeat(200)])('%s', (name) => {
    expect(isAllowedName(Buffer.from(name))).toBe(true);
  });

  test.each(['', '-rf', '.x', '_x', 'a b', 'a/b', 'a\nb', 'a\n', 'a;b', 'ä', 'a\u202eb', 'x'.repeat(201)])(
    'not %j',
    (name) => {
      expect(isAllowedName(Buffer.from(name))).toBe(false);
    },
  );
});

describe('names of ours', () => {
  test('the number is found again in the name of a claimed file', () => {
    fc.assert(
      fc.property(id, anyName, (id, name) => {
        const work = workName(id, showName(name));
        expect(idOfWorkName(work)).toBe(id);
        expect(work).toMatch(allowed);
      }),
    );
    expect(idOfWorkName('x__y')).toBeUndefined();
    expect(idOfWorkName('12_y')).toBeUndefined();
  });

  test('A21 K06: archive names are safe, never the same twice, and never those of reason files', () => {
    fc.assert(
      fc.property(id, fc.oneof(anyName, fc.constant(Buffer.from('x.reason.json'))), (id, name) => {
        const names = archiveNames(id, showName(name));
        const tried = Array.from({ length: 5 }, () => names.next().value);
        expect(new Set(tried).size).toBe(5);
        for (const one of tried) {
          expect(one).toMatch(allowed);
          expect(one).not.toMatch(/\.reason\.json$/);
        }
      }),
      { examples: [[7, Buffer.from('x.reason.json')]] },
    );
  });

  test('K06: the sender’s name comes first, then the number behind it', () => {
    const names = archiveNames(7, 'x.pgp');
    expect([names.next().value, names.next().value, names.next().value]).toEqual([
      'x.pgp',
      'x.pgp.7',
      'x.pgp.7.2',
    ]);
  });
});
