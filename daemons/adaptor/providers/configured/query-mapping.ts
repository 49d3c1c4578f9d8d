import type { FormatMapping } from '../../../../shared/runtime/configured-format-schema.ts';
import type { AskedRequest, ProviderMessage } from '../provider-format.ts';
import { mediaTypes } from './write-message.ts';

export const queryStem = 'query';
export const reconciliationStem = 'reconciliation';

/**
 * The question about a request; null where the partner answers by itself, or does not know the request by the id that the
 * question needs.
 */
export function toQuestion(
  { query, answer }: FormatMapping,
  { transactionId, providerTransactionId }: AskedRequest,
  stem: typeof queryStem | typeof reconciliationStem,
): ProviderMessage | null {
  if (!query) return null;
  // Ours stands in its place where the partner gave none.
  const theirs = providerTransactionId === transactionId ? null : providerTransactionId;
  if (theirs === null && query.path.includes('{providerTransactionId}')) return null;
  return {
    stem,
    method: query.method,
    path: query.path
      .replaceAll('{transactionId}', () => encodeURIComponent(transactionId))
      .replaceAll('{providerTransactionId}', () => encodeURIComponent(theirs ?? '')),
    mediaType: mediaTypes[answer.kind],
    content: '',
  };
}
