import fc from 'fast-check';

import { describe, expect, test } from '@jest/globals';

import { visibleText } from '../../shared/operator/visible-text.ts';

const bytesOf = (text: string) => Buffer.from(text);
const wellFormed = fc
  .string({ unit: 'grapheme' })
  .filter((text) => text.isWellFormed() && !text.includes('\r'));

/** The bytes again, of a text whose own has no backslash. */
const bytesBehind = (text: string): Buffer =>
  Buffer.concat(
    text
      .split(/(\\x[0-9A-F]{2})/)
      .map((part, index) => (index % 2 === 1 ? Buffer.from([parseInt(part.slice(2), 16)]) : bytesOf(part))),
  );

describe('text that is shown', () => {
  test('is the text itself, where it is UTF-8', () => {
    fc.assert(
      fc.property(wellFormed, (text) =>
        expect(visibleText(bytesOf(text), 10_000)).toEqual({ text, damaged: 0 }),
      ),
    );
  });

  test('has every byte of what was given, damaged or not', () => {
    const byte = fc.integer({ min: 0, max: 255 }).filter((value) => value !== 0x5c && value !== 0x0d);
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 300 }), (bytes) => {
        const { text, damaged } = visibleText(Buffer.from(bytes), 10_000);
        expect(bytesBehind(text)).toEqual(Buffer.from(bytes));
        expect(text.split(/\\x[0-9A-F]{2}/)).toHaveLength(damaged + 1);
      }),
    );
  });

  test('is no longer than asked for, and no character is cut in two', () => {
    fc.assert(
      fc.property(wellFormed, fc.integer({ min: 4, max: 40 }), (text, most) => {
        const shown = visibleText(bytesOf(text), most);
        const size = bytesOf(shown.text).length;
        expect(text.startsWith(shown.text)).toBe(true);
        expect({ damaged: shown.damaged, fits: size <= most }).toEqual({ damaged: 0, fits: true });
        expect(size).toBeGreaterThan(Math.min(most, bytesOf(text).length) - 4);
      }),
    );
  });

  test('ends its lines in one way, and a damaged byte stands as its number', () => {
    const bytes = Buffer.from([0x61, 0x0d, 0x0a, 0xff, 0x62, 0xc3]);
    expect(visibleText(bytes, 100)).toEqual({ text: 'a\n\\xFFb\\xC3', damaged: 2 });
  });
});
