import { isUtf8 } from 'node:buffer';

import { codePoint, controlCharacter, looksLikeUtf16, notUtf8 } from '../generic/text.ts';
import { Fault } from '../runtime/faults.ts';

/** @throws Fault ENCODING with the offset of the first byte that is not UTF-8 */
export function requireUtf8(bytes: Uint8Array): void {
  const problem = notUtf8(bytes);
  if (problem !== undefined) throw new Fault('ENCODING', problem);
}

/** @throws Fault CONTROL_CHAR with the line */
export function refuseControlCharacters(text: string): void {
  const found = controlCharacter.exec(text);
  if (found) throw new Fault('CONTROL_CHAR', `line ${lineAt(text, found.index)}: ${codePoint(found[0])}`);
}

/** The same as `requireUtf8`, for text that comes in pieces. */
export class Utf8Check {
  /** A character that is cut; at first what is less than two bytes, which would tell UTF-16. */
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes before the rest. */
  #before = 0;

  /** @throws Fault ENCODING, as `requireUtf8` */
  push(piece: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const complete = bytes.length - cutAtEnd(bytes);
    const whole = this.#before === 0 && complete < 2 ? 0 : complete;
    this.#check(bytes.subarray(0, whole));
    this.#rest = Buffer.from(bytes.subarray(whole));
  }

  /** @throws as `push` */
  end(): void {
    this.#check(this.#rest);
  }

  #check(bytes: Uint8Array): void {
    const isGood = isUtf8(bytes) && (this.#before > 0 || !looksLikeUtf16(bytes));
    const problem = isGood ? undefined : notUtf8(bytes, this.#before);
    if (problem !== undefined) throw new Fault('ENCODING', problem);
    this.#before += bytes.length;
  }
}

/** How many bytes at the end may begin a character of which the rest is missing. */
function cutAtEnd(bytes: Uint8Array): number {
  for (let count = 1; count <= Math.min(3, bytes.length); count++) {
    const byte = bytes[bytes.length - count] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return length > count ? count : 0;
  }
  return 0;
}

/** The line that a place of the text is on, from 1, whatever ends the lines. */
export function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = 0; at < index; at++) {
    const char = text[at];
    if (char === '\n' || (char === '\r' && text[at + 1] !== '\n')) line++;
  }
  return line;
}
