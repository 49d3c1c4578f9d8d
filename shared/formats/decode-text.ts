import { codePoint, controlCharacter, notUtf8 } from '../generic/text.ts';
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

/**
 * The same for bytes that are UTF-8, without a text of all of them.
 *
 * @throws Fault CONTROL_CHAR with the line
 */
export function refuseControlCharactersIn(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x20 && byte < 0x7f) continue;
    if (byte === 0x09 || byte === 0x0a || byte === 0x0d || (byte > 0x7f && byte !== 0xc2)) continue;
    // U+0080 to U+009F are two bytes, C2 and a second one; nothing else that begins with C2 is meant.
    if (byte === 0xc2 && (bytes[at + 1] ?? 0) > 0x9f) continue;
    refuseControlCharacters(bytes.toString());
  }
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
