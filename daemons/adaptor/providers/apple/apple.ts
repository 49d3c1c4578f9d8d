import type { ProviderConfigOf } from '../../../../shared/runtime/provider-schema.ts';
import type { ProviderFormat } from '../provider-format.ts';
import { appleErrors } from './error-catalogue.ts';
import { halve } from './halving.ts';
import { questions } from './messages.ts';
import { toQuery, toReconciliation, toRequests } from './request-mapping.ts';
import { readAnswer, toOutcomes } from './response-mapping.ts';

/** Apple's Device Enrollment Program, by the reseller API of AppleCare Connect, or by a carrier's wrapper of it. */
export const apple = (settings: ProviderConfigOf<'apple'>): ProviderFormat => ({
  name: 'apple',
  stems: questions,
  errors: appleErrors,
  toRequests: (document) => toRequests(document, settings),
  halve: (request, ids) => halve(request, ids, settings),
  toQuery: (asked) => toQuery(asked, settings),
  toReconciliation: (asked) => toReconciliation(asked, settings),
  readAnswer,
  toOutcomes,
});
