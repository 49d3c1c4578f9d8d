/** So many different names are remembered; no format of ours has half as many. */
const maxKnown = 256;

/** A longer name is rare, and is not remembered. */
const maxKnownBytes = 64;

interface Known {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/**
 * The texts of the property names of one document. It has few different ones, and each of them thousands of times: to
 * find one again by its bytes costs a tenth of what it costs to make a text of them.
 */
export class NameTexts {
  /** By `hashOf`: one for each, so that names which somebody made to have the same do no harm. */
  readonly #known = new Map<number, Known>();

  /** The name in `bytes` from one index to another, as the parser will see it. */
  of(bytes: Uint8Array, from: number, to: number): string {
    const hash = hashOf(bytes, from, to);
    const known = this.#known.get(hash);
    if (known !== undefined && isAt(known.bytes, bytes, from, to)) return known.text;
    const name = bytes.slice(from, to);
    const text = textOf(name);
    if (this.#known.size < maxKnown && name.length <= maxKnownBytes) {
      this.#known.set(hash, { bytes: name, text });
    }
    return text;
  }
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = to - from;
  for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + (bytes[i] ?? 0)) | 0;
  return hash;
}

function isAt(name: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (name.length !== to - from) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[from + i]) return false;
  return true;
}

const decoder = new TextDecoder();

function textOf(name: Uint8Array): string {
  const text = decoder.decode(name);
  if (!text.includes('\\')) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text; // Not well-formed: the parser says so.
  }
}
