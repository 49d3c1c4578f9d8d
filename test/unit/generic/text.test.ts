import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { notUtf8, offsetOfBadUtf8 } from '../../../shared/generic/text.ts';

/** What the platform takes for UTF-8. */
function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

describe('V02: the offset of what is not UTF-8', () => {
  test.each([
    ['a Latin-1 letter', [0x61, 0xfc, 0x62], 1],
    ['a byte that only continues', [0x61, 0x80], 1],
    ['a character that the end cuts', [0x61, 0xe2, 0x82], 1],
    ['a character that another cuts', [0x61, 0xf0, 0x9f, 0x98, 0x61], 1],
    ['an overlong form', [0xc0, 0xaf], 0],
    ['an overlong form of three bytes', [0xe0, 0x80, 0xaf], 0],
    ['a surrogate', [0x61, 0xed, 0xa0, 0x80], 1],
    ['beyond the last character', [0xf4, 0x90, 0x80, 0x80], 0],
    ['a byte that UTF-8 never has', [0x61, 0x62, 0xff], 2],
  ])('%s', (_what, bytes, offset) => {
    expect(offsetOfBadUtf8(Uint8Array.from(bytes))).toBe(offset);
  });

  test('is told from the beginning of the document', () => {
    expect(notUtf8(Uint8Array.from([0x61, 0xfc]), 1000)).toBe(
      'the bytes are not text in UTF-8: byte FC at offset 1001',
    );
  });

  const pieces = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 4 }).map((text) => [...Buffer.from(text)]),
    fc.array(fc.nat(255), { maxLength: 3 }),
    fc.constantFrom([0xed, 0xa0], [0xf4, 0x90], [0xe0, 0x9f], [0xf0, 0x8f], [0xc1]),
  );

  test('everything before it is UTF-8, and with it nothing is; none where the platform decodes all', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const bytes = Uint8Array.from(parts.flat());
        const offset = offsetOfBadUtf8(bytes);
        expect(offset === undefined).toBe(isUtf8(bytes));
        if (offset === undefined) return;
        expect(isUtf8(bytes.subarray(0, offset))).toBe(true);
        const next = [1, 2, 3, 4].map((length) => bytes.subarray(offset, offset + length));
        expect(next.some((part) => part.length > 0 && isUtf8(part))).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});
