import type {
  AnswerContent,
  OrderOutcome,
  ProviderAnswer,
  ProviderError,
  ResultOutcomes,
} from '../../../daemons/adaptor/providers/provider-format.ts';
import type { XmlElement } from '../../../shared/formats/xml-element.ts';
import { Finding } from '../input.ts';
import type { Conversation } from './conversations.ts';
import type { FailedRecord } from './good-reply.ts';

/** What no reply may bring about, whatever was done to it. */

/** @throws Finding */
export function checkAnswer(answer: ProviderAnswer): void {
  if (answer.kind === 'accepted' && answer.providerTransactionId === '') {
    throw new Finding('answer', 'accepted without an id');
  }
  if (answer.kind === 'refused' || answer.kind === 'query-refused') checkErrors(answer.errors, answer.kind);
  if ('ids' in answer && Object.values(answer.ids).includes('')) throw new Finding('answer', 'an empty id');
}

/** @throws Finding */
export function checkOutcomes({ orders }: ResultOutcomes, { asked }: Conversation): void {
  const said = orders.map(({ orderId, devices }) => `${orderId}: ${namesOf(devices)}`).join('; ');
  const wanted = asked.orders.map(({ orderId, devices }) => `${orderId}: ${namesOf(devices)}`).join('; ');
  if (said !== wanted) throw new Finding('other devices', `asked for ${wanted}\nsaid of ${said}`);
  for (const { errors, devices } of orders) {
    if (errors.length > 0) checkErrors(errors, 'an order');
    if (errors.length > 0 && devices.some(({ outcome }) => outcome !== 'failed')) {
      throw new Finding('outcome', 'an error of the order, and a device of it that did not fail');
    }
    for (const device of devices) if (device.outcome === 'failed') checkErrors(device.errors, 'a device');
  }
}

const namesOf = (devices: readonly { readonly deviceId: string }[]): string =>
  devices.map(({ deviceId }) => deviceId).join(' ');

function checkErrors(errors: readonly ProviderError[], of: string): void {
  if (errors.length === 0) throw new Finding('errors', `${of} failed without an error`);
  const empty = errors.some(({ code, message }) => code.trim() === '' || message.trim() === '');
  if (empty) throw new Finding('errors', `${of} failed with an error of no code or no text`);
}

/**
 * Success wants a word of success, the name of the device, and no record of it that says the contrary.
 *
 * @param text of the file as it came
 * @throws Finding
 */
export function checkSuccesses(
  { orders }: ResultOutcomes,
  conversation: Conversation,
  content: AnswerContent,
  text: string,
): void {
  const succeeded = orders.flatMap(successesOf);
  if (succeeded.length === 0) return;
  const { provider, asked, of } = conversation;
  const said = textIn(content);
  const word = provider.success(asked, of);
  if (word && !word.test(said)) throw new Finding('success', 'no word of the reply says success');
  for (const device of asked.orders.flatMap((order) => order.devices)) {
    if (!succeeded.includes(device.deviceId)) continue;
    const name = provider.nameOf(device, asked, of);
    if (name === null) continue;
    if (!includes(said, name)) throw new Finding('success', `${device.deviceId} is not in the reply`);
    const record = conversation.replies
      .flatMap(({ failed }) => failed)
      .find((one) => one.deviceId === device.deviceId && saysOnly(text, one, name));
    if (record) throw new Finding('success', `${device.deviceId} failed: ${record.text}`);
  }
}

/** Devices, and orders without any, which succeed as a whole. */
const successesOf = ({ orderId, devices, settled, errors }: OrderOutcome): string[] =>
  devices.length === 0 && settled && errors.length === 0
    ? [`order ${orderId}`]
    : devices.filter(({ outcome }) => outcome === 'succeeded').map(({ deviceId }) => deviceId);

/** The device has this record, as it was, and is named nowhere else. */
function saysOnly(text: string, { text: record, header }: FailedRecord, name: string): boolean {
  if (!text.includes(record)) return false;
  if (header !== undefined && text.split(/[\r\n]/)[0] !== header) return false;
  return !includes(text.replaceAll(record, ''), name);
}

const includes = (text: string, part: string): boolean => text.toUpperCase().includes(part.toUpperCase());

/** All that is said in a reply, after escapes were read. */
function textIn(content: AnswerContent): string {
  switch (content.kind) {
    case 'json':
      return valuesIn(content.document).join('\n');
    case 'xml':
      return elementsIn(content.root).join('\n');
    case 'csv':
      return Buffer.from(content.bytes).toString();
    case 'empty':
    case 'table':
    case 'other':
      return '';
  }
}

const valuesIn = (value: unknown): string[] =>
  typeof value === 'object' && value !== null ? Object.values(value).flatMap(valuesIn) : [String(value)];

const elementsIn = ({ text, attributes, children }: XmlElement): string[] => [
  text,
  ...attributes.map(({ value }) => value),
  ...children.flatMap(elementsIn),
];
