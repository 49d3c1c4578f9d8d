import { isOrderKey } from '../../../../shared/runtime/configured-format-schema.ts';
import { Fault } from '../../../../shared/runtime/faults.ts';
import type {
  AskedRequest,
  DeviceOutcome,
  OrderOutcome,
  RequestedOrder,
  ResultOutcomes,
} from '../provider-format.ts';
import { result, type Reader, type Verdict } from './verdicts.ts';

/**
 * What the records of an answer mean for the devices that were asked for. A device succeeded only if the answer names it,
 * by its key or by that of its order, with a word of success.
 */

/** @throws Fault UNKNOWN_ANSWER when the result is not one that `readAnswer` gave */
export function toOutcomes({ mapping }: Reader, given: unknown, asked: AskedRequest): ResultOutcomes {
  const read = result.safeParse(given);
  if (!read.success) throw new Fault('UNKNOWN_ANSWER', 'not a result that was read before');
  const { failed, records } = read.data;
  const byOrder = isOrderKey(mapping.request.key);
  const verdicts = new Map(
    [...Map.groupBy(records, ({ key }) => key)].map(
      ([key, found]) => [key, common(found.map((record) => record.verdict))] as const,
    ),
  );
  const requested = new Set(
    asked.orders.flatMap(({ orderNumber, devices }) =>
      byOrder ? [orderNumber] : devices.map(({ providerDeviceId }) => providerDeviceId),
    ),
  );
  const what = byOrder ? 'order' : 'device';
  return {
    orders: asked.orders.map((order) => {
      const of = (key: string): Verdict => verdicts.get(key) ?? failed ?? { kind: 'unclear' };
      return byOrder ? orderOutcome(order, of(order.orderNumber)) : deviceOutcomes(order, of, failed);
    }),
    unexpected: [...verdicts.keys()]
      .filter((key) => !requested.has(key))
      .map((key) => `${what} ${key.slice(0, 64)}`),
  };
}

/** Two records of one thing that do not say the same settle nothing. */
function common(verdicts: readonly Verdict[]): Verdict {
  const [first = { kind: 'unclear' as const }] = verdicts;
  if (verdicts.some(({ kind }) => kind !== first.kind)) return { kind: 'unclear' };
  if (first.kind !== 'failure') return first;
  const errors = verdicts.flatMap((one) => (one.kind === 'failure' ? one.errors : []));
  return {
    kind: 'failure',
    errors: [...new Map(errors.map((error) => [JSON.stringify(error), error])).values()],
  };
}

function orderOutcome({ orderId, devices }: RequestedOrder, said: Verdict): OrderOutcome {
  return {
    orderId,
    errors: said.kind === 'failure' ? said.errors : [],
    devices: devices.map(({ deviceId }) => outcomeOf(deviceId, said)),
    settled: said.kind === 'success' || said.kind === 'failure',
  };
}

function deviceOutcomes(
  { orderId, devices }: RequestedOrder,
  verdictOfKey: (key: string) => Verdict,
  failed: Verdict | null,
): OrderOutcome {
  const outcomes = devices.map(({ deviceId, providerDeviceId }) =>
    outcomeOf(deviceId, verdictOfKey(providerDeviceId)),
  );
  return {
    orderId,
    errors: failed?.kind === 'failure' ? failed.errors : [],
    devices: outcomes,
    settled: outcomes.every(({ outcome }) => outcome !== 'unknown'),
  };
}

function outcomeOf(deviceId: string, said: Verdict): DeviceOutcome {
  switch (said.kind) {
    case 'success':
      return { deviceId, outcome: 'succeeded' };
    case 'failure':
      return { deviceId, outcome: 'failed', errors: said.errors };
    case 'pending':
    case 'unclear':
      return { deviceId, outcome: 'unknown' };
  }
}
