import { codePoint, controlCharacter } from '../generic/text.ts';
import { Fault } from '../runtime/faults.ts';

/** Without a DTD there are no other entities than these. */
const predefined: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const form = '(?:(amp|lt|gt|quot|apos)|#([0-9]{1,10})|#x([0-9a-fA-F]{1,8}));';
const reference = new RegExp(`&${form}`, 'g');

/** An `&` that begins no reference, or one to an entity that is not predefined. */
export const strayAmpersand = new RegExp(`&(?!${form})`);

/**
 * Text of an XML document, without a stray ampersand -> what it means. Each reference becomes one character: the text
 * never grows.
 *
 * @throws Fault XML_NOT_WELL_FORMED for a number that is no character; CONTROL_CHAR
 */
export const decodeReferences = (text: string): string =>
  text.replaceAll(
    reference,
    (_whole, entity: string | undefined, decimal: string | undefined, hexadecimal: string | undefined) => {
      if (entity !== undefined) return predefined[entity] ?? '';
      return character(decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal));
    },
  );

/** XML 1.0, production 2. */
function character(code: number): string {
  if (!isCharacter(code)) {
    throw new Fault('XML_NOT_WELL_FORMED', 'a reference to a number that is no character');
  }
  const char = String.fromCodePoint(code);
  if (controlCharacter.test(char))
    throw new Fault('CONTROL_CHAR', `${codePoint(char)}, written as a reference`);
  return char;
}

const isCharacter = (code: number): boolean =>
  code < 0xd800 || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code <= 0x10ffff);
