import type { AskedRequest, RequestedDevice } from '../../../daemons/adaptor/providers/provider-format.ts';
import { readCsv } from '../../../shared/formats/read-csv.ts';
import { canary } from '../documents.ts';
import type { FailedRecord, GoodReply, Replies } from './good-reply.ts';

/** Our own sheets for portals as they come back, with the outcome beside each row. */

const results = [
  ['OK', ''],
  ['INVALID', `no ${canary}`],
  ['', ''],
] as const;

interface Sheet {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Knox's has no header until it comes back. */
function sheetOf({ content }: AskedRequest['message'], hasHeader: boolean): Sheet {
  const lines = content.trimEnd().split('\r\n');
  if (!hasHeader) return { header: ['Device'], rows: lines.map((line) => [line]) };
  const [header = []] = lines.map((line) => line.split(','));
  return { header, rows: readCsv(Buffer.from(content), header).map((row) => Object.values(row)) };
}

/** @param nameOf how a row names the device */
export const sheetReplies = (nameOf: (device: RequestedDevice) => string, hasHeader = true): Replies => ({
  theirs: () => 'T-1',
  to: ({ message, orders }) => {
    const { header, rows } = sheetOf(message, hasHeader);
    const first = [...header, 'Result', 'Error'];
    return results.map((result, n): GoodReply => {
      const resultOf = (index: number) => (n === 2 ? (results[index % 3] ?? result) : result);
      const said = rows.map((row, index) => [...row, ...resultOf(index)]);
      const failed = orders
        .flatMap(({ devices }) => devices)
        .flatMap((device): FailedRecord[] =>
          said
            .filter((row) => row.includes('INVALID') && row.some((value) => value.startsWith(nameOf(device))))
            .map((row) => ({ deviceId: device.deviceId, text: row.join(','), header: first.join(',') })),
        );
      return { body: { kind: 'csv', table: [first, ...said], delimiter: ',' }, failed };
    });
  },
  success: () => /\bOK\b/i,
  nameOf,
});

export const withoutKind = ({ providerDeviceId }: RequestedDevice): string =>
  providerDeviceId.slice(providerDeviceId.indexOf(':') + 1);

/** The check digit of an IMEI does not count; of several values the first is the serial number. */
export const zeroTouchName = (device: RequestedDevice): string => {
  const [name = ''] = withoutKind(device).split('/');
  return device.providerDeviceId.startsWith('imei:') ? name.slice(0, 14) : name;
};
