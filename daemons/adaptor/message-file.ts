import type { ProviderMessage } from './providers/provider-format.ts';

const extensions = {
  'application/json': 'json',
  'application/xml': 'xml',
  'text/csv': 'csv',
} as const satisfies Record<ProviderMessage['mediaType'], string>;

/**
 * A message as a file of the spool transport: its name, which its answer will bear, and its content. A message without
 * a body is told by its method and path, for whoever passes it on.
 *
 * @param number of the question, or of the repetition; undefined: none
 */
export function messageFile(
  { stem, mediaType, method, path, content }: ProviderMessage,
  transactionId: string,
  number: number | undefined,
): { readonly name: string; readonly content: string } {
  const numbered = number === undefined ? transactionId : `${transactionId}.${number}`;
  if (content === '') return { name: `${stem}.${numbered}.json`, content: JSON.stringify({ method, path }) };
  return { name: `${stem}.${numbered}.${extensions[mediaType]}`, content };
}

/**
 * An answer bears the name of the file it answers: `<stem>.<transaction id>[.<n>].<extension>`. The acknowledgement of
 * a request may hold no id of ours, so that its name is all that ties it to the request.
 */
export function answeredFile(name: string): AnsweredFile {
  const [stem = '', transactionId, third, fourth] = name.split('.');
  if (transactionId === undefined || third === undefined) return { stem };
  const numbered = fourth !== undefined && /^\d{1,9}$/.test(third);
  return { stem, transactionId, ...(numbered && { number: Number(third) }) };
}

export interface AnsweredFile {
  readonly stem: string;
  /** Ours. */
  readonly transactionId?: string;
  /** Of the question, or of the repetition. */
  readonly number?: number;
}
