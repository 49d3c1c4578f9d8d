import type { XmlElement } from '../../../../shared/formats/xml-element.ts';
import { namesIn } from '../../../../shared/runtime/configured-format-schema.ts';
import type { AnswerContent } from '../provider-format.ts';

/**
 * Documents of partners, in XML or JSON, read tolerantly: one thing may stand alone where several would be a list,
 * codes may be numbers, blanks around values do not count, and what nobody asked for is passed over.
 */

/** One record of a document, or the document itself. */
export interface Entry {
  /** The values at a place that are not empty. */
  all(place: string): readonly string[];
}

export interface ReadDocument {
  readonly whole: Entry;
  readonly records: readonly Entry[];
}

export type DocumentSettings =
  | { readonly kind: 'xml'; readonly namespace: string; readonly records?: string }
  | { readonly kind: 'json'; readonly records?: string };

/** The one value at a place; empty: none, or it is not clear which. */
export function oneAt(entry: Entry, place: string): string {
  const values = place === '' ? [] : entry.all(place);
  const [value = ''] = values;
  return values.every((other) => other === value) ? value : '';
}

/** @returns null when the content is of another kind than the settings say */
export function readDocument(settings: DocumentSettings, content: AnswerContent): ReadDocument | null {
  if (settings.kind === 'xml' && content.kind === 'xml') return readElements(content.root, settings);
  if (settings.kind === 'json' && content.kind === 'json') return readProperties(content.document, settings);
  return null;
}

function readElements(
  root: XmlElement,
  { namespace, records = '' }: Extract<DocumentSettings, { kind: 'xml' }>,
): ReadDocument {
  const below = (elements: readonly XmlElement[], name: string) =>
    elements
      .flatMap(({ children }) => children)
      .filter((child) => child.name === name && (namespace === '' || child.namespace === namespace));
  const entryOf = (element: XmlElement): Entry => ({
    all: (place) => {
      const names = namesIn(place, 'xml');
      const attribute = names.at(-1)?.startsWith('@') ? names.pop() : undefined;
      const found = names.reduce(below, [element]);
      if (attribute === undefined) return filled(found.map(({ text }) => text));
      const named = found.flatMap(({ attributes }) =>
        attributes.filter(({ name }) => `@${name}` === attribute),
      );
      return filled(named.map(({ value }) => value));
    },
  });
  return { whole: entryOf(root), records: namesIn(records, 'xml').reduce(below, [root]).map(entryOf) };
}

function readProperties(
  document: unknown,
  { records = '' }: Extract<DocumentSettings, { kind: 'json' }>,
): ReadDocument {
  const entryOf = (value: unknown): Entry => ({
    all: (place) => filled(listOf(namesIn(place, 'json').reduce(propertyOf, value)).map(textOf)),
  });
  const found = listOf(namesIn(records, 'json').reduce(propertyOf, document));
  return { whole: entryOf(document), records: found.map(entryOf) };
}

/** Of every object of a list. */
const propertyOf = (value: unknown, name: string): unknown[] =>
  listOf(value).flatMap((one) =>
    typeof one === 'object' && one !== null && Object.hasOwn(one, name)
      ? listOf((one as Readonly<Record<string, unknown>>)[name])
      : [],
  );

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : [value]);

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';

const filled = (values: readonly string[]): string[] =>
  values.map((value) => value.trim()).filter((value) => value !== '');
