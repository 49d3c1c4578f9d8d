import type {
  MappedDocument,
  ProviderFormat,
  ProviderRequest,
} from '../../../daemons/adaptor/providers/provider-format.ts';
import type { DeviceEnrolmentRequest } from '../../../shared/generic/device-enrolment-request.ts';
import { canary } from '../documents.ts';
import { Finding } from '../input.ts';

/** What no mapping of a request may bring about, whatever stands in the request. */

/** @throws Finding */
export function checkMapped(
  { orders }: DeviceEnrolmentRequest,
  { requests, refused }: MappedDocument,
  format: ProviderFormat,
): void {
  const isRepeated = new Set(orders.map(({ id }) => id)).size < orders.length;
  // The adaptor refuses those before.
  if (isRepeated) return;
  checkIds(requests);
  for (const { id, requestType, deliveries = [] } of orders) {
    const ofOrder = (asked: readonly { readonly orderId: number; readonly devices: readonly Named[] }[]) =>
      asked
        .filter(({ orderId }) => orderId === id)
        .flatMap(({ devices }) => devices.map(({ deviceId }) => deviceId));
    const said = [
      ...ofOrder(requests.filter(({ preparatory }) => preparatory !== true).flatMap((one) => one.orders)),
      ...ofOrder(refused),
    ];
    const listed = deliveries.flatMap(({ devices }) => devices.map(({ deviceId }) => deviceId));
    // A device that is listed twice is one.
    const wanted = [...new Set(listed)];
    if (requestType === 'ORDER' && said.toSorted().join(' ') !== wanted.toSorted().join(' ')) {
      throw new Finding('devices', `asked for ${listed.join(' ')}\nmapped or refused ${said.join(' ')}`);
    }
  }
  for (const request of requests) checkRequest(request, format);
  const texts = refused.flatMap(({ errors, devices }) => [
    ...errors,
    ...devices.flatMap((device) => (device.outcome === 'failed' ? device.errors : [])),
  ]);
  const telling = texts.map(({ message }) => message).find((text) => text.toUpperCase().includes(canary));
  if (telling !== undefined) throw new Finding('leak', telling);
}

interface Named {
  readonly deviceId: string;
}

function checkIds(requests: readonly ProviderRequest[]): void {
  const ids = requests.map(({ transactionId }) => transactionId);
  if (new Set(ids).size < ids.length)
    throw new Finding('ids', `the same transaction id twice: ${ids.join(' ')}`);
  const odd = ids.find((id) => !/^[\w-]+$/.test(id));
  if (odd !== undefined) throw new Finding('ids', `an id that is no part of a file name: ${odd}`);
}

/** Its message can be sent, and everything else that may have to be asked of it later can be made. */
function checkRequest({ transactionId, message, orders }: ProviderRequest, format: ProviderFormat): void {
  if (format.stems[message.stem] !== 'request') throw new Finding('message', `no stem: ${message.stem}`);
  if (!/^\/[\x21-\x7e]*$/.test(message.path)) throw new Finding('message', `no path: ${message.path}`);
  if (message.mediaType === 'application/json' && message.content !== '') JSON.parse(message.content);
  for (const providerTransactionId of [null, 'theirs']) {
    const asked = { transactionId, providerTransactionId, message, orders };
    format.toQuery(asked);
    format.toReconciliation(asked);
    const halves = format.halve(asked, [`${transactionId}a`, `${transactionId}b`]);
    const devices = (all: typeof orders) =>
      all.flatMap((order) => order.devices.map(({ deviceId }) => deviceId));
    const parted = halves?.flatMap((half) => devices(half.orders));
    if (parted && parted.toSorted().join(' ') !== devices(orders).toSorted().join(' ')) {
      throw new Finding('halves', `of ${devices(orders).join(' ')} they are ${parted.join(' ')}`);
    }
  }
}
