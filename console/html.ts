import { bug } from '../shared/runtime/faults.ts';

/** Set by the class, which alone can reach its constructor. */
let make: (text: string) => Html;

/**
 * Text that is HTML already. Only `html` and `raw` make it, so that whatever comes from elsewhere, a file name or a
 * partner's message, is escaped: it has no other way into a page.
 */
export class Html {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  static {
    make = (text) => new Html(text);
  }

  toString(): string {
    return this.#text;
  }
}

/** What a template takes. Nothing is written for null, undefined and false; lists are joined. */
export type Value = string | number | Html | null | undefined | false | readonly Value[];

/** A template whose values are escaped, in text as in quoted attributes. @throws Fault BUG where a value is not safe */
export function html(texts: TemplateStringsArray, ...values: readonly Value[]): Html {
  const parts = texts.map((text, index) => {
    if (index >= values.length) return text;
    const value = values[index];
    checkPlace(text, value);
    return text + textOf(value);
  });
  return make(parts.join(''));
}

/** HTML of our own that no template can make, like a drawing. Never for anything that is computed or comes from outside. */
export const raw = (constant: string): Html => make(constant);

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Characters that turn the direction of text or cannot be seen are shown as their number. */
export const escapeHtml = (text: string): string =>
  text
    .replace(/[&<>"']/g, (char) => escapes[char] ?? '')
    .replace(/[\p{Cc}\p{Cf}]/gu, (char) =>
      char === '\n' || char === '\t' ? char : `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
    );

function textOf(value: Value): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return (value as readonly Value[]).map(textOf).join('');
  return escapeHtml(String(value));
}

/** Escaping alone does not help where an attribute has no quotes, nor against an address that is a script. */
function checkPlace(before: string, value: Value): void {
  if (before.endsWith('=')) throw bug('a value stands in an attribute without quotes');
  if (!/\b(?:href|src|action|formaction)="$/.test(before)) return;
  if (typeof value !== 'string' || !isOwnPath(value)) throw bug('an address that is not one of our own');
}

/** A path of this server, with query or fragment; never another server, however a browser reads it. */
export const isOwnPath = (address: string): boolean => /^(?:\/(?![/\\])|#|\?)[\x21-\x7e]*$/.test(address);
