import type { ProviderFormat } from '../provider-format.ts';
import { catalogueOf } from './error-catalogue.ts';
import type { Settings } from './field-values.ts';
import { halve } from './halving-mapping.ts';
import { inPortions, toOutcomes } from './outcome-mapping.ts';
import { queryStem, reconciliationStem, toQuestion } from './query-mapping.ts';
import { tableInPieces } from './read-table.ts';
import { toRequests } from './request-mapping.ts';
import { readAnswer } from './response-mapping.ts';
import type { Reader } from './verdicts.ts';
import { requestStem } from './write-message.ts';

/** A carrier or distributor that this product does not know by name: CSV, XML or JSON, by the mapping in its settings. */
export const configured = (settings: Settings): ProviderFormat => {
  const { mapping } = settings;
  const reader: Reader = {
    mapping,
    catalogue: catalogueOf(mapping),
    answers: new WeakMap(),
    tables: new WeakMap(),
  };
  return {
    name: 'configured',
    stems: { [requestStem]: 'request', [queryStem]: 'query', [reconciliationStem]: 'reconciliation' },
    errors: reader.catalogue,
    toRequests: (document, enrolled) => toRequests(settings, document, enrolled),
    halve: (request, ids) => halve(mapping.request, request, ids),
    toQuery: (asked) => toQuestion(mapping, asked, queryStem),
    toReconciliation: (asked) => toQuestion(mapping, asked, reconciliationStem),
    tableInPieces: () => tableInPieces(reader),
    readAnswer: (reply, of, asked) => readAnswer(reader, reply, of, asked),
    toOutcomes: (result, _of, asked) => toOutcomes(reader, result, asked),
    inPortions: (result) => inPortions(reader, result),
  };
};
