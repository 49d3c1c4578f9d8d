/**
 * How devices are named. Google's `DeviceIdentifier` is a set of several values; a text made of those that identify is
 * what our records and answers are compared by, and the set can be made from it again.
 */

/** Of Google's `DeviceIdentifier` what we send: https://developers.google.com/zero-touch/guides/identifiers */
export interface DeviceIdentifier {
  readonly imei?: string;
  readonly imei2?: string;
  readonly meid?: string;
  readonly serialNumber?: string;
  readonly manufacturer?: string;
  readonly model?: string;
}

/** `imei:…`, `meid:…` or `serial:<serial>/<manufacturer>/<model>`; undefined when it identifies no device. */
export function nameOf(identifier: DeviceIdentifier): string | undefined {
  const { imei, meid, serialNumber, manufacturer = '', model = '' } = identifier;
  if (imei) return `imei:${imei}`;
  if (meid) return `meid:${meid}`;
  if (!serialNumber) return undefined;
  return `serial:${[serialNumber, manufacturer, model].map(escaped).join('/')}`;
}

/** The identifiers in a name of ours; undefined when it is none. */
export function identifierIn(name: string): DeviceIdentifier | undefined {
  const [, kind, rest] = /^(imei|meid|serial):(.+)$/s.exec(name) ?? [];
  if (kind === undefined || rest === undefined) return undefined;
  if (kind === 'imei') return { imei: rest };
  if (kind === 'meid') return { meid: rest };
  const [serialNumber = '', manufacturer = '', model = ''] = rest.split('/').map(unescaped);
  return { serialNumber, manufacturer, model };
}

/**
 * The name under which two spellings of one device are the same. Google may complete or correct the check digit of an
 * IMEI, and spell manufacturer and model as its list does (inferred); the case of a serial number matters (documented).
 */
export function comparable(name: string): string {
  const identifier = identifierIn(name);
  if (!identifier) return name;
  const { imei, meid, manufacturer = '', model = '' } = identifier;
  if (imei) return `imei:${imei.slice(0, 14)}`;
  if (meid) return `meid:${meid.toUpperCase()}`;
  const spelled = { manufacturer: manufacturer.toLowerCase(), model: model.toLowerCase() };
  return nameOf({ ...identifier, ...spelled }) ?? name;
}

/**
 * The same for sheets of ours that come back: every digit of an IMEI counts. A spreadsheet takes zeros from its front, and
 * what is left of it may be the first 14 digits of another one.
 */
export const comparableInSheet = (name: string): string =>
  identifierIn(name)?.imei === undefined ? comparable(name) : name;

/** The name of one of Google's own records of devices. */
export const nameOfRecord = (recordId: string): string => `record:${recordId}`;

const escaped = (part: string): string => part.replaceAll('%', '%25').replaceAll('/', '%2F');
const unescaped = (part: string): string => part.replaceAll('%2F', '/').replaceAll('%25', '%');
