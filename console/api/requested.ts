import { z } from 'zod';

import type { GenericError } from '../../shared/generic/schema-parts.ts';
import { listExchanges, type ExchangeSummary } from '../../shared/store/provider-exchanges.ts';
import { requireTransaction } from '../../shared/store/provider-requests.ts';
import { requestDevicesAfter, requestOrdersAfter } from '../../shared/store/request-lists.ts';
import type { ProviderOutcome } from '../../shared/store/states/provider-request.ts';
import type { Row } from '../../shared/store/tables.ts';
import { lookup, type Endpoint } from './endpoint.ts';
import {
  answer,
  faultAnswer,
  id,
  inOrder,
  line,
  listOf,
  newestFirst,
  place,
  time,
  toFaultAnswer,
} from './fields.ts';
import { fetched, partOf } from './parts.ts';

/** The orders and devices of a request to a provider, and the calls about it. */

export const requestParams = { transaction: line().describe('Our id of the request.') };
export const requestPath = '/provider-requests/:transaction';

const outcomes = ['open', 'succeeded', 'failed', 'unknown'] as const satisfies readonly ProviderOutcome[];

const requestedOrder = answer('RequestedOrder', {
  order: z.string(),
  orderNumber: z.string().describe('At the provider.'),
  type: z.string(),
  outcome: z.enum(outcomes),
});

const toRequestedOrder = (row: Row<'provider_request_order'>): z.input<typeof requestedOrder> => ({
  order: String(row.order_id),
  orderNumber: row.order_number,
  type: row.request_type,
  outcome: row.outcome,
});

const requestedDevice = answer('RequestedDevice', {
  order: z.string(),
  deviceId: z.string(),
  providerDeviceId: z.string(),
  outcome: z.enum(outcomes),
  messages: z.array(answer('ProviderMessage', { id: z.string(), text: z.string() })),
});

const toRequestedDevice = (row: Row<'provider_request_device'>): z.input<typeof requestedDevice> => ({
  order: String(row.order_id),
  deviceId: row.device_id,
  providerDeviceId: row.provider_device_id,
  outcome: row.outcome,
  messages: errorsOf(row.errors_json).map((error) => ({ id: error.id, text: error.errorMessage })),
});

const errorsOf = (json: string | null): GenericError[] =>
  json === null ? [] : (JSON.parse(json) as GenericError[]);

const call = answer('ProviderCall', {
  id,
  question: z.enum(['request', 'query', 'reconciliation']),
  startedAt: time,
  endedAt: time.nullable(),
  httpStatus: z.int().nullable(),
  fault: faultAnswer.nullable(),
});

const toCall = (row: ExchangeSummary): z.input<typeof call> => ({
  id: row.id,
  question: row.question,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  httpStatus: row.http_status,
  fault: toFaultAnswer(row.fault_code, row.detail),
});

/** What a request has many of. */
export const requestedEndpoints: readonly Endpoint[] = [
  lookup({
    path: `${requestPath}/orders`,
    id: 'listRequestedOrders',
    role: 'viewer',
    summary: 'Orders of a request',
    params: requestParams,
    query: inOrder,
    response: listOf('RequestedOrderList', requestedOrder),
    run: async ({ db }, asked) => {
      const { id: found } = await requireTransaction(db, asked.params.transaction);
      const { after, limit } = fetched(asked.query);
      const orders = await requestOrdersAfter(db, found, after, limit);
      return partOf(asked, orders, toRequestedOrder, (row) => ({ after: row.order_id }));
    },
  }),
  lookup({
    path: `${requestPath}/devices`,
    id: 'listRequestedDevices',
    role: 'viewer',
    summary: 'Devices of a request, with the provider’s messages',
    params: requestParams,
    query: {
      limit: inOrder.limit,
      afterOrder: place.optional().describe('Together with afterDevice: only what stands behind this one.'),
      afterDevice: line().optional(),
    },
    response: listOf('RequestedDeviceList', requestedDevice),
    run: async ({ db }, asked) => {
      const { id: found } = await requireTransaction(db, asked.params.transaction);
      const { afterOrder, afterDevice, limit } = fetched(asked.query);
      const after =
        afterOrder === undefined ? undefined : { orderId: afterOrder, deviceId: afterDevice ?? '' };
      const devices = await requestDevicesAfter(db, found, after, limit);
      return partOf(asked, devices, toRequestedDevice, (row) => ({
        afterOrder: row.order_id,
        afterDevice: row.device_id,
      }));
    },
  }),
  lookup({
    path: `${requestPath}/calls`,
    id: 'listProviderCalls',
    role: 'viewer',
    summary: 'Calls over HTTPS about a request, newest first',
    params: requestParams,
    query: newestFirst,
    response: listOf('ProviderCallList', call),
    run: async ({ db }, asked) => {
      const { id: found } = await requireTransaction(db, asked.params.transaction);
      const calls = await listExchanges(db, found, fetched(asked.query));
      return partOf(asked, calls, toCall, (row) => ({ before: row.id }));
    },
  }),
];
