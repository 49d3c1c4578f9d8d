import { JsonStructure } from './json-structure.ts';
import { DocumentProblem } from './problem.ts';
import { codePoint, controlCharacter, looksLikeUtf16, notUtf8 } from './text.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Bytes of one JSON document -> value. Strict where JSON.parse is not: invalid UTF-8 is an error and never becomes
 * U+FFFD, depth is bounded before the parser runs, and property names that could alter a prototype, or that stand twice
 * in one object, are refused, and so are control characters other than tab and line ends, escaped or not. A byte-order
 * mark is accepted.
 *
 * @throws DocumentProblem ENCODING, CONTROL_CHAR, JSON_TOO_DEEP, FORBIDDEN_KEY, JSON_MALFORMED
 */
export function readJson(bytes: Uint8Array): unknown {
  // To its end: it tells what the parser would let pass.
  Array.from(new JsonStructure().scan(bytes));
  return parseJson(bytes);
}

/**
 * Bytes of JSON whose structure was looked at before -> value.
 *
 * @param at where the bytes begin in the document, for the messages
 * @throws DocumentProblem ENCODING, CONTROL_CHAR, JSON_MALFORMED
 */
export function parseJson(bytes: Uint8Array, at = 0): unknown {
  const text = decode(bytes, at);
  checkCharacters(text, at);
  const value = parse(text, at);
  if (tellingEscape.test(text)) checkTexts(value);
  return value;
}

/** @throws DocumentProblem ENCODING */
function decode(bytes: Uint8Array, at: number): string {
  try {
    if (at > 0 || !looksLikeUtf16(bytes)) return decoder.decode(bytes);
  } catch {
    // Which byte it is, the platform does not tell.
  }
  throw new DocumentProblem('ENCODING', notUtf8(bytes, at) ?? 'the bytes are not text in UTF-8');
}

function parse(text: string, at: number): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new DocumentProblem(
      'JSON_MALFORMED',
      withoutContent(error instanceof Error ? error.message : '', at),
    );
  }
}

/** @throws DocumentProblem CONTROL_CHAR */
function checkCharacters(text: string, at: number): void {
  const found = controlCharacter.exec(text);
  if (!found) return;
  throw new DocumentProblem('CONTROL_CHAR', `${codePoint(found[0])} at character ${at + found.index}`);
}

/** Perhaps an escape of a control character, or of half a character. */
const tellingEscape = /\\(?:[bf]|u(?:00|d[89a-f]))/i;

/**
 * The same for what was written as JSON just now. The whole is looked at once: the texts in it, one by one, would take ten
 * times as long.
 *
 * @throws DocumentProblem CONTROL_CHAR, ENCODING
 */
export function checkWritten(text: string, value: unknown): void {
  checkCharacters(text, 0);
  if (tellingEscape.test(text)) checkTexts(value);
}

/**
 * What only the escapes of a text can hold.
 *
 * @throws DocumentProblem CONTROL_CHAR, ENCODING
 */
function checkTexts(value: unknown): void {
  if (typeof value === 'string') {
    const found = controlCharacter.exec(value);
    if (found) throw new DocumentProblem('CONTROL_CHAR', `${codePoint(found[0])}, written as an escape`);
    // Written as UTF-8, it would become U+FFFD.
    if (!value.isWellFormed()) throw new DocumentProblem('ENCODING', 'a \\u escape is half a character');
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      checkTexts(name);
      checkTexts(inner);
    }
  }
}

/** V8 quotes the text around the error, which may be decrypted content: keep only where it was. */
function withoutContent(message: string, at: number): string {
  const position = / at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message)?.[1];
  return position === undefined
    ? 'not well-formed JSON (cut off?)'
    : `not well-formed JSON at character ${at + Number(position)}`;
}
