/**
 * What spreadsheets do to identifiers: the most reported fault of enrolment data. Damage is named and never repaired,
 * because the digits that are gone cannot be known. The texts follow the name of the identifier and do not quote it.
 */

interface Damage {
  readonly pattern: RegExp;
  readonly text: string;
}

const shown: readonly Damage[] = [
  { pattern: /^#+$/, text: 'is a row of # signs: the column was too narrow to show it.' },
  {
    pattern: /^['’‘]/,
    text: 'begins with an apostrophe, with which spreadsheets mark a number that is to be text.',
  },
  { pattern: /["“”„]/, text: 'has quotation marks of a CSV file in it.' },
];

const powerOfTen = 'is written as a power of ten: a spreadsheet took it for a number, and digits are lost.';
const decimals = 'ends with a decimal point and zeros: it was taken for a number on its way.';

const asNumber: readonly Damage[] = [
  { pattern: /^[+-]?\d+(?:[.,]\d*)?\s?e\s?[+-]?\d{1,3}$/i, text: powerOfTen },
  { pattern: /^\d+[.,]0{1,2}$/, text: decimals },
  {
    pattern: /^\d{1,3}(?:[.,]\d{3})+(?:[.,]0{1,2})?$/,
    text: 'has the marks of thousands of a number: it was taken for a number on its way.',
  },
];

/** Only what no serial number looks like: 5E12 or 1.0 may be one. */
const serialAsNumber: readonly Damage[] = [
  { pattern: /^\d[.,]\d+e[+-]?\d{1,3}$/i, text: powerOfTen },
  { pattern: /^\d+e\+\d{1,3}$/i, text: powerOfTen },
  { pattern: /^\d{6,}[.,]0{1,2}$/, text: decimals },
];

const find = (text: string, damages: readonly Damage[]): string | undefined =>
  damages.find(({ pattern }) => pattern.test(text))?.text;

/** Damage of an identifier of digits; undefined when none is seen. */
export const damageOfDigits = (text: string): string | undefined => find(text, [...shown, ...asNumber]);

/** Damage of a serial number, which may be almost anything. */
export const damageOfSerialNumber = (text: string): string | undefined =>
  find(text, [...shown, ...serialAsNumber]);

/** Damage of a long text of letters and digits. */
export const damageOfText = (text: string): string | undefined => find(text, shown);
