import type {
  AskedRequest,
  DeviceOutcome,
  ProviderAnswer,
  ProviderReply,
  Question,
  ResultOutcomes,
} from '../../../daemons/adaptor/providers/provider-format.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import { readJob, readRefusal, type AnsweredDevice } from './answer-shapes.ts';
import { acmeErrors, noSuchJob } from './error-catalogue.ts';

/** @throws Fault UNKNOWN_ANSWER */
export function readAnswer({ content }: ProviderReply, of: Question, asked: AskedRequest): ProviderAnswer {
  if (content.kind !== 'json') throw new Fault('UNKNOWN_ANSWER', `not an answer to a ${of}`);
  const { document } = content;
  const error = readRefusal(document);
  if (error) {
    if (of === 'request') return { kind: 'refused', errors: [error] };
    return error.code === noSuchJob
      ? { kind: 'not-found' }
      : { kind: 'query-refused', ids: {}, errors: [error] };
  }
  const { job, state } = readJob(document);
  const ids = { transactionId: job };
  if (state === 'done') return { kind: 'result', ids, result: document };
  return of === 'request'
    ? { kind: 'accepted', providerTransactionId: asked.transactionId }
    : { kind: 'pending', ids };
}

/**
 * Device by device; that the job is done says nothing of them.
 *
 * @throws Fault UNKNOWN_ANSWER
 */
export function toOutcomes(result: unknown, { orders }: AskedRequest): ResultOutcomes {
  const said = Map.groupBy(readJob(result).devices, ({ order, serial }) => `${order} ${serial}`);
  const known = new Set<string>();
  return {
    orders: orders.map(({ orderId, devices }) => {
      const outcomes = devices.map(({ deviceId, providerDeviceId }): DeviceOutcome => {
        const key = `${orderId} ${providerDeviceId}`;
        known.add(key);
        return outcomeOf(deviceId, said.get(key) ?? []);
      });
      const settled = outcomes.every(({ outcome }) => outcome !== 'unknown');
      return { orderId, errors: [], devices: outcomes, settled };
    }),
    unexpected: [...said.keys()].filter((key) => !known.has(key)).map((key) => `device ${key.slice(0, 64)}`),
  };
}

/** Named once, and with a word. Whatever else comes settles nothing. */
function outcomeOf(deviceId: string, entries: readonly AnsweredDevice[]): DeviceOutcome {
  const [entry, ...more] = entries;
  if (!entry || more.length > 0 || entry.result === '') return { deviceId, outcome: 'unknown' };
  if (entry.result === 'ok') return { deviceId, outcome: 'succeeded' };
  const error = acmeErrors.describe({ code: entry.result, message: entry.text });
  return { deviceId, outcome: 'failed', errors: [error] };
}
