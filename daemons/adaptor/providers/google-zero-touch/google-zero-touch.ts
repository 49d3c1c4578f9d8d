import type { ProviderConfigOf } from '../../../../shared/runtime/provider-schema.ts';
import type { ProviderFormat } from '../provider-format.ts';
import { zeroTouchErrors } from './error-catalogue.ts';
import { stems } from './message-mapping.ts';
import { halve, toQuery, toReconciliation, toRequests } from './request-mapping.ts';
import { readAnswer, toOutcomes } from './response-mapping.ts';

/** Google's Android zero-touch enrolment, by its reseller API; over the spool also by the sheets of its portal. */
export const googleZeroTouch = (settings: ProviderConfigOf<'google-zero-touch'>): ProviderFormat => ({
  name: 'google-zero-touch',
  stems,
  errors: zeroTouchErrors,
  toRequests: (document, enrolled) => toRequests(document, enrolled, settings),
  halve,
  toQuery,
  toReconciliation: (asked) => toReconciliation(asked, settings),
  readAnswer,
  toOutcomes: (result, _of, asked) => toOutcomes(result, asked),
});
