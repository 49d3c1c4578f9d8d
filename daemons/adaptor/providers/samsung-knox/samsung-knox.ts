import type { ProviderConfigOf } from '../../../../shared/runtime/provider-schema.ts';
import type { AskedRequest, ProviderFormat, ProviderMessage } from '../provider-format.ts';
import { errorCatalogue } from './error-catalogue.ts';
import { statusMessage, statusStems, stems } from './message-mapping.ts';
import { halve, toRequests } from './request-mapping.ts';
import { readAnswer, toOutcomes } from './response-mapping.ts';

/** Samsung's Knox Deployment Program, by either generation of its reseller API, or by sheets for its portal. */
export function samsungKnox(settings: ProviderConfigOf<'samsung-knox'>): ProviderFormat {
  /** The portal cannot be asked: who uploaded the sheet brings the outcome. */
  const status = (stem: string, { message, transactionId }: AskedRequest): ProviderMessage | null =>
    message.mediaType === 'text/csv' ? null : statusMessage(stem, transactionId, settings);
  return {
    name: 'samsung-knox',
    stems: {
      [stems.upload]: 'request',
      [stems.delete]: 'request',
      [statusStems.query]: 'query',
      [statusStems.reconciliation]: 'reconciliation',
    },
    errors: errorCatalogue,
    toRequests: (document, enrolled) => toRequests(document, enrolled, settings),
    halve: (request, ids) => halve(request, ids, settings),
    toQuery: (asked) => status(statusStems.query, asked),
    toReconciliation: (asked) => status(statusStems.reconciliation, asked),
    readAnswer,
    toOutcomes: (result, _of, asked) => toOutcomes(result, asked),
  };
}
