import { readCsvRows } from '../../../../shared/formats/read-csv.ts';
import type { XmlElement } from '../../../../shared/formats/xml-element.ts';
import { namesIn } from '../../../../shared/runtime/configured-format-schema.ts';
import { Fault, toFault } from '../../../../shared/runtime/faults.ts';
import type { AnswerContent } from '../provider-format.ts';
import { delimiters } from './write-csv.ts';

/**
 * Documents of partners, whatever their kind, read tolerantly: one thing may stand alone where several would be a list,
 * codes may be numbers, blanks around values do not count, and what nobody asked for is passed over.
 */

/** One record of a document, or the document itself. */
export interface Entry {
  /** The values at a place that are not empty. */
  all(place: string): readonly string[];
}

export interface ReadDocument {
  readonly whole: Entry;
  /** Those of a table are made as they are gone through, each time anew: there may be a million. */
  readonly records: Iterable<Entry>;
}

export type DocumentSettings =
  | { readonly kind: 'csv'; readonly delimiter: keyof typeof delimiters }
  | { readonly kind: 'xml'; readonly namespace: string; readonly records?: string }
  | { readonly kind: 'json'; readonly records?: string };

/** The one value at a place; empty: none, or it is not clear which. */
export function oneAt(entry: Entry, place: string): string {
  const values = place === '' ? [] : entry.all(place);
  const [value = ''] = values;
  return values.every((other) => other === value) ? value : '';
}

/**
 * @param places that are asked for; a table has to have these columns
 * @returns null when the content is of another kind than the settings say
 * @throws Fault UNKNOWN_ANSWER for a table that cannot be read, or lacks a column
 */
export function readDocument(
  settings: DocumentSettings,
  content: AnswerContent,
  places: readonly string[],
): ReadDocument | null {
  if (settings.kind === 'csv' && content.kind === 'csv') return readTable(content.bytes, settings, places);
  if (settings.kind === 'xml' && content.kind === 'xml') return readElements(content.root, settings);
  if (settings.kind === 'json' && content.kind === 'json') return readProperties(content.document, settings);
  return null;
}

function readTable(
  bytes: Uint8Array,
  { delimiter }: Extract<DocumentSettings, { kind: 'csv' }>,
  places: readonly string[],
): ReadDocument {
  const columns = [...new Set(places.filter((place) => place !== ''))];
  try {
    const rows = readCsvRows(bytes, columns, { delimiter: delimiters[delimiter], tolerant: true });
    return tableOf(rows, columns);
  } catch (error) {
    const fault = toFault(error);
    if (fault.class !== 'permanent') throw fault;
    throw new Fault('UNKNOWN_ANSWER', `not the table that the mapping describes: ${fault.message}`, {
      cause: fault,
    });
  }
}

function tableOf(rows: Iterable<readonly string[]>, columns: readonly string[]): ReadDocument {
  const places = new Map(columns.map((name, place) => [name, place]));
  const at = (row: readonly string[], place: string) => row[places.get(place) ?? -1]?.trim() ?? '';
  function* records(): Generator<Entry> {
    for (const row of rows) {
      const all = (place: string) => {
        const value = at(row, place);
        return value === '' ? [] : [value];
      };
      yield { all };
    }
  }
  const found = new Map<string, readonly string[]>();
  /** Each value once: it is asked which there are. */
  const all = (place: string) => {
    const known = found.get(place);
    if (known) return known;
    const values = new Set<string>();
    for (const row of rows) values.add(at(row, place));
    values.delete('');
    found.set(place, [...values]);
    return [...values];
  };
  return { records: { [Symbol.iterator]: records }, whole: { all } };
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
