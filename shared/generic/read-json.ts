import { DocumentProblem } from './problem.ts';

/** Names that JSON.parse makes own properties of, and that alter a prototype when the value is copied or merged. */
const forbiddenNames = ['__proto__', 'constructor'];

/** Deeper than any format of ours; far below what would exhaust the stack of the parser. */
const maxDepth = 32;

/**
 * Bytes of one JSON document -> value. Strict where JSON.parse is not: invalid UTF-8 is an error and never becomes
 * U+FFFD, depth is bounded before the parser runs, and property names that could alter a prototype, or that stand twice
 * in one object, are refused. A byte-order mark is accepted.
 *
 * @throws DocumentProblem ENCODING, JSON_TOO_DEEP, FORBIDDEN_KEY, JSON_MALFORMED
 */
export function readJson(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes);
  checkStructure(text);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new DocumentProblem('JSON_MALFORMED', withoutContent(error instanceof Error ? error.message : ''));
  }
}

/** @throws DocumentProblem ENCODING */
function decodeUtf8(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    // UTF-16 of plain letters is valid UTF-8, with a NUL beside each.
    if (!text.includes('\0')) return text;
  } catch {
    // Told below.
  }
  throw new DocumentProblem('ENCODING', 'the bytes are not text in UTF-8');
}

/**
 * What the parser would let pass: any depth, names that are not safe, and a property that stands twice in one object, of
 * which it keeps the last. What is not well-formed is left to the parser.
 *
 * @throws DocumentProblem JSON_TOO_DEEP, FORBIDDEN_KEY, JSON_MALFORMED
 */
function checkStructure(text: string): void {
  /** The open brackets: of an object the names seen so far, of a list nothing. */
  const open: (Set<string> | null)[] = [];
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') {
      const end = endOfString(text, i);
      const names = open.at(-1);
      if (names && isName(text, end)) addName(names, text.slice(i, end));
      i = end - 1;
    } else if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : null);
      if (open.length > maxDepth)
        throw new DocumentProblem('JSON_TOO_DEEP', `nested deeper than ${maxDepth} levels`);
    } else if (char === '}' || char === ']') open.pop();
  }
}

/** Behind the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

function isName(text: string, end: number): boolean {
  let i = end;
  while (' \t\r\n'.includes(text[i] ?? '.')) i++;
  return text[i] === ':';
}

/** @throws DocumentProblem FORBIDDEN_KEY, JSON_MALFORMED */
function addName(names: Set<string>, quoted: string): void {
  const name = quoted.includes('\\') ? unescaped(quoted) : quoted.slice(1, -1);
  if (forbiddenNames.includes(name)) {
    throw new DocumentProblem('FORBIDDEN_KEY', `a property is named ${name}`);
  }
  if (names.has(name)) throw new DocumentProblem('JSON_MALFORMED', 'a property stands twice in one object');
  names.add(name);
}

function unescaped(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted; // Not well-formed: the parser says so.
  }
}

/** V8 quotes the text around the error, which may be decrypted content: keep only where it was. */
function withoutContent(message: string): string {
  const position = / at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message)?.[1];
  return position === undefined
    ? 'not well-formed JSON (cut off?)'
    : `not well-formed JSON at character ${position}`;
}
