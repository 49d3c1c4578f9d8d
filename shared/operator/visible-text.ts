import { offsetOfBadUtf8 } from '../generic/text.ts';

/** Text as people are shown it, with what is wrong with its bytes. Pure. */

export interface VisibleText {
  /** Bytes that are not UTF-8 stand there as `\xFF`; lines end with a line feed. */
  readonly text: string;
  /** How many bytes are not UTF-8. */
  readonly damaged: number;
}

/** @param most only so many bytes, less what would be a cut character */
export function visibleText(bytes: Uint8Array, most: number): VisibleText {
  let rest = bytes.subarray(0, endOfCharacter(bytes, most));
  let text = '';
  let damaged = 0;
  for (;;) {
    const bad = offsetOfBadUtf8(rest);
    text += Buffer.from(rest.subarray(0, bad)).toString('utf8');
    if (bad === undefined) return { text: text.replaceAll('\r\n', '\n'), damaged };
    text += `\\x${(rest[bad] ?? 0).toString(16).toUpperCase().padStart(2, '0')}`;
    damaged++;
    rest = rest.subarray(bad + 1);
  }
}

/** The last place up to `most` at which no character is under way. */
function endOfCharacter(bytes: Uint8Array, most: number): number {
  if (bytes.length <= most) return bytes.length;
  for (let end = most; end > most - 4; end--) {
    if (((bytes[end] ?? 0) & 0xc0) !== 0x80) return end;
  }
  return most;
}
