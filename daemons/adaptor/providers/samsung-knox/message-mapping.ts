import type { ProviderConfigOf } from '../../../../shared/runtime/provider-schema.ts';
import type { ProviderMessage, RequestedOrder } from '../provider-format.ts';
import { writeDeviceSheet } from './csv-sheet.ts';
import { identifierOf, type Kind } from './device-key.ts';
import type { Parcel } from './request-packing.ts';

/**
 * What is sent to Knox. Both generations of the API ask for the same, by other paths and names
 * (https://docs.samsungknox.com/dev/knox-deployment-program/comparing-gen2-and-gen1-knox-deployment-program-apis;
 * the bodies of Gen1 as a carrier's client has them, and as Samsung's older guide agrees).
 */

export type KnoxSettings = ProviderConfigOf<'samsung-knox'>;

export type Operation = 'upload' | 'delete';

/** What all orders of a request have in common. */
export interface Group {
  readonly operation: Operation;
  readonly customer: string;
  readonly kind: Kind;
  readonly preparatory: boolean;
}

export const stems = { upload: 'devices-upload', delete: 'devices-delete' } as const;

/** The same question in both cases; their answers over the spool are told apart by the stem. */
export const statusStems = { query: 'devices-status', reconciliation: 'devices-lookup' } as const;

const paths = {
  1: {
    upload: '/bulkenroll/v1/reseller/devices',
    delete: '/bulkenroll/v1/reseller/devices/delete',
    status: '/bulkenroll/v1/reseller/devices/status',
  },
  2: {
    upload: '/kcs/v1/rp/devices/upload',
    delete: '/kcs/v1/rp/devices/delete',
    status: '/kcs/v1/rp/devices/status',
  },
} as const;

/** An upload and a deletion are both PUT, in both generations. */
export function deviceListMessage(
  transactionId: string,
  { group, orders }: Parcel<Group>,
  settings: KnoxSettings,
): ProviderMessage {
  const { operation } = group;
  const identifiers = orders.flatMap(({ devices }) =>
    devices.map(({ providerDeviceId }) => identifierOf(providerDeviceId)),
  );
  const envelope = {
    stem: stems[operation],
    method: 'PUT',
    path: paths[settings.account.generation][operation],
  } as const;
  if (settings.transport === 'spool' && settings.files === 'csv') {
    return { ...envelope, mediaType: 'text/csv', content: writeDeviceSheet(identifiers) };
  }
  const parties = { transactionId, ...sender(settings.account), customerId: group.customer };
  const body =
    settings.account.generation === 1
      ? { ...parties, ...devicesOfGen1(group, identifiers) }
      : { ...parties, type: group.kind, devices: identifiers, ...orderNoOf(group, orders) };
  return { ...envelope, mediaType: 'application/json', content: JSON.stringify(body) };
}

const devicesOfGen1 = ({ operation, kind }: Group, identifiers: readonly string[]) => ({
  transactionType: operation === 'upload' ? 'New' : 'Delete',
  devices: { type: kind, list: identifiers },
});

/**
 * Gen2 takes one order number for all devices of a request. It is optional: a request for several orders has none, since
 * it would be wrong for all but one of them, and a request for each order would be many times as many. A deletion goes
 * by the identifiers alone.
 */
function orderNoOf({ operation }: Group, orders: readonly RequestedOrder[]): { orderNo?: string } {
  const [single, ...more] = orders;
  return operation === 'upload' && single && more.length === 0 ? { orderNo: single.orderNumber } : {};
}

/** The vendor stands only where there is one: resellers of two tiers have it. */
const sender = ({ resellerId, vendorId }: KnoxSettings['account']) => ({
  resellerId,
  ...(vendorId && { vendorId }),
});

/**
 * The state of one request and of its devices, by the transaction id, which is ours in both generations. That the names
 * in the query are the same in Gen2 is an inference.
 */
export function statusMessage(
  stem: string,
  transactionId: string,
  { account }: KnoxSettings,
): ProviderMessage {
  const query = new URLSearchParams({ ...sender(account), transactionId });
  const path = `${paths[account.generation].status}?${query.toString()}`;
  return { stem, method: 'GET', path, mediaType: 'application/json', content: '' };
}
