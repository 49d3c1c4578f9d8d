import { z } from 'zod';

import type { FormatMapping } from '../../../../shared/runtime/configured-format-schema.ts';
import type { ErrorCatalogue } from '../error-catalogue.ts';
import type { AnswerContent, ProviderError } from '../provider-format.ts';
import { isListed } from './error-catalogue.ts';
import { oneAt, type Entry } from './read-document.ts';
import type { ReadTable } from './read-table.ts';
import { SaidByKey } from './said-by-key.ts';
import { TextIndex } from './text-index.ts';

/** What an answer says, in the words of the mapping. A word that is not in it settles nothing. */

export const verdict = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('success') }),
  z.object({
    kind: z.literal('failure'),
    errors: z.array(z.object({ code: z.string(), message: z.string() })),
  }),
  z.object({ kind: z.literal('pending') }),
  z.object({ kind: z.literal('unclear') }),
]);
export type Verdict = z.output<typeof verdict>;

export interface Reader {
  readonly mapping: FormatMapping;
  readonly catalogue: ErrorCatalogue;
  /** What was read before, by its content. */
  readonly answers: WeakMap<AnswerContent, ReadAnswer>;
  readonly tables: WeakMap<AnswerContent, ReadTable>;
}

/** A document in which an answer was looked for, and what its records say. */
export interface ReadAnswer {
  readonly whole: Entry;
  readonly said: Said;
}

/**
 * What the records of an answer say, each of them that names something. There may be a million records, which nearly
 * always say a few things, and may also give each failure a text of its own: the words are kept, and no verdicts.
 */
export class Said {
  /** Numbers of what is said, by key. */
  readonly records = new SaidByKey();
  readonly #reader: Reader;
  readonly #words = new TextIndex();
  #isPending = true;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** Whether nothing else is said of any. */
  get isPending(): boolean {
    return this.#isPending;
  }

  /** @returns the number of what a record says */
  understand(entry: Entry): number {
    const { answer } = this.#reader.mapping;
    const known = this.#words.size;
    const number = this.#words.add(wordsAt(entry, answer));
    if (number === known) this.#isPending &&= verdictOf(this.#reader, entry, answer).kind === 'pending';
    return number;
  }

  /** What was said under this number. */
  verdictAt(number: number): Verdict {
    const { answer } = this.#reader.mapping;
    return verdictOf(this.#reader, entryOfWords(this.#words.textAt(number), answer), answer);
  }
}

/** What `readAnswer` hands to `toOutcomes`. `failed`: the whole request, where no record says anything else. */
export const result = z.object({ failed: verdict.nullable(), said: z.instanceof(Said) });
export type Result = z.output<typeof result>;

/** What all records of a document say. */
export function understand(reader: Reader, records: Iterable<Entry>): Said {
  const said = new Said(reader);
  for (const entry of records) {
    const key = oneAt(entry, reader.mapping.answer.key);
    if (key !== '') said.records.add(key, said.understand(entry));
  }
  return said;
}

/** Whatever a verdict depends on. */
const wordsAt = (entry: Entry, places: Places): string =>
  JSON.stringify(placesOf(places).map((place) => (place === '' ? [] : entry.all(place))));

/** A record that says so. */
function entryOfWords(words: string, places: Places): Entry {
  const values = JSON.parse(words) as readonly (readonly string[])[];
  return { all: (place) => values[placesOf(places).indexOf(place)] ?? [] };
}

const placesOf = ({ status, code, text }: Places): string[] => [status, code, text];

interface Places {
  readonly status: string;
  readonly code: string;
  readonly text: string;
}

export function verdictOf(reader: Reader, entry: Entry, places: Places): Verdict {
  const { words } = reader.mapping.answer;
  const status = oneAt(entry, places.status);
  if (hasWord(words.pending, status)) return { kind: 'pending' };
  const errors = errorsAt(reader, entry, places, status);
  if (hasWord(words.success, status)) {
    // A success with an error that the operator knows of contradicts itself; codes of no meaning stand beside many.
    const isContradicted = errors.some(({ code }) => isListed(reader.catalogue, code));
    return isContradicted ? { kind: 'unclear' } : { kind: 'success' };
  }
  // Where there are codes in place of statuses, those of failures are in the list of errors.
  const isFailure = hasWord(words.failure, status) || isListed(reader.catalogue, status);
  const isError = status === '' && errors.length > 0;
  if (!isFailure && !isError) return { kind: 'unclear' };
  return isWaiting(reader, errors) ? { kind: 'pending' } : { kind: 'failure', errors };
}

/** One or several; where the partner gives no code, the word of the status is one. */
export function errorsAt(
  { catalogue, mapping }: Reader,
  entry: Entry,
  { code, text }: Omit<Places, 'status'>,
  status: string,
): ProviderError[] {
  const { success } = mapping.answer.words;
  // A code of success, like 0, is no error.
  const written = code === '' ? [] : entry.all(code).filter((one) => !hasWord(success, one));
  const texts = text === '' ? [] : entry.all(text);
  const codes = written.length > 0 ? written : status === '' ? [] : [status];
  return codes.map((one, index): ProviderError => {
    const message = (texts.length === codes.length ? texts[index] : texts.join('; ')) ?? '';
    return catalogue.describe({ code: one, message });
  });
}

export const hasWord = (words: readonly string[], status: string): boolean =>
  status !== '' && words.some((word) => word.trim().toLowerCase() === status.toLowerCase());

/** Errors that are none: the result comes later. */
export const isWaiting = ({ catalogue }: Reader, errors: readonly ProviderError[]): boolean =>
  errors.every(({ code }) => catalogue.lookUp(code).class === 'pending');
