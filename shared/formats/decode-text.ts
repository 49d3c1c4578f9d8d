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

/** The line that a place of the text is on, from 1, whatever ends the lines. */
export function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = 0; at < index; at++) {
    const char = text[at];
    if (char === '\n' || (char === '\r' && text[at + 1] !== '\n')) line++;
  }
  return line;
}
