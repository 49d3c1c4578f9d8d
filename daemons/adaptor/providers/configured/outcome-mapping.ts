import { isOrderKey } from '../../../../shared/runtime/configured-format-schema.ts';
import { Fault } from '../../../../shared/runtime/faults.ts';
import type {
  AskedRequest,
  DeviceOutcome,
  OrderOutcome,
  OutcomesInPortions,
  ProviderError,
  RequestedOrder,
  ResultOutcomes,
} from '../provider-format.ts';
import { result, type Reader, type Said, type Verdict } from './verdicts.ts';

/**
 * What the records of an answer mean for the devices that were asked for. A device succeeded only if the answer names it,
 * by its key or by that of its order, with a word of success.
 */

/** @throws Fault UNKNOWN_ANSWER when the result is not one that `readAnswer` gave */
export function toOutcomes(reader: Reader, given: unknown, asked: AskedRequest): ResultOutcomes {
  const outcomes = inPortions(reader, given);
  return { orders: outcomes.of(asked.orders), unexpected: outcomes.unexpected() };
}

/** @throws Fault UNKNOWN_ANSWER when the result is not one that `readAnswer` gave */
export function inPortions({ mapping }: Reader, given: unknown): OutcomesInPortions {
  const read = result.safeParse(given);
  if (!read.success) throw new Fault('UNKNOWN_ANSWER', 'not a result that was read before');
  const { failed, said } = read.data;
  const { records } = said;
  const verdictAt = verdictsIn(said);
  const byOrder = isOrderKey(mapping.request.key);
  const what = byOrder ? 'order' : 'device';
  /** 1 for keys that were asked for. */
  const asked = new Uint8Array(records.size);
  const of = (key: string): Verdict => {
    const number = records.numberOf(key);
    if (number === undefined) return failed ?? unclear;
    asked[number] = 1;
    const several = records.severalAt(number);
    return several ? common(Array.from(several, verdictAt)) : verdictAt(records.firstAt(number));
  };
  return {
    of: (orders) =>
      orders.map((order) =>
        byOrder ? orderOutcome(order, of(order.orderNumber)) : deviceOutcomes(order, of, failed),
      ),
    unexpected: () => {
      const keys: string[] = [];
      // Of a million keys, none may be left.
      for (let at = asked.indexOf(0); at !== -1; at = asked.indexOf(0, at + 1)) keys.push(records.keyAt(at));
      return keys.map((key) => `${what} ${key.slice(0, 64)}`);
    },
  };
}

/** Verdicts that are kept, once they were asked for: nearly always all there are. */
const keptVerdicts = 1000;

function verdictsIn(said: Said): (number: number) => Verdict {
  const kept: Verdict[] = [];
  return (number) => {
    const verdict = kept[number] ?? eachErrorOnce(said.verdictAt(number));
    if (number < keptVerdicts) kept[number] = verdict;
    return verdict;
  };
}

const unclear = { kind: 'unclear' } as const;

/** Records of one thing that do not say the same settle nothing. */
function common(verdicts: readonly Verdict[]): Verdict {
  const [first = unclear] = verdicts;
  if (verdicts.some(({ kind }) => kind !== first.kind)) return unclear;
  if (first.kind !== 'failure') return first;
  const errors = verdicts.flatMap((one) => (one.kind === 'failure' ? one.errors : []));
  return { kind: 'failure', errors: withoutRepeats(errors) };
}

const eachErrorOnce = (verdict: Verdict): Verdict =>
  verdict.kind === 'failure' ? { kind: 'failure', errors: withoutRepeats(verdict.errors) } : verdict;

const withoutRepeats = (errors: readonly ProviderError[]): ProviderError[] => [
  ...new Map(errors.map((error) => [JSON.stringify(error), error])).values(),
];

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
