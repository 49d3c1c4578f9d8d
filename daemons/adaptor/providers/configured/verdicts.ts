import { z } from 'zod';

import type { FormatMapping } from '../../../../shared/runtime/configured-format-schema.ts';
import type { ErrorCatalogue } from '../error-catalogue.ts';
import type { AnswerContent, ProviderError } from '../provider-format.ts';
import { isListed } from './error-catalogue.ts';
import { oneAt, type Entry } from './read-document.ts';

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

/**
 * What `readAnswer` hands to `toOutcomes`: the keys of the records, and what each of them says, as an index into the
 * verdicts. There may be a million records, and few verdicts. `failed`: the whole request, where no record says anything
 * else.
 */
export const result = z.object({
  failed: verdict.nullable(),
  verdicts: z.array(verdict),
  keys: z.custom<readonly string[]>((value) => isListOf(value, 'string')),
  says: z.custom<readonly number[]>((value) => isListOf(value, 'number')),
});
export type Result = z.output<typeof result>;

/** What the records of an answer say, each of them that names something. */
export type Said = Omit<Result, 'failed'>;

/** As it stands: a copy of a million would be made otherwise. */
const isListOf = (value: unknown, type: 'string' | 'number'): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === type);

export interface Reader {
  readonly mapping: FormatMapping;
  readonly catalogue: ErrorCatalogue;
  /** What was read before, by its content. */
  readonly answers: WeakMap<AnswerContent, ReadAnswer>;
}

/** A document in which an answer was looked for, and what its records say. */
export interface ReadAnswer {
  readonly whole: Entry;
  readonly said: Said;
}

/** What is said of very many in the same words is understood once. */
export function understand(reader: Reader, records: Iterable<Entry>): Said {
  const { key, ...places } = reader.mapping.answer;
  const verdicts: Verdict[] = [];
  const keys: string[] = [];
  const says: number[] = [];
  const understood = new Map<string, number>();
  for (const entry of records) {
    const named = oneAt(entry, key);
    if (named === '') continue;
    const words = wordsAt(entry, places);
    const known = understood.get(words) ?? verdicts.push(verdictOf(reader, entry, places)) - 1;
    understood.set(words, known);
    keys.push(named);
    says.push(known);
  }
  return { verdicts, keys, says };
}

/** Whatever a verdict depends on. */
const wordsAt = (entry: Entry, { status, code, text }: Places): string =>
  JSON.stringify([status, code, text].map((place) => (place === '' ? [] : entry.all(place))));

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
