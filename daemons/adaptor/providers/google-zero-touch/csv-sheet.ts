import { readCsv } from '../../../../shared/formats/read-csv.ts';
import { readResultSheet, writeSheet, type Verdict } from '../result-sheet.ts';
import { comparableInSheet, nameOf, type DeviceIdentifier } from './device-reference.ts';

/**
 * The sheet of the reseller portal, for those who have no access to the API. Its columns are as tools that write it have
 * them; the portal's own guide does not publish a header. Google has no sheet to unclaim devices: ours, of the same
 * columns under the stem `unclaim`, is a convention for the list that an operator works through in the portal.
 */
const columns = ['modemtype', 'modemid', 'serial', 'model', 'manufacturer', 'profiletype', 'owner'] as const;

type Row = Readonly<Record<(typeof columns)[number], string>>;

/** A device of a sheet. */
export interface ListedDevice {
  readonly identifier: DeviceIdentifier;
  /** Customer id; empty where it is not known. */
  readonly owner: string;
}

export const deviceSheet = (devices: readonly ListedDevice[]): string =>
  writeSheet(columns, devices.map(rowOf));

/** The sheet has no place for a second IMEI. */
function rowOf({ identifier, owner }: ListedDevice): Row {
  const { imei, meid, serialNumber = '', model = '', manufacturer = '' } = identifier;
  return {
    modemtype: imei ? 'IMEI' : meid ? 'MEID' : '',
    modemid: imei ?? meid ?? '',
    serial: serialNumber,
    model,
    manufacturer,
    profiletype: 'ZERO_TOUCH',
    owner,
  };
}

/** The identifiers in a sheet of ours, row by row. */
export const identifiersIn = (sheet: string): DeviceIdentifier[] =>
  readCsv(Buffer.from(sheet), columns).map(identifierOf);

/**
 * What a result sheet says, by name, comparable as in sheets.
 *
 * @throws Fault ENCODING, CONTROL_CHAR, TOO_LARGE (rows), CSV_MALFORMED
 */
export const readZeroTouchResults = (bytes: Uint8Array): ReadonlyMap<string, Verdict> =>
  readResultSheet(bytes, columns, (row) => {
    const name = nameOf(identifierOf(row));
    return name === undefined ? 'a row without identifiers' : comparableInSheet(name);
  });

function identifierOf(row: Readonly<Record<string, string>>): DeviceIdentifier {
  const value = (column: (typeof columns)[number]): string => row[column]?.trim() ?? '';
  if (value('modemid') !== '') {
    return value('modemtype').toUpperCase() === 'MEID'
      ? { meid: value('modemid') }
      : { imei: value('modemid') };
  }
  return { serialNumber: value('serial'), manufacturer: value('manufacturer'), model: value('model') };
}
