import { readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';

import { messageFile } from '../../daemons/adaptor/message-file.ts';
import type {
  AskedRequest,
  EnrolledDevice,
  ProviderFormat,
  ProviderReply,
} from '../../daemons/adaptor/providers/provider-format.ts';
import { provider, type ProviderConfig } from '../../shared/runtime/provider-schema.ts';
import {
  device,
  documentOf,
  examples,
  formatOfExample,
  orderOf,
  type Example,
} from '../contract/provider-examples.ts';

/** The files that docs/providers.md shows are those that are sent, and are understood as it says. */

const page = readFileSync(new URL('../../docs/providers.md', import.meta.url), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text);
const [claimSheet = '', claimResult = '', knoxResult = '', removalResult = ''] = blocks('csv');
const receipts = blocks('json').map((text): ProviderReply => ({
  content: { kind: 'json', document: JSON.parse(text) },
}));

const sheet = (text: string): ProviderReply => ({ content: { kind: 'csv', bytes: Buffer.from(text) } });
const devices = [device('A1', 10), device('A2', 11)];

/** The first request of an order with two devices. */
function requestOf(
  what: string,
  type: 'ORDER' | 'RETURN' = 'ORDER',
): { format: ProviderFormat; asked: AskedRequest } {
  const example = exampleOf(what);
  const format = formatOfExample(example);
  const ordered = format.toRequests(documentOf([orderOf(example, 1, 'ORDER', devices)]), {
    ofOrder: () => [],
  });
  const known = (ordered.requests[0]?.orders[0]?.devices ?? []).map((each): EnrolledDevice => ({
    ...each,
    providerRecordId: example.recordIdOf?.(each.deviceId) ?? null,
    transactionId: 'earlier-1',
  }));
  const order = orderOf(example, 1, type, devices);
  const [request] = format.toRequests(documentOf([order]), { ofOrder: () => known }).requests;
  if (!request) throw new Error('no request');
  return { format, asked: { ...request, providerTransactionId: null } };
}

function exampleOf(what: string): Example {
  const example = examples.find((each) => each.what === what);
  if (!example) throw new Error(`there is no example ${what}`);
  return example;
}

function outcomesOf(
  { format, asked }: ReturnType<typeof requestOf>,
  reply: ProviderReply,
  of: 'request' | 'query' = 'request',
): string[] {
  const answer = format.readAnswer(reply, of, asked);
  if (answer.kind !== 'result') throw new Error(answer.kind);
  const { orders } = format.toOutcomes(answer.result, of, asked);
  return orders.flatMap((order) => order.devices.map(({ outcome }) => outcome));
}

describe('sheets', () => {
  test('of zero-touch', () => {
    const claim = requestOf('google-zero-touch, sheets');
    const { message, transactionId } = claim.asked;
    expect(page).toContain(`\`${messageFile(message, transactionId, undefined).name}\` goes out`);
    expect(message.content.replaceAll('\r\n', '\n')).toBe(claimSheet);
    expect(outcomesOf(claim, sheet(claimResult))).toEqual(['succeeded', 'failed']);
  });

  test('of Knox', () => {
    const upload = requestOf('samsung-knox, sheets');
    expect(outcomesOf(upload, sheet(knoxResult))).toEqual(['succeeded', 'failed']);
    const [, ...asItWentOut] = knoxResult.replaceAll(/,.*/g, '').trim().split('\n');
    expect(upload.asked.message.content).toBe(asItWentOut.map((line) => `${line}\r\n`).join(''));
  });

  test('of removals at Autopilot', () => {
    const removal = requestOf('windows-autopilot, sheets', 'RETURN');
    const withoutResult = removalResult.replaceAll(/,[^,]*,[^,\n]*$/gm, '');
    expect(removal.asked.message.content.replaceAll('\r\n', '\n')).toBe(withoutResult);
    expect(outcomesOf(removal, sheet(removalResult))).toEqual(['succeeded', 'unknown']);
  });
});

describe('receipts of Autopilot', () => {
  const [taken, deleted, refused] = receipts;
  const read = ({ format, asked }: ReturnType<typeof requestOf>, reply = taken) => {
    if (!reply) throw new Error('the page has no such receipt');
    return format.readAnswer(reply, 'request', asked);
  };

  test('a batch was taken', () => {
    expect(read(requestOf('windows-autopilot'), taken)).toEqual({
      kind: 'accepted',
      providerTransactionId: '7c1d2b1e-9f5b-4b43-8a5e-1a2f3b4c5d6e',
    });
  });

  test('a device was deleted', () => {
    expect(read(requestOf('windows-autopilot', 'RETURN'), deleted)).toMatchObject({ kind: 'result' });
  });

  test('access was denied', () => {
    const batch = requestOf('windows-autopilot');
    const answer = read(batch, refused);
    if (answer.kind !== 'refused') throw new Error(answer.kind);
    expect(answer.errors.map(({ code }) => batch.format.errors.lookUp(code).class)).toEqual(['auth']);
  });
});

test("Apple's own result ends what Etisalat took", () => {
  const request = requestOf('apple, by Etisalat');
  const accepted = { ...request.asked, providerTransactionId: 'theirs-1' };
  expect(request.format.toQuery(accepted)).toBeNull();
  expect(request.format.toReconciliation(request.asked)).toBeNull();
  const [order] = request.asked.orders;
  const document = {
    statusCode: 'COMPLETE',
    orders: [
      {
        orderNumber: order?.orderNumber,
        orderPostStatus: 'COMPLETE',
        deliveries: [
          {
            deliveryNumber: 'DN-0',
            deliveryPostStatus: 'COMPLETE',
            devices: order?.devices.map(({ providerDeviceId }) => ({
              deviceId: providerDeviceId,
              devicePostStatus: 'COMPLETE',
            })),
          },
        ],
      },
    ],
  };
  const reply: ProviderReply = { content: { kind: 'json', document } };
  expect(request.format.stems['check-transaction-status']).toBe('query');
  expect(outcomesOf(request, reply, 'query')).toEqual(['succeeded', 'succeeded']);
});

test.each(['imei14', 'imei16'] as const)('the defaults of identifiers.%s', (setting) => {
  const [, others, googleAndKnox] =
    new RegExp(`^\\| \`identifiers\\.${setting}\` +\\| \`(\\w+)\` +\\| \`(\\w+)\``, 'm').exec(page) ?? [];
  const defaults = examples
    .filter(({ make }) => make === undefined)
    .map(({ settings }): ProviderConfig => provider.parse(settings));
  for (const { format, identifiers } of defaults) {
    const isOfTwo = format === 'google-zero-touch' || format === 'samsung-knox';
    expect([format, identifiers[setting]]).toEqual([format, isOfTwo ? googleAndKnox : others]);
  }
});
