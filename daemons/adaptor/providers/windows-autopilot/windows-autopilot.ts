import type { ProviderFormat } from '../provider-format.ts';
import { errors } from './error-catalogue.ts';
import { stems, toQuery, toReconciliation } from './message-mapping.ts';
import { toOutcomes } from './outcome-mapping.ts';
import { halve, toRequests, type Settings } from './request-mapping.ts';
import { readAnswer } from './response-mapping.ts';

/**
 * Windows Autopilot, by Microsoft's Partner Center: its REST API, or sheets for its portal
 * (learn.microsoft.com/partner-center/developer/device-deployment-resources).
 *
 * Of the headers that Microsoft names beside the authorisation none is sent. The newer reference says that the server
 * makes up MS-RequestId and MS-CorrelationId; the former stands for one call with its repetitions, and which of our
 * calls repeats one that had no answer is not known here. The name of the batch does the same for batches.
 */
export const windowsAutopilot = (settings: Settings): ProviderFormat => ({
  name: 'windows-autopilot',
  stems,
  errors,
  toRequests: (document, enrolled) => toRequests(settings, document, enrolled),
  halve,
  toQuery,
  toReconciliation,
  readAnswer,
  toOutcomes: (result, _of, asked) => toOutcomes(result, asked),
});
