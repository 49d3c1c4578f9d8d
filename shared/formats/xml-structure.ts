import { Fault } from '../runtime/faults.ts';
import { lineAt } from './decode-text.ts';
import { decodeReferences, strayAmpersand } from './xml-references.ts';

/** Deeper than any format of ours. */
const maxDepth = 100;

/** Longer than any tag of ours. */
const maxTagLength = 16 * 1024;

/** Elements, attributes and references together. The answer to 1,000 devices has a tenth of this; each takes memory. */
const maxParts = 100_000;

const space = '[ \\t\\r\\n]';
/** As far as it matters here; which characters a name may have, the library knows. */
const name = `[^\\s<>/="'&]+`;
const attribute = `${space}+${name}${space}*=${space}*(?:"[^<"]*"|'[^<']*')`;
const startTag = new RegExp(`<(${name})(?:${attribute})*${space}*(/?)>`, 'y');
const endTag = new RegExp(`</(${name})${space}*>`, 'y');
const instruction = new RegExp(`<\\?(${name})(?:${space}[^]*?)?\\?>`, 'y');
const ofDtd = /<!\s*(?:doctype|entity|element|attlist|notation)/iy;

/** A document without comments, instructions and what stands beside its root element. */
export interface XmlStructure {
  /** The tags. In the place of a text stands its index in `texts`. */
  readonly tags: string;
  /** What the texts mean, with CDATA sections and references. */
  readonly texts: readonly string[];
}

/**
 * Looks at the structure of one XML document for what the library would let pass, or understand wrongly: any DTD, any
 * depth, text and further elements beside the root, cut comments, quotes in instructions. Leaves the tags to it, and
 * keeps the texts aside: it would put them together character by character, with a hundred times the memory.
 */
class Scanner {
  readonly #text: string;
  readonly #tags: string[] = [];
  readonly #texts: string[] = [];
  /** The text that is being read, in the parts between comments. */
  #characters: string[] = [];
  #parts = 0;
  /** The elements that are open, with the place of their tags. */
  readonly #open: { readonly name: string; readonly at: number }[] = [];
  #hasRoot = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** @throws Fault XML_DTD, XML_NOT_WELL_FORMED, XML_TOO_DEEP, TOO_LARGE, CONTROL_CHAR */
  scan(): XmlStructure {
    const noCharacter = this.#text.search(/[\ufffe\uffff]/);
    if (noCharacter !== -1) throw this.#fault(noCharacter, 'it has a code that is no character');
    let at = 0;
    while (at < this.#text.length) at = this.#step(at);
    const open = this.#open.at(-1);
    if (open) throw this.#fault(open.at, 'the element that begins here has no end');
    if (!this.#hasRoot) throw this.#fault(at, 'there is no element');
    return { tags: this.#tags.join(''), texts: this.#texts };
  }

  /** Reads what stands at a place. @returns the place behind it */
  #step(at: number): number {
    const text = this.#text;
    if (text[at] !== '<') return this.#plain(at);
    if (text.startsWith('<!--', at)) return this.#comment(at);
    if (text.startsWith('<![CDATA[', at)) return this.#cdata(at);
    if (text.startsWith('<!', at)) throw this.#declaration(at);
    if (text.startsWith('<?', at)) return this.#instruction(at);
    return text.startsWith('</', at) ? this.#endTag(at) : this.#startTag(at);
  }

  #plain(at: number): number {
    const next = this.#text.indexOf('<', at);
    const end = next === -1 ? this.#text.length : next;
    const characters = this.#text.slice(at, end);
    if (characters.includes(']]>')) throw this.#fault(at, ']]> stands outside of a CDATA section');
    this.#checkReferences(at, characters);
    this.#count(at, occurrences(characters, '&'));
    if (this.#open.length > 0) this.#characters.push(decodeReferences(characters));
    else if (/[^ \t\r\n]/.test(characters)) throw this.#fault(at, 'text stands outside of the root element');
    return end;
  }

  #comment(at: number): number {
    const end = this.#text.indexOf('--', at + 4);
    if (end === -1 || this.#text[end + 2] !== '>')
      throw this.#fault(at, 'the comment that begins here is not closed');
    return end + 3;
  }

  #cdata(at: number): number {
    const end = this.#text.indexOf(']]>', at);
    if (end === -1) throw this.#fault(at, 'the CDATA section that begins here is not closed');
    if (this.#open.length === 0) throw this.#fault(at, 'text stands outside of the root element');
    this.#characters.push(this.#text.slice(at + '<![CDATA['.length, end));
    return end + 3;
  }

  #declaration(at: number): Fault {
    ofDtd.lastIndex = at;
    return ofDtd.test(this.#text)
      ? new Fault('XML_DTD', `line ${lineAt(this.#text, at)}`)
      : this.#fault(at, 'neither a comment nor a CDATA section');
  }

  /** The XML declaration was read when the text was decoded. */
  #instruction(at: number): number {
    const [whole, target = ''] = this.#match(
      instruction,
      at,
      'a processing instruction is not as it should be',
    );
    if (target.toLowerCase() === 'xml' && !(target === 'xml' && at === 0)) {
      throw this.#fault(at, 'an XML declaration stands within the document');
    }
    return at + whole.length;
  }

