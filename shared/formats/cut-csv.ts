const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const quote = 0x22;

/**
 * Cuts a table, whose structure was checked before, into its records; one that is empty is none.
 *
 * @param bytes UTF-8
 * @param delimiter one ASCII character
 * @param places of each column: where its value stands in what is given, -1 for nowhere. Without them: all as written
 */
export function* cutCsv(
  bytes: Buffer,
  delimiter: string,
  places?: readonly number[],
): Generator<string[], undefined> {
  const between = delimiter.charCodeAt(0);
  const before = new EarlierValues(bytes);
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] === lineFeed || bytes[at] === carriageReturn) {
      at++;
      continue;
    }
    const values: string[] = [];
    for (let column = 0; ; column++) {
      const end = endOfValue(bytes, at, between);
      const place = places ? (places[column] ?? -1) : column;
      if (place >= 0) values[place] = before.valueAt(column, at, end);
      at = end + 1;
      if (bytes[end] !== between) break;
    }
    yield values;
  }
}

/** The place behind a value. */
function endOfValue(bytes: Buffer, start: number, delimiter: number): number {
  let at = start;
  if (bytes[at] === quote) {
    for (at++; at < bytes.length; at++) {
      if (bytes[at] !== quote) continue;
      // Of two, the first stands for nothing but the second.
      if (bytes[at + 1] !== quote) return at + 1;
      at++;
    }
  }
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === delimiter || byte === lineFeed || byte === carriageReturn) return at;
    at++;
  }
  return at;
}

/**
 * Most columns say for many rows on end what they said of the row before: a status, the id of a batch. A text is made of
 * bytes only where they are others; equal bytes share one.
 */
class EarlierValues {
  readonly #bytes: Buffer;
  readonly #starts: number[] = [];
  readonly #texts: string[] = [];
  readonly #lengths: number[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  valueAt(column: number, start: number, end: number): string {
    const earlier = this.#texts[column];
    if (earlier !== undefined && this.#isAsBefore(column, start, end)) return earlier;
    const text = textOf(this.#bytes, start, end);
    this.#starts[column] = start;
    this.#lengths[column] = end - start;
    this.#texts[column] = text;
    return text;
  }

  #isAsBefore(column: number, start: number, end: number): boolean {
    if (end - start !== this.#lengths[column]) return false;
    const bytes = this.#bytes;
    // The last byte is the likeliest to differ: of numbers that are counted up.
    for (
      let at = end - 1, other = (this.#starts[column] ?? 0) + end - start - 1;
      at >= start;
      at--, other--
    ) {
      if (bytes[at] !== bytes[other]) return false;
    }
    return true;
  }
}

function textOf(bytes: Buffer, start: number, end: number): string {
  if (start === end) return '';
  if (bytes[start] !== quote) return bytes.toString('utf8', start, end);
  return bytes.toString('utf8', start + 1, end - 1).replaceAll('""', '"');
}
