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
  const { failed, verdicts, ...records } = read.data;
  const byOrder = isOrderKey(mapping.request.key);
  const said = new SaidByKey({ ...records, verdicts: verdicts.map(eachErrorOnce) });
  const what = byOrder ? 'order' : 'device';
  const of = (key: string): Verdict => said.of(key) ?? failed ?? unclear;
  return {
    of: (orders) =>
      orders.map((order) =>
        byOrder ? orderOutcome(order, of(order.orderNumber)) : deviceOutcomes(order, of, failed),
      ),
    unexpected: () => said.notAsked().map((key) => `${what} ${key.slice(0, 64)}`),
  };
}

/** What the records say of each key, and which keys were asked for. */
class SaidByKey {
  readonly #said: Said;
  /** Of each key the first record. */
  readonly #first = new Map<string, number>();
  /** Of first records that others of the same key contradict, or add to: what all of them say, as indexes. */
  readonly #several = new Map<number, Set<number>>();
  /** 1 for records whose key was asked for, and for those that are not the first of their key. */
  readonly #counted: Uint8Array;

  constructor(said: Said) {
    this.#said = said;
    this.#counted = new Uint8Array(said.keys.length);
    said.keys.forEach((key, record) => {
      const first = this.#first.get(key);
      if (first === undefined) this.#first.set(key, record);
      else this.#addTo(first, record);
    });
  }

  #addTo(first: number, record: number): void {
    this.#counted[record] = 1;
    const { says } = this.#said;
    const [one = -1, other = -1] = [says[first], says[record]];
    const several = this.#several.get(first);
    if (several) several.add(other);
    else if (one !== other) this.#several.set(first, new Set([one, other]));
  }

  of(key: string): Verdict | undefined {
    const record = this.#first.get(key);
    if (record === undefined) return undefined;
    this.#counted[record] = 1;
    const { says, verdicts } = this.#said;
    const verdictAt = (index = -1): Verdict => verdicts[index] ?? unclear;
    const several = this.#several.get(record);
    return several ? common(Array.from(several, verdictAt)) : verdictAt(says[record]);
  }

  /** In the order of the records. */
  notAsked(): string[] {
    return this.#said.keys.filter((_, record) => this.#counted[record] === 0);
  }
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
