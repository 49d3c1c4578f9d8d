import { Fault } from '../../../../shared/runtime/faults.ts';
import type {
  AnswerContent,
  AskedRequest,
  DeviceOutcome,
  OrderOutcome,
  ProviderAnswer,
  ProviderReply,
  Question,
  ProviderError,
  RequestedDevice,
  RequestedOrder,
  ResultOutcomes,
  TransactionIds,
} from '../provider-format.ts';
import {
  readShapes,
  type AnsweredDelivery,
  type AnsweredOrder,
  type AppleAnswer,
  type Verdict,
} from './answer-shapes.ts';
import { appleErrors } from './error-catalogue.ts';
import { outcomesOfDetails, readDetails } from './order-details-mapping.ts';
import { sentOrders } from './sent-request.ts';
import { fromXml } from './xml-answer-mapping.ts';

const unclear: Verdict = { kind: 'unclear' };

/**
 * What an answer to `bulk-enroll-devices` (request), `check-transaction-status` (query) or `show-order-details`
 * (reconciliation) says. The HTTP status is not looked at: integrators report errors of business with status 200.
 *
 * @throws Fault UNKNOWN_ANSWER when it is none of the known shapes, or contradicts itself
 */
export function readAnswer({ content }: ProviderReply, of: Question, asked: AskedRequest): ProviderAnswer {
  const document = documentOf(content, asked);
  const answer = readShapes(document);
  const read = readers[of](answer, document, asked);
  if (read) return read;
  throw new Fault('UNKNOWN_ANSWER', `not one of the known answers to a ${of}`);
}

function documentOf(content: AnswerContent, { transactionId }: AskedRequest): unknown {
  switch (content.kind) {
    case 'json':
      return content.document;
    case 'xml':
      return fromXml(content.root, transactionId);
    case 'empty':
    case 'csv':
    case 'table':
    case 'other':
      throw new Fault('UNKNOWN_ANSWER', 'neither JSON nor the XML of a carrier');
  }
}

const readers = {
  request: readRequestAnswer,
  query: readQueryAnswer,
  reconciliation: readDetails,
} as const satisfies Record<Question, unknown>;

/** Accepted means queued and nothing more. */
function readRequestAnswer(answer: AppleAnswer): ProviderAnswer | undefined {
  const { providerTransactionId, acknowledgements } = answer;
  const errors = [...answer.bareErrors, ...answer.requestErrors];
  const nothingDone = providerTransactionId === '' && acknowledgements.length === 0;
  if (errors.length > 0) return nothingDone && !mayBeDone(errors) ? { kind: 'refused', errors } : undefined;
  const isOfOtherQuestion =
    answer.queryErrors.length > 0 || answer.showErrors.length > 0 || hasResult(answer);
  if (providerTransactionId === '' || isOfOtherQuestion) return undefined;
  return acknowledgements.every((code) => code === 'SUCCESS')
    ? { kind: 'accepted', providerTransactionId }
    : undefined;
}

/** A service of a carrier that failed may have passed the request on before. */
const mayBeDone = (errors: readonly ProviderError[]): boolean =>
  errors.some(({ code }) => code === 'SOAP-Server');

function readQueryAnswer(answer: AppleAnswer, document: unknown): ProviderAnswer | undefined {
  const ids = idsOf(answer);
  const errors = [...answer.bareErrors, ...answer.queryErrors];
  if (errors.length === 0) return hasResult(answer) ? { kind: 'result', ids, result: document } : undefined;
  if (hasResult(answer)) return undefined;
  const pending = errors.every(({ code }) => appleErrors.lookUp(code).class === 'pending');
  return pending ? { kind: 'pending', ids } : { kind: 'query-refused', ids, errors };
}

/** A word that nobody has reported, alone, is no result. */
const hasResult = ({ orders, verdict = unclear }: AppleAnswer): boolean =>
  orders.length > 0 || verdict.kind !== 'unclear';

function idsOf({ transactionId, providerTransactionId }: AppleAnswer): TransactionIds {
  return { ...(transactionId && { transactionId }), ...(providerTransactionId && { providerTransactionId }) };
}

/**
 * Reading rule of integrators: walk down to the devices. A device succeeded only if its own status says so; one that
 * is missing has the nearest enclosing status that is not COMPLETE as its error; if all say COMPLETE, nobody knows.
 *
 * @throws Fault UNKNOWN_ANSWER
 */
export function toOutcomes(result: unknown, of: Question, asked: AskedRequest): ResultOutcomes {
  const answer = readShapes(result);
  if (of === 'reconciliation') return outcomesOfDetails(answer, asked);
  const answered = Map.groupBy(answer.orders, (order) => order.orderNumber);
  return {
    orders: asked.orders.map((order) =>
      outcomeOf(order, answered.get(order.orderNumber) ?? [], answer.verdict),
    ),
    unexpected: unexpectedIn(answered, asked),
  };
}

function outcomeOf(
  order: RequestedOrder,
  answers: readonly AnsweredOrder[],
  whole: Verdict | undefined,
): OrderOutcome {
  const own = common(answers.map((answer) => answer.verdict));
  const deliveries = answers.flatMap((answer) => answer.deliveries);
  if (order.devices.length === 0) {
    return orderLevel(order, own?.kind === 'complete' ? own : nearest([own, whole]));
  }
  if (deliveries.length === 0) return orderLevel(order, nearest([own, whole]));
  const listed = listedVerdicts(deliveries, [own, whole]);
  const missing = missingVerdict(deliveries, [own, whole]);
  const devices = order.devices.map((device) =>
    deviceOutcome(device, listed.get(device.providerDeviceId) ?? missing),
  );
  const settled = devices.every((device) => device.outcome !== 'unknown');
  return { orderId: order.orderId, errors: [], devices, settled };
}