  #startTag(at: number): number {
    const [whole, name = '', empty] = this.#match(
      startTag,
      at,
      'a tag is not as it should be, or is cut off',
    );
    if (this.#open.length === 0 && this.#hasRoot) throw this.#fault(at, 'there is a second root element');
    this.#hasRoot = true;
    if (this.#open.length === maxDepth) {
      throw new Fault(
        'XML_TOO_DEEP',
        `line ${lineAt(this.#text, at)}: nested deeper than ${maxDepth} levels`,
      );
    }
    if (whole.length > maxTagLength)
      throw this.#tooLarge(at, `a tag of more than ${maxTagLength} characters`);
    this.#count(at, 1 + occurrences(whole, '=') + occurrences(whole, '&'));
    this.#checkReferences(at, whole);
    if (empty === '') this.#open.push({ name, at });
    return this.#keep(whole, at);
  }

  #endTag(at: number): number {
    const [whole, name] = this.#match(endTag, at, 'an end tag is not as it should be, or is cut off');
    const open = this.#open.pop();
    if (open?.name !== name) throw this.#fault(at, 'an end tag does not fit the element that is open');
    return this.#keep(whole, at);
  }

  /** A tag, and the text before it. */
  #keep(tag: string, at: number): number {
    if (this.#characters.length > 0) {
      this.#tags.push(String(this.#texts.length));
      this.#texts.push(this.#characters.join(''));
      this.#characters = [];
    }
    this.#tags.push(tag);
    return at + tag.length;
  }

  #checkReferences(at: number, part: string): void {
    const stray = part.search(strayAmpersand);
    if (stray === -1) return;
    throw this.#fault(at + stray, 'an & begins no reference, or one to an entity that is not known');
  }

  #count(at: number, more: number): void {
    this.#parts += more;
    if (this.#parts > maxParts)
      throw this.#tooLarge(at, `more than ${maxParts} elements, attributes and references`);
  }

  #match(pattern: RegExp, at: number, otherwise: string): RegExpExecArray {
    pattern.lastIndex = at;
    const found = pattern.exec(this.#text);
    if (!found) throw this.#fault(at, otherwise);
    return found;
  }

  #tooLarge(at: number, what: string): Fault {
    return new Fault('TOO_LARGE', `line ${lineAt(this.#text, at)}: ${what}`);
  }

  #fault(at: number, what: string): Fault {
    return new Fault('XML_NOT_WELL_FORMED', `line ${lineAt(this.#text, at)}: ${what}`);
  }
}

function occurrences(text: string, char: string): number {
  let count = 0;
  for (let at = text.indexOf(char); at !== -1; at = text.indexOf(char, at + 1)) count++;
  return count;
}

/** @throws Fault XML_DTD, XML_NOT_WELL_FORMED, XML_TOO_DEEP, TOO_LARGE, CONTROL_CHAR */
export const scanXml = (text: string): XmlStructure => new Scanner(text).scan();
