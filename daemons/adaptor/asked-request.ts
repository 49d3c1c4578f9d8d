import { messageOf, openOrders, type ProviderRequestRow } from '../../shared/store/provider-requests.ts';
import type { Db } from '../../shared/store/tables.ts';
import type { AskedRequest, ProviderMessage } from './providers/provider-format.ts';

/** A request as its provider's format wants it: what is settled is left out. */
export async function askedRequest(db: Db, row: ProviderRequestRow): Promise<AskedRequest> {
  const orders: AskedRequest['orders'][number][] = [];
  for await (const portion of openOrders(db, row.id)) orders.push(...portion);
  return { ...idsOf(row), message: (await messageOf(db, row.id)) as ProviderMessage, orders };
}

/** The ids of a request alone, for a format that takes the orders in portions. */
export const askedByIds = (row: ProviderRequestRow): AskedRequest => ({
  ...idsOf(row),
  message: { stem: '', method: 'POST', path: '/', mediaType: 'application/json', content: '' },
  orders: [],
});

const idsOf = (row: ProviderRequestRow): Pick<AskedRequest, 'transactionId' | 'providerTransactionId'> => ({
  transactionId: row.transaction_id,
  providerTransactionId: row.provider_transaction_id,
});
