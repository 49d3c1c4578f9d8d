import type { RequestMapping } from '../../../../shared/runtime/configured-format-schema.ts';
import type { ProviderMessage } from '../provider-format.ts';
import { toTree, type OrderValues, type Tree } from './documents.ts';
import { rowsOf, writeCsv } from './write-csv.ts';
import { writeXml } from './write-xml.ts';

export const requestStem = 'request';

export const mediaTypes = {
  csv: 'text/csv',
  xml: 'application/xml',
  json: 'application/json',
} as const satisfies Record<RequestMapping['kind'], ProviderMessage['mediaType']>;

/** The message of a request. */
export function writeMessage(
  request: RequestMapping,
  transactionId: string,
  orders: readonly OrderValues[],
): ProviderMessage {
  const content =
    request.kind === 'csv'
      ? writeCsv(request, rowsOf(request, transactionId, orders))
      : writeDocument(request, toTree(request, transactionId, orders));
  return messageOf(request, content);
}

export const writeDocument = (request: Exclude<RequestMapping, { kind: 'csv' }>, document: Tree): string =>
  request.kind === 'json' ? JSON.stringify(document) : writeXml(request.root, request.namespace, document);

export const messageOf = ({ kind, method, path }: RequestMapping, content: string): ProviderMessage => ({
  stem: requestStem,
  method,
  path,
  mediaType: mediaTypes[kind],
  content,
});
