import type { ProviderFormat } from '../../../daemons/adaptor/providers/provider-format.ts';
import { acmeErrors } from './error-catalogue.ts';
import { halve, stems, toQuestion, toRequests } from './request-mapping.ts';
import { readAnswer, toOutcomes } from './response-mapping.ts';
import type { AcmeSettings } from './settings.ts';

/** Acme, a provider that does not exist: an example of a format with code. */
export const acme = (settings: AcmeSettings): ProviderFormat => ({
  name: 'acme',
  stems,
  errors: acmeErrors,
  toRequests: (document, enrolled) => toRequests(document, enrolled, settings),
  halve,
  toQuery: (asked) => toQuestion('job-state', asked),
  toReconciliation: (asked) => toQuestion('job-lookup', asked),
  readAnswer,
  toOutcomes: (result, _of, asked) => toOutcomes(result, asked),
});
