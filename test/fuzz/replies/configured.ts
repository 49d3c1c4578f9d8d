import type { AskedRequest, RequestedDevice } from '../../../daemons/adaptor/providers/provider-format.ts';
import { canary } from '../documents.ts';
import { written, type Element } from '../mutate/xml.ts';
import { jsonReplies, plain, replies, type Fate, type GoodReply, type Replies } from './good-reply.ts';

/** Answers of partners whose format is in the settings: those of the contract's examples, and of the samples. */

type Words = Readonly<Record<Fate, string>>;

const words: Words = { done: 'OK', failed: 'ERROR', open: 'OPEN' };
const success = () => /\bOK\b|DONE|ENROLLED|WITHDRAWN|FINISHED/i;
const idOf = ({ providerDeviceId }: RequestedDevice): string => providerDeviceId;

const codeOf = (fate: Fate): string => (fate === 'failed' ? 'E100' : '');

export const configuredJson: Replies = {
  theirs: () => 'T-1',
  to: (asked) => [
    ...jsonReplies(
      (device, fate) => ({
        serial: idOf(device),
        status: words[fate],
        ...(fate === 'failed' && { error: { code: codeOf(fate), text: `no ${canary}` } }),
      }),
      (records) => ({ status: 'ERROR', devices: asked.orders.flatMap(records) }),
    ),
    ...plain({ status: 'OK' }, { status: 'OPEN' }, { status: 'ERROR', devices: [] }),
  ],
  success,
  nameOf: idOf,
};

/** The carrier answers for the order as a whole. */
export const configuredOrders: Replies = {
  theirs: () => '99',
  to: ({ orders }) =>
    plain(
      ...orders.flatMap(({ orderNumber: referenceNumber }) =>
        ['Finished', 'Canceled', 'InProgress', 'Restored'].map((status) => ({
          id: 99,
          referenceNumber,
          status,
        })),
      ),
      { transactionId: canary, status: 400, name: 'ALREADY_ENROLLED', message: canary },
    ),
  success,
  nameOf: () => null,
};

const element = (name: string, content: Element['content'], attributes = ''): Element => ({
  name,
  attributes,
  content,
});

const xmlReplies = (
  asked: AskedRequest,
  recordOf: (device: RequestedDevice, fate: Fate) => Element,
  whole: (records: Element[]) => Element,
): GoodReply[] =>
  replies(recordOf, (records) => ({ kind: 'xml', root: whole(asked.orders.flatMap(records)) }), written);

const alone = (root: Element): GoodReply => ({ body: { kind: 'xml', root }, failed: [] });

export const configuredXml: Replies = {
  theirs: () => 'T-1',
  to: (asked) => [
    ...xmlReplies(
      asked,
      (device, fate) => element('Device', [element('Id', [idOf(device)]), element('Status', [words[fate]])]),
      (records) => element('Answer', [element('Status', ['ERROR']), element('Devices', records)]),
    ),
    alone(element('Answer', [element('Status', ['OK'])])),
    alone(element('Answer', [element('Status', ['OPEN'])])),
  ],
  success,
  nameOf: idOf,
};

const namespace = ' xmlns="urn:carrier.example:enrolment:1"';
const said: Words = { done: 'ENROLLED', failed: 'FAILED', open: 'RUNNING' };

export const carrierSample: Replies = {
  theirs: () => 'R-1',
  to: (asked) => [
    ...xmlReplies(
      asked,
      (device, fate) =>
        element(
          'Device',
          [
            element('SerialNumber', [idOf(device)]),
            ...(fate === 'failed'
              ? [element('Error', [element('Code', ['TAKEN']), element('Text', [canary])])]
              : []),
          ],
          ` status="${said[fate]}"`,
        ),
      (records) => element('Answer', [element('Results', records)], namespace),
    ),
    alone(
      element('Answer', [element('Receipt', [element('Status', ['ACCEPTED']), element('Number', ['R-1'])])]),
    ),
    alone(
      element(
        'Answer',
        [element('Error', [element('Code', ['NO-SUCH-RECEIPT']), element('Text', [canary])])],
        namespace,
      ),
    ),
  ],
  success,
  nameOf: idOf,
};

const tableReplies = (
  asked: AskedRequest,
  delimiter: string,
  header: readonly string[],
  recordOf: (device: RequestedDevice, fate: Fate) => readonly string[],
): GoodReply[] =>
  replies(
    recordOf,
    (records) => ({ kind: 'csv', table: [header, ...asked.orders.flatMap(records)], delimiter }),
    (record) => record.join(delimiter),
  ).map(({ body, failed }) => ({
    body,
    failed: failed.map((record) => ({ ...record, header: header.join(delimiter) })),
  }));

export const configuredTable: Replies = {
  theirs: () => 'T-1',
  to: (asked) => tableReplies(asked, ',', ['IMEI', 'Status'], (device, fate) => [idOf(device), words[fate]]),
  success,
  nameOf: idOf,
};

export const distributorSample: Replies = {
  theirs: () => 'T-1',
  to: (asked) => [
    ...tableReplies(
      asked,
      ';',
      ['Batch', 'Identifier', 'Status', 'Reason', 'Reason text'],
      (device, fate) => [asked.transactionId, idOf(device), words[fate], codeOf(fate), `no ${canary}`],
    ),
    ...['RECEIVED', 'REJECTED'].map((status): GoodReply => ({
      body: {
        kind: 'csv',
        table: [
          ['File status', 'Reason', 'Reason text', 'Ticket'],
          [status, 'E300', canary, 'T-1'],
        ],
        delimiter: ';',
      },
      failed: [],
    })),
  ],
  success,
  nameOf: idOf,
};
