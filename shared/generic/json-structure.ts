import { NameTexts } from './name-texts.ts';
import { DocumentProblem } from './problem.ts';

/** Names that JSON.parse makes own properties of, and that alter a prototype when the value is copied or merged. */
const forbiddenNames = ['__proto__', 'constructor'];

/** Deeper than any format of ours; far below what would exhaust the stack of the parser. */
const maxDepth = 32;

/** Longer than any property name of any format; a name is held until it ends. */
const maxNameBytes = 1000;

const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

interface Open {
  /** Of an object the names seen so far, of a list nothing. */
  readonly names: Set<string> | null;
  /** In an object: the property whose value this is in; in a list: nothing. */
  name: string | null;
}

/** Where a value of the wanted property begins or ends, in the piece that was scanned last. */
export interface Mark {
  readonly kind: 'begins' | 'ends';
  /** Index of the bracket that opens it, or index behind the one that closes it. */
  readonly at: number;
}

/**
 * Looks at the structure of one JSON document, piece by piece, for what the parser would let pass: any depth, names that
 * are not safe, and a property that stands twice in one object, of which the parser keeps the last. Also tells where the
 * records are: the elements of the list that one property of the document holds, or that property's value if it is an
 * object. What is not well-formed is left to the parser.
 *
 * Works on bytes: all characters that matter are ASCII, and no byte of another character in UTF-8 looks like one.
 */
export class JsonStructure {
  readonly #wanted: string | undefined;
  readonly #open: Open[] = [];
  #inString = false;
  #escaped = false;
  /** A string that comes now is a property name. */
  #expectsName = false;
  /** What earlier pieces had of the name that is being read; undefined outside of names. */
  #name: Uint8Array[] | undefined;
  readonly #texts = new NameTexts();
  /** The property of the document that was opened last holds a list. */
  #inList = false;

  /** @param wanted name of the property of the document that holds the records */
  constructor(wanted?: string) {
    this.#wanted = wanted;
  }

  /**
   * Scans the next piece.
   *
   * @throws DocumentProblem JSON_TOO_DEEP, FORBIDDEN_KEY, JSON_MALFORMED
   */
  *scan(piece: Uint8Array): Generator<Mark> {
    let i = 0;
    if (this.#inString) i = this.#readString(piece, 0);
    while (i < piece.length) {
      const byte = piece[i];
      if (byte === quote) {
        this.#inString = true;
        this.#name = this.#expectsName ? [] : undefined;
        this.#expectsName = false;
        i = this.#readString(piece, i + 1);
        continue;
      }
      if (byte === openBrace || byte === openBracket) {
        if (this.#beginsRecord(byte)) yield { kind: 'begins', at: i };
        this.#push(byte === openBrace);
      } else if (byte === closeBrace || byte === closeBracket) {
        this.#open.pop();
        this.#expectsName = false;
        if (this.#endsRecord()) yield { kind: 'ends', at: i + 1 };
      } else if (byte === comma) this.#expectsName = this.#open.at(-1)?.names != null;
      i++;
    }
  }

  /** Goes on in a string; returns the index behind its closing quote, or the end of the piece. */
  #readString(piece: Uint8Array, from: number): number {
    const { length } = piece;
    // What the last byte of the piece before has escaped is passed over.
    let i = this.#escaped ? from + 1 : from;
    for (; i < length; i++) {
      const byte = piece[i];
      if (byte === quote) break;
      if (byte === backslash) i++;
    }
    this.#escaped = i > length;
    this.#inString = i >= length;
    if (this.#name) this.#readName(piece, from, Math.min(i, length));
    return Math.min(i + 1, length);
  }

  /** Whether the bracket that comes now opens a record. */
  #beginsRecord(bracket: number): boolean {
    if (this.#wanted === undefined || this.#open[0]?.name !== this.#wanted) return false;
    return this.#open.length === 1 ? bracket === openBrace : this.#open.length === 2 && this.#inList;
  }

  /** Whether the bracket that has just closed was that of a record. */
  #endsRecord(): boolean {
    if (this.#wanted === undefined || this.#open[0]?.name !== this.#wanted) return false;
    return this.#open.length === 1 ? !this.#inList : this.#open.length === 2 && this.#inList;
  }

  #push(isObject: boolean): void {
    if (this.#open.length === 1) this.#inList = !isObject;
    this.#open.push({ names: isObject ? new Set() : null, name: null });
    this.#expectsName = isObject;
    if (this.#open.length > maxDepth)
      throw new DocumentProblem('JSON_TOO_DEEP', `nested deeper than ${maxDepth} levels`);
  }

  /** @throws DocumentProblem FORBIDDEN_KEY, JSON_MALFORMED */
  #readName(piece: Uint8Array, from: number, to: number): void {
    const parts = this.#name ?? [];
    const length = parts.reduce((sum, part) => sum + part.length, to - from);
    if (length > maxNameBytes)
      throw new DocumentProblem('JSON_MALFORMED', `a property name is longer than ${maxNameBytes} bytes`);
    // A copy where the name goes on: the piece may be overwritten before it ends.
    if (this.#inString) {
      parts.push(piece.slice(from, to));
      return;
    }
    this.#name = undefined;
    const name =
      parts.length === 0
        ? this.#texts.of(piece, from, to)
        : this.#texts.of(joined([...parts, piece.subarray(from, to)]), 0, length);
    this.#addName(name);
  }

  /** @throws DocumentProblem FORBIDDEN_KEY, JSON_MALFORMED */
  #addName(name: string): void {
    const object = this.#open.at(-1);
    if (!object?.names) return;
    if (forbiddenNames.includes(name)) {
      throw new DocumentProblem('FORBIDDEN_KEY', `a property is named ${name}`);
    }
    if (object.names.has(name))
      throw new DocumentProblem('JSON_MALFORMED', 'a property stands twice in one object');
    object.names.add(name);
    object.name = name;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
