import type {
  AskedRequest,
  Question,
  RequestedDevice,
  RequestedOrder,
} from '../../../daemons/adaptor/providers/provider-format.ts';
import type { Element } from '../mutate/xml.ts';

/** Replies of providers that are good, before anything in them is changed. */

export type Body =
  | { readonly kind: 'json'; readonly document: unknown }
  | { readonly kind: 'xml'; readonly root: Element }
  | { readonly kind: 'csv'; readonly table: readonly (readonly string[])[]; readonly delimiter: string };

/** What a reply says of a device that failed, as it is written. */
export interface FailedRecord {
  readonly deviceId: string;
  readonly text: string;
  /** The first line of the table that it stands in: without it, the columns may mean something else. */
  readonly header?: string;
}

export interface GoodReply {
  readonly body: Body;
  readonly failed: readonly FailedRecord[];
}

/** How the replies of one provider look, and what they have to have for a device to have succeeded. */
export interface Replies {
  /** The provider's id of a request of ours. */
  readonly theirs: (transactionId: string) => string;
  readonly to: (asked: AskedRequest, of: Question) => readonly GoodReply[];
  /** Without one of these words nothing succeeded; null: the reply shows what is there, and says it in no word. */
  readonly success: (asked: AskedRequest, of: Question) => RegExp | null;
  /** What has to be in a reply by which the device succeeded; null: it may be told by its place, or by its order. */
  readonly nameOf: (device: RequestedDevice, asked: AskedRequest, of: Question) => string | null;
}

export type Fate = 'done' | 'failed' | 'open';

const each: readonly ((n: number) => Fate)[] = [
  () => 'done',
  () => 'failed',
  (n) => (['done', 'failed', 'open'] as const)[n % 3] ?? 'open',
];

/**
 * A reply in which every device is done, one in which all failed, and one that has something of each.
 *
 * @param recordOf what it says of a device
 * @param whole the reply, with its records order by order
 * @param textOf how a record is written
 */
export function replies<Said>(
  recordOf: (device: RequestedDevice, fate: Fate) => Said,
  whole: (records: (order: RequestedOrder) => Said[]) => Body,
  textOf: (record: Said) => string,
): GoodReply[] {
  return each.map((fateOf) => {
    const failed: FailedRecord[] = [];
    const records = (order: RequestedOrder) =>
      order.devices.map((device, n) => {
        const fate = fateOf(n);
        const record = recordOf(device, fate);
        if (fate === 'failed') failed.push({ deviceId: device.deviceId, text: textOf(record) });
        return record;
      });
    return { body: whole(records), failed };
  });
}

/** The same in JSON. */
export const jsonReplies = (
  recordOf: (device: RequestedDevice, fate: Fate) => object,
  whole: (records: (order: RequestedOrder) => object[]) => object,
): GoodReply[] =>
  replies(
    recordOf,
    (records) => ({ kind: 'json', document: whole(records) }),
    (record) => JSON.stringify(record),
  );

export const plain = (...documents: readonly unknown[]): GoodReply[] =>
  documents.map((document) => ({ body: { kind: 'json', document }, failed: [] }));
