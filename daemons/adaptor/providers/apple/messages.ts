import type { ProviderConfigOf } from '../../../../shared/runtime/provider-schema.ts';
import type { ProviderMessage, Question } from '../provider-format.ts';
import type { BulkEnrollRequest, OrdersQuestion, Sender, StatusQuestion } from './bulk-enroll-request.ts';
import { etisalatRequest, telenorRequest } from './xml-request.ts';

/** Messages to Apple, or to the carrier in between: what is said, in the form that the account's wrapper wants. */

type Settings = ProviderConfigOf<'apple'>;

const stems = {
  enrol: 'bulk-enroll-devices',
  status: 'check-transaction-status',
  orders: 'show-order-details',
} as const;

export const questions: Readonly<Record<string, Question>> = {
  [stems.enrol]: 'request',
  [stems.status]: 'query',
  [stems.orders]: 'reconciliation',
};

export function senderOf({ account }: Settings): Sender {
  const { shipTo, timeZone, langCode, depResellerId } = account;
  return { requestContext: { shipTo, timeZone, langCode }, depResellerId };
}

export function enrolMessage(request: BulkEnrollRequest, { account }: Settings): ProviderMessage {
  switch (account.wrapper) {
    case 'none':
      return json(stems.enrol, request);
    case 'etisalat':
      return xml(stems.enrol, etisalatRequest(request, account.requestedSystem));
    case 'telenor':
      return xml(stems.enrol, telenorRequest('bulkEnrollDevices', request));
  }
}

/** Null: the wrapper has no such message. */
export function statusMessage(question: StatusQuestion, { account }: Settings): ProviderMessage | null {
  switch (account.wrapper) {
    case 'none':
      return json(stems.status, question);
    case 'etisalat':
      return null;
    case 'telenor':
      return xml(stems.status, telenorRequest('checkTransactionStatus', question));
  }
}

/** Null: the wrapper has no such message. */
export function ordersMessage(question: OrdersQuestion, { account }: Settings): ProviderMessage | null {
  switch (account.wrapper) {
    case 'none':
      return json(stems.orders, question);
    case 'etisalat':
      return null;
    case 'telenor':
      return xml(stems.orders, telenorRequest('showOrderDetails', question));
  }
}

const json = (stem: string, body: object): ProviderMessage => ({
  stem,
  method: 'POST',
  path: `/enroll-service/1.0/${stem}`,
  mediaType: 'application/json',
  content: JSON.stringify(body),
});

/** Services of carriers have one address for everything, which is that in the settings. */
const xml = (stem: string, content: string): ProviderMessage => ({
  stem,
  method: 'POST',
  path: '/',
  mediaType: 'application/xml',
  content,
});
