import { readResultSheet, writeSheet } from '../result-sheet.ts';
import { successCode } from './error-catalogue.ts';

/**
 * Sheets for the reseller portal (https://docs.samsungknox.com/partner/knox-deployment-program/how-to-guides/manage-devices/upload-devices).
 * The portal takes a list of device ids for one customer, which a person chooses in its form; Samsung shows no header,
 * and we infer that there is none: one identifier in each line, and nothing else.
 *
 * The sheet that comes back with the outcome cannot do without a header. Whoever uploaded the sheet writes
 * `Device,Result,Error` above it, and the outcome into the two new columns. So the two never look alike: a sheet that
 * comes back as it went out is refused, and not read as if all had gone well.
 */

/** @param identifiers all of one kind, for one customer */
export const writeDeviceSheet = (identifiers: readonly string[]): string =>
  identifiers.map((identifier) => writeSheet([identifier], [])).join('');

/** A result sheet in the form of Knox's own status answer, so that both are understood by the same rules. */
export interface SheetAnswer {
  readonly state: 'Complete';
  readonly devices: readonly SheetDevice[];
}

/** The sheet does not tell which kind of identifier it has: it stands as both, and the request knows. */
interface SheetDevice {
  readonly imei: string;
  readonly serialNumber: string;
  readonly code?: string;
  readonly message?: string;
}

/**
 * Devices without a result are left out, as those are that an answer of Knox does not name.
 *
 * @throws Fault ENCODING, CONTROL_CHAR, TOO_LARGE (rows), CSV_MALFORMED
 */
export function readDeviceSheet(bytes: Uint8Array): SheetAnswer {
  const verdicts = readResultSheet(bytes, ['Device'], (row) => row['Device']?.trim() ?? '');
  const devices = [...verdicts].flatMap(([identifier, verdict]): SheetDevice[] => {
    const named = { imei: identifier, serialNumber: identifier };
    switch (verdict.kind) {
      case 'succeeded':
        return [{ ...named, code: successCode }];
      case 'failed':
        return [{ ...named, ...verdict.error }];
      case 'open':
        return [];
    }
  });
  return { state: 'Complete', devices };
}