/** The answer stops at the order: what it says there holds for every device. */
function orderLevel(order: RequestedOrder, verdict: Verdict): OrderOutcome {
  return {
    orderId: order.orderId,
    errors: verdict.kind === 'failed' ? verdict.errors : [],
    devices: order.devices.map((device) => deviceOutcome(device, verdict)),
    settled: verdict.kind !== 'unclear',
  };
}

function deviceOutcome({ deviceId }: RequestedDevice, verdict: Verdict): DeviceOutcome {
  switch (verdict.kind) {
    case 'complete':
      return { deviceId, outcome: 'succeeded' };
    case 'failed':
      return { deviceId, outcome: 'failed', errors: verdict.errors };
    case 'unclear':
      return { deviceId, outcome: 'unknown' };
  }
}

type Levels = readonly (Verdict | undefined)[];

function listedVerdicts(deliveries: readonly AnsweredDelivery[], above: Levels): Map<string, Verdict> {
  const listed = deliveries.flatMap((delivery) =>
    delivery.devices.map(({ deviceId, verdict }) => ({
      deviceId,
      verdict: verdict ?? nearest([delivery.verdict, ...above]),
    })),
  );
  const byDevice = Map.groupBy(listed, ({ deviceId }) => deviceId);
  return new Map(
    [...byDevice].map(([id, entries]) => [id, common(entries.map((entry) => entry.verdict)) ?? unclear]),
  );
}

/**
 * A device that is not listed stood in one of the deliveries: in one without a list, if there is such. What would be
 * its verdict in each of them must agree.
 */
function missingVerdict(deliveries: readonly AnsweredDelivery[], above: Levels): Verdict {
  const unlisted = deliveries.filter((delivery) => delivery.devices.length === 0);
  const candidates = unlisted.length > 0 ? unlisted : deliveries;
  return common(candidates.map((delivery) => nearest([delivery.verdict, ...above]))) ?? unclear;
}

/** The first level, from the inside, that does not say COMPLETE. */
const nearest = (levels: Levels): Verdict =>
  levels.find((level) => level !== undefined && level.kind !== 'complete') ?? unclear;

/** What several statuses of one thing say together; where they contradict each other, nothing. */
function common(verdicts: Levels): Verdict | undefined {
  const said = verdicts.filter((verdict) => verdict !== undefined);
  const [first] = said;
  if (first === undefined) return undefined;
  if (said.some(({ kind }) => kind !== first.kind)) return unclear;
  if (first.kind !== 'failed') return first;
  const errors = said.flatMap((verdict) => (verdict.kind === 'failed' ? verdict.errors : []));
  return {
    kind: 'failed',
    errors: [...new Map(errors.map((error) => [JSON.stringify(error), error])).values()],
  };
}

function unexpectedIn(
  answered: ReadonlyMap<string, readonly AnsweredOrder[]>,
  asked: AskedRequest,
): string[] {
  const open = idsByNumber(openOrders(asked));
  const isOpen = ([orderNumber, answers]: readonly [string, readonly AnsweredOrder[]]) =>
    devicesOf(answers).every(({ deviceId }) => open.get(orderNumber)?.has(deviceId)) && open.has(orderNumber);
  const others = [...answered].filter((each) => !isOpen(each));
  // What an earlier answer settled is in the message only, which is long to read.
  if (others.length === 0) return [];
  const requested = idsByNumber([...openOrders(asked), ...ordersSent(asked)]);
  return others.flatMap(([orderNumber, answers]) => {
    const ours = requested.get(orderNumber);
    if (!ours) return [`order ${orderNumber}`];
    return devicesOf(answers)
      .filter(({ deviceId }) => !ours.has(deviceId))
      .map(({ deviceId }) => `device ${deviceId} of order ${orderNumber}`);
  });
}

const devicesOf = (answers: readonly AnsweredOrder[]) =>
  answers.flatMap((answer) => answer.deliveries.flatMap((delivery) => delivery.devices));

/** Apple's device ids of an order, by its number at Apple. */
interface NamedDevices {
  readonly orderNumber: string;
  readonly ids: readonly string[];
}

const openOrders = ({ orders }: AskedRequest): NamedDevices[] =>
  orders.map(({ orderNumber, devices }) => ({
    orderNumber,
    ids: devices.map(({ providerDeviceId }) => providerDeviceId),
  }));

const ordersSent = ({ message }: AskedRequest): NamedDevices[] =>
  sentOrders(message).map(({ orderNumber, deliveries }) => ({
    orderNumber,
    ids: deliveries.flatMap(({ devices }) => devices.map(({ deviceId }) => deviceId)),
  }));

function idsByNumber(orders: readonly NamedDevices[]): Map<string, ReadonlySet<string>> {
  const byNumber = Map.groupBy(orders, ({ orderNumber }) => orderNumber);
  return new Map([...byNumber].map(([number, all]) => [number, new Set(all.flatMap(({ ids }) => ids))]));
}
