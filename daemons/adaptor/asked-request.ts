import { requestedOrders, type ProviderRequestRow } from '../../shared/store/provider-requests.ts';
import type { ProviderOutcome } from '../../shared/store/states/provider-request.ts';
import type { Db } from '../../shared/store/tables.ts';
import type { AskedRequest, ProviderMessage } from './providers/provider-format.ts';

/** A request as its provider's format wants it: what is settled is left out. */
export async function askedRequest(db: Db, row: ProviderRequestRow): Promise<AskedRequest> {
  const orders = await requestedOrders(db, row.id);
  return {
    transactionId: row.transaction_id,
    providerTransactionId: row.provider_transaction_id,
    message: JSON.parse(row.message_json) as ProviderMessage,
    orders: orders
      .filter((order) => !isFinal(order.outcome))
      .map(({ orderId, orderNumber, requestType, devices }) => ({
        orderId,
        orderNumber,
        requestType,
        devices: devices
          .filter(({ outcome }) => !isFinal(outcome))
          .map(({ deviceId, providerDeviceId }) => ({ deviceId, providerDeviceId })),
      })),
  };
}

const isFinal = (outcome: ProviderOutcome): boolean => outcome === 'succeeded' || outcome === 'failed';
