/** Rules for the text of every format: which bytes are text at all, and which characters no data of ours has. */

/**
 * A character that prints nothing, but for tab and line ends. It cuts texts, forges lines of a log, or is what remains
 * of a text that was decoded wrongly.
 */
export const controlCharacter = /[^\P{Cc}\t\n\r]/u;

/** `U+0000` of a character. */
export const codePoint = (char: string): string =>
  `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

/**
 * What the bytes are instead of text in UTF-8; undefined when they are that.
 *
 * @param at where they begin in their document, for the offset that is told
 */
export function notUtf8(bytes: Uint8Array, at = 0): string | undefined {
  if (at === 0 && looksLikeUtf16(bytes)) return 'the bytes are UTF-16, not UTF-8';
  const offset = offsetOfBadUtf8(bytes);
  if (offset === undefined) return undefined;
  const byte = (bytes[offset] ?? 0).toString(16).toUpperCase().padStart(2, '0');
  return `the bytes are not text in UTF-8: byte ${byte} at offset ${at + offset}`;
}

/** Every format of ours begins with an ASCII character: in UTF-16, without a mark too, a NUL stands beside it. */
export function looksLikeUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  const marked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return marked || first === 0 || second === 0;
}

/** Offset of the first byte with which no character begins, or of a character that is cut; undefined: all is UTF-8. */
export function offsetOfBadUtf8(bytes: Uint8Array): number | undefined {
  let offset = 0;
  while (offset < bytes.length) {
    const length = lengthOfCharacter(bytes, offset);
    if (length === 0) return offset;
    offset += length;
  }
  return undefined;
}

/** In bytes; 0 when none begins here, or it is cut. The bounds of the second byte are those of RFC 3629, section 4. */
function lengthOfCharacter(bytes: Uint8Array, offset: number): number {
  const lead = bytes[offset] ?? 0;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const second = bytes[offset + 1] ?? 0;
  const from = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const to = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < from || second > to) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  for (let index = offset + 2; index < offset + length; index++) {
    if (((bytes[index] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}
