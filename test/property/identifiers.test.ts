import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  checkHardwareHash,
  checkImei,
  checkMeid,
  checkProductId,
  checkSerialNumber,
  type Checked,
  type IdentifierPolicy,
} from '../../daemons/adaptor/providers/identifiers.ts';

const digits = (length: number) =>
  fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length })
    .map((all) => all.join(''));
const policy: fc.Arbitrary<IdentifierPolicy> = fc.record({
  imei14: fc.constantFrom('accept', 'complete', 'refuse'),
  imei16: fc.constantFrom('accept', 'convert', 'refuse'),
  checkDigit: fc.constantFrom('accept', 'refuse'),
});

/** Luhn's rule read from the right, unlike in the product: the sum over all 15 digits is a multiple of ten. */
function passes(imei: string): boolean {
  const sum = Array.from(imei, Number)
    .reverse()
    .map((digit, index) => (index % 2 === 0 ? digit : digit * 2))
    .reduce((total, value) => total + Math.floor(value / 10) + (value % 10), 0);
  return sum % 10 === 0;
}

const valueOf = (checked: Checked): string | undefined => ('value' in checked ? checked.value : undefined);

describe('IMEIs', () => {
  test('the check digit: of ten numbers with one beginning just one is not doubtful, and it passes', () => {
    fc.assert(
      fc.property(digits(14), (beginning) => {
        fc.pre(!/^0+$/.test(beginning));
        const all = Array.from({ length: 10 }, (_, digit) => `${beginning}${digit}`);
        const accept = { imei14: 'accept', imei16: 'accept', checkDigit: 'accept' } as const;
        const sound = all.filter((imei) => !('doubtful' in checkImei(imei, accept)));
        expect(sound).toEqual(all.filter(passes));
        expect(sound).toHaveLength(1);
      }),
    );
  });

  test('whatever is taken has 14 to 16 digits; where it was completed or converted, it passes the check', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 18 }).chain(digits), policy, (text, settings) => {
        const checked = checkImei(text, settings);
        if (!('value' in checked)) return;
        expect(checked.value).toMatch(/^\d{14,16}$/);
        expect(checked.value.slice(0, 14)).toBe(text.slice(0, 14));
        if (checked.value !== text) expect(passes(checked.value)).toBe(true);
        if (settings.imei14 !== 'accept') expect(checked.value.length).not.toBe(14);
        if (settings.imei16 !== 'accept') expect(checked.value.length).not.toBe(16);
      }),
      { numRuns: 1000 },
    );
  });

  test('separators make no difference, wherever they stand', () => {
    const separators = fc.array(fc.constantFrom('', ' ', '-', '/', '\u00a0'), {
      minLength: 15,
      maxLength: 15,
    });
    fc.assert(
      fc.property(digits(15), separators, policy, (imei, between, settings) => {
        const written = Array.from(imei, (digit, index) => digit + (between[index] ?? '')).join('');
        expect(checkImei(written, settings)).toEqual(checkImei(imei, settings));
      }),
    );
  });

  test('no number that a spreadsheet made of an IMEI is taken', () => {
    const rounded = fc.tuple(digits(15), fc.integer({ min: 0, max: 13 }), fc.constantFrom('.', ','));
    fc.assert(
      fc.property(rounded, policy, ([imei, decimals, mark], settings) => {
        const shown = Number(imei).toExponential(decimals).replace('.', mark).replace('e', 'E');
        expect(checkImei(shown, settings)).toMatchObject({ error: { code: 'IDENTIFIER_DAMAGED' } });
      }),
    );
  });
});

test('MEIDs: the decimal spelling gives the same as the hexadecimal one', () => {
  const meid = fc.tuple(fc.integer({ min: 1, max: 0xffff_ffff }), fc.integer({ min: 0, max: 0xff_ffff }));
  fc.assert(
    fc.property(meid, ([maker, serial]) => {
      const hexadecimal = maker.toString(16).padStart(8, '0') + serial.toString(16).padStart(6, '0');
      const decimal = String(maker).padStart(10, '0') + String(serial).padStart(8, '0');
      expect(checkMeid(decimal)).toEqual(checkMeid(hexadecimal));
      expect(valueOf(checkMeid(hexadecimal))).toBe(hexadecimal.toUpperCase());
    }),
  );
});

test('a product id is taken as it stands, or not at all', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }).chain(digits), (text) => {
      expect(valueOf(checkProductId(text))).toBe(text.length === 13 ? text : undefined);
    }),
  );
});

test('a hardware hash of any bytes is taken, and never one that lost its end', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 3, maxLength: 200 }),
      fc.integer({ min: 1, max: 3 }),
      (bytes, lost) => {
        const hash = Buffer.from(bytes).toString('base64');
        expect(checkHardwareHash(hash)).toEqual({ value: hash });
        const cut = hash.slice(0, -lost);
        expect(checkHardwareHash(cut)).toHaveProperty('error');
      },
    ),
  );
});

describe('any text', () => {
  const imei = (text: string) =>
    checkImei(text, { imei14: 'refuse', imei16: 'refuse', checkDigit: 'refuse' });
  const serial = (text: string) => checkSerialNumber(text, { upperCase: true });
  const odd = fc.stringMatching(/^[-'"# .,/eE+0-9A-F]{5,25}$/);

  test.each([
    ['IMEI', imei],
    ['MEID', checkMeid],
    ['serial number', serial],
    ['product id', checkProductId],
    ['hardware hash', checkHardwareHash],
  ])('a refusal names the %s and does not quote it; what is taken is taken again', (kind, check) => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), odd, fc.integer({ min: 5, max: 20 }).chain(digits)), (text) => {
        const checked = check(text);
        if ('value' in checked) {
          expect(check(checked.value)).toEqual(checked);
          return;
        }
        expect(checked.error.message).toContain(`The ${kind} `);
        if (text.trim().length > 4) expect(checked.error.message).not.toContain(text.trim());
      }),
      { numRuns: 500 },
    );
  });
});
