import { describe, expect, test } from '@jest/globals';

import {
  checkHardwareHash,
  checkImei,
  checkMeid,
  checkProductId,
  checkSerialNumber,
  type Checked,
  type IdentifierPolicy,
} from '../../../daemons/adaptor/providers/identifiers.ts';

const lenient: IdentifierPolicy = { imei14: 'accept', imei16: 'accept', checkDigit: 'accept' };
const converting: IdentifierPolicy = { imei14: 'complete', imei16: 'convert', checkDigit: 'accept' };
const strict: IdentifierPolicy = { imei14: 'refuse', imei16: 'refuse', checkDigit: 'refuse' };

/** The code of a refusal and what it says after the words of the fault table. */
function refusalOf(checked: Checked): [code: string, detail: string] {
  if (!('error' in checked)) throw new Error('it was taken');
  return [checked.error.code, checked.error.message.replace(/^.*?\. /, '')];
}

/** The damage that spreadsheets do, in any identifier of digits. */
const spreadsheetDamage: [what: string, text: string, detail: RegExp][] = [
  ['a power of ten', '3.56E+14', /a power of ten/],
  ['decimals with a comma', '3,56E+14', /a power of ten/],
  ['lower case', '3.56e+14', /a power of ten/],
  ['without a sign', '3.56999E14', /a power of ten/],
  ['a minus sign', '3.56E-14', /a power of ten/],
  ['a sign before it', '+3.56E+14', /a power of ten/],
  ['no decimals', '4E+14', /a power of ten/],
  ['all decimals', '3.56999900123450E+14', /a power of ten/],
  ['a decimal point and a zero', '359999001234509.0', /decimal point/],
  ['a decimal comma and zeros', '359999001234509,00', /decimal point/],
  ['marks of thousands', '359,999,001,234,509', /marks of thousands/],
  ['an apostrophe', "'359999001234509", /apostrophe/],
  ['a printed apostrophe', '’359999001234509', /apostrophe/],
  ['a column that is too narrow', '########', /# signs/],
  ['quotation marks', '"359999001234509"', /quotation marks/],
];

describe('an IMEI', () => {
  test.each([
    ['15 digits', '359999001234509'],
    ['blanks around', ' 359999001234509\t'],
    ['a byte-order mark before it', '\ufeff359999001234509'],
    ['hyphens, as people write them', '35-999900-123450-9'],
    ['blanks', '35 999900 123450 9'],
    ['slashes', '359999/00/123450/9'],
    ['blanks and hyphens of word processors', '35\u2011999900\u00a0123450\u20139'],
  ])('%s', (_what, text) => {
    for (const policy of [lenient, converting, strict]) {
      expect(checkImei(text, policy)).toEqual({ value: '359999001234509' });
    }
  });

  test('leading zeros are kept', () => {
    expect(checkImei('001010123456780', strict)).toEqual({ value: '001010123456780' });
  });

  test.each<[policy: IdentifierPolicy['imei14'], Checked | string]>([
    ['accept', { value: '35999900123450' }],
    ['complete', { value: '359999001234509' }],
    ['refuse', 'The IMEI has 14 digits: the check digit is missing.'],
  ])('14 digits, without check digit: %s', (imei14, expected) => {
    const checked = checkImei('35999900123450', { ...lenient, imei14 });
    if (typeof expected === 'string') expect(refusalOf(checked)).toEqual(['IDENTIFIER_INVALID', expected]);
    else expect(checked).toEqual(expected);
  });

  test.each<[policy: IdentifierPolicy['imei16'], Checked | string]>([
    ['accept', { value: '3599990012345012' }],
    ['convert', { value: '359999001234509' }],
    ['refuse', 'The IMEI has 16 digits: it is an IMEISV, with a software version.'],
  ])('16 digits, with a software version: %s', (imei16, expected) => {
    const checked = checkImei('3599990012345012', { ...lenient, imei16 });
    if (typeof expected === 'string') expect(refusalOf(checked)).toEqual(['IDENTIFIER_INVALID', expected]);
    else expect(checked).toEqual(expected);
  });

  test('a wrong check digit is doubtful, because real devices with one exist', () => {
    expect(checkImei('359999001234508', lenient)).toEqual({ value: '359999001234508', doubtful: true });
  });

  test('a wrong check digit is refused where the settings say so', () => {
    expect(refusalOf(checkImei('359999001234508', strict))).toEqual([
      'IDENTIFIER_INVALID',
      'The IMEI has a wrong check digit.',
    ]);
  });

  test.each(spreadsheetDamage)('spreadsheet damage is named: %s', (_what, text, detail) => {
    expect(refusalOf(checkImei(text, lenient))).toEqual([
      'IDENTIFIER_DAMAGED',
      expect.stringMatching(detail),
    ]);
  });

  test.each([
    ['two zeros lost', '1010123456780', 13],
    ['one zero lost, and the check digit tells it', '10123456789013', 14],
    ['one digit', '7', 1],
  ])('spreadsheet damage is named: %s', (_what, text, count) => {
    for (const policy of [lenient, converting, strict]) {
      expect(refusalOf(checkImei(text, policy))).toEqual([
        'IDENTIFIER_DAMAGED',
        `The IMEI has ${count} digits: zeros at its beginning were lost, or it was cut.`,
      ]);
    }
  });

  test.each([
    ['a zero before it would make its check digit wrong', '10123456789012'],
    ['it would pass the check digit with a zero, but is of a range of telephones', '35999900123458'],
  ])('14 digits are taken as they stand: %s', (_what, text) => {
    expect(checkImei(text, lenient)).toEqual({ value: text });
  });

  test.each([
    ['letters', '35999900123450X', 'The IMEI has characters that are not digits.'],
    ['a MEID', 'A0000012345678', 'The IMEI has characters that are not digits.'],
    ['digits of another script', '٣٥٩٩٩٩٠٠١٢٣٤٥٠٩', 'The IMEI has characters that are not digits.'],
    ['17 digits', '35999900123450912', 'The IMEI has 17 digits.'],
    ['zeros', '000000000000000', 'The IMEI is all zeros.'],
  ])('is refused: %s', (_what, text, detail) => {
    expect(refusalOf(checkImei(text, lenient))).toEqual(['IDENTIFIER_INVALID', detail]);
  });
});

describe('a MEID', () => {
  test.each([
    ['upper case', 'A0000012345678', 'A0000012345678'],
    ['lower case becomes upper case', 'a000001234beef', 'A000001234BEEF'],
    ['only digits', '99000012345678', '99000012345678'],
    ['hyphens', 'A0-000012-345678', 'A0000012345678'],
    ['it looks like a power of ten', '99000012345e12', '99000012345E12'],
  ])('%s', (_what, text, expected) => {
    expect(checkMeid(text)).toEqual({ value: expected });
  });

  test.each([
    ['A0000012345678', 0xa0000012, 0x345678],
    ['99000000000001', 0x99000000, 1],
    ['FFFFFFFFFFFFFF', 0xffffffff, 0xffffff],
  ])('the decimal spelling of %s is turned into it', (expected, maker, serial) => {
    const decimal = String(maker).padStart(10, '0') + String(serial).padStart(8, '0');
    expect(decimal).toHaveLength(18);
    expect(checkMeid(decimal)).toEqual({ value: expected });
  });

  test.each(spreadsheetDamage)('spreadsheet damage is named: %s', (_what, text, detail) => {
    expect(refusalOf(checkMeid(text))).toEqual(['IDENTIFIER_DAMAGED', expect.stringMatching(detail)]);
  });

  test.each([
    ['15 characters', 'A00000123456789', 'The MEID has neither 14 hexadecimal characters nor 18 digits.'],
    [
      'no hexadecimal letter',
      'G0000012345678',
      'The MEID has neither 14 hexadecimal characters nor 18 digits.',
    ],
    [
      'a first part that is too large',
      '429496729600000000',
      'The MEID has 18 digits that are not those of a MEID.',
    ],
    [
      'a last part that is too large',
      '268435457899999999',
      'The MEID has 18 digits that are not those of a MEID.',
    ],
    ['zeros', '00000000000000', 'The MEID is all zeros.'],
  ])('is refused: %s', (_what, text, detail) => {
    expect(refusalOf(checkMeid(text))).toEqual(['IDENTIFIER_INVALID', detail]);
  });
});

describe('a serial number', () => {
  test('upper case where the provider wants it, otherwise its own case', () => {
    expect(checkSerialNumber(' c02xY ', { upperCase: true })).toEqual({ value: 'C02XY' });
    expect(checkSerialNumber(' c02xY ', { upperCase: false })).toEqual({ value: 'c02xY' });
  });

  test.each(['5E12', '1234E10', '1.0', 'R-58/N 3', '007', '5E-12', '0'])('%s may be one', (text) => {
    expect(checkSerialNumber(text, { upperCase: false })).toEqual({ value: text });
  });

  test.each([
    ['a power of ten', '1.23E+13', /a power of ten/],
    ['decimals with a comma', '1,23e13', /a power of ten/],
    ['no decimals', '5E+12', /a power of ten/],
    ['a decimal point and a zero', '4711004711.0', /decimal point/],
    ['an apostrophe', "'007123", /apostrophe/],
    ['a column that is too narrow', '###', /# signs/],
    ['quotation marks', '"C02XY"', /quotation marks/],
  ])('spreadsheet damage is named: %s', (_what, text, detail) => {
    expect(refusalOf(checkSerialNumber(text, { upperCase: true }))).toEqual([
      'IDENTIFIER_DAMAGED',
      expect.stringMatching(detail),
    ]);
  });

  test.each(['C02\nXY', 'C02\u0000XY', 'C02\u2028XY'])('%j is refused', (text) => {
    expect(refusalOf(checkSerialNumber(text, { upperCase: true }))).toEqual([
      'IDENTIFIER_INVALID',
      'The serial number has a line break or another control character in it.',
    ]);
  });
});

describe('a Windows product id', () => {
  test('has 13 digits, and its zeros are kept', () => {
    expect(checkProductId(' 0012345678901 ')).toEqual({ value: '0012345678901' });
  });

  test('lost zeros are named', () => {
    expect(refusalOf(checkProductId('12345678901'))).toEqual([
      'IDENTIFIER_DAMAGED',
      'The product id has 11 digits: zeros at its beginning were lost, or it was cut.',
    ]);
  });

  test.each(spreadsheetDamage)('spreadsheet damage is named: %s', (_what, text, detail) => {
    expect(refusalOf(checkProductId(text))).toEqual(['IDENTIFIER_DAMAGED', expect.stringMatching(detail)]);
  });

  test.each(['12345678901234', '00330-80000-00000-AA123', '123456789012X'])('%s is refused', (text) => {
    expect(refusalOf(checkProductId(text))).toEqual([
      'IDENTIFIER_INVALID',
      'The product id does not have 13 digits.',
    ]);
  });
});

describe('a hardware hash', () => {
  const hash = Buffer.from('a made-up hash of some hardware').toString('base64');

  test('is base64', () => {
    expect(checkHardwareHash(` ${hash}\n`)).toEqual({ value: hash });
  });

  test.each([
    ['quotation marks of CSV', `"${hash}"`, /quotation marks/],
    ['a quotation mark that CSV doubled', `${hash}""`, /quotation marks/],
    ['a line that was wrapped', `${hash.slice(0, 8)}\r\n${hash.slice(8)}`, /wrapped/],
    ['a blank in it', `${hash.slice(0, 8)} ${hash.slice(8)}`, /wrapped/],
    ['its end is missing', hash.slice(0, -3), /cut/],
    ['an apostrophe', `'${hash}`, /apostrophe/],
    ['a column that is too narrow', '######', /# signs/],
  ])('damage is named: %s', (_what, text, detail) => {
    expect(refusalOf(checkHardwareHash(text))).toEqual(['IDENTIFIER_DAMAGED', expect.stringMatching(detail)]);
  });

  test.each(['T0FB-XYA', 'T0FB=XYA', '===='])('%s is not base64', (text) => {
    expect(refusalOf(checkHardwareHash(text))).toEqual([
      'IDENTIFIER_INVALID',
      'The hardware hash has characters that base64 does not have.',
    ]);
  });
});

test.each<[kind: string, check: (text: string) => Checked]>([
  ['IMEI', (text) => checkImei(text, lenient)],
  ['MEID', checkMeid],
  ['serial number', (text) => checkSerialNumber(text, { upperCase: true })],
  ['product id', checkProductId],
  ['hardware hash', checkHardwareHash],
])('an empty %s is missing', (kind, check) => {
  for (const text of ['', ' \t']) {
    expect(refusalOf(check(text))).toEqual(['IDENTIFIER_MISSING', `The ${kind} is empty.`]);
  }
});
