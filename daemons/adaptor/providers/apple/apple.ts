import type { ProviderFormat } from '../provider-format.ts';
import { toQuery, toRequests } from './request-mapping.ts';
import { readAnswer, toOutcomes } from './response-mapping.ts';
import { fromXml } from './xml-answer-mapping.ts';

/** Apple's Device Enrollment Program, by the reseller API of AppleCare Connect. */
export const apple: ProviderFormat = {
  name: 'apple',
  requestStem: 'bulk-enroll-devices',
  queryStem: 'check-transaction-status',
  toRequests,
  toQuery,
  fromXml,
  readAnswer,
  toOutcomes,
};
