import type {
  RequestDelivery,
  RequestOrder,
  RequestType,
} from '../../../../shared/generic/device-enrolment-request.ts';
import type { GenericDevice } from '../../../../shared/generic/schema-parts.ts';
import { controlCharacter } from '../../../../shared/generic/text.ts';
import type { MappedField } from '../../../../shared/runtime/configured-format-schema.ts';
import type { ProviderConfigOf } from '../../../../shared/runtime/provider-schema.ts';
import {
  checkHardwareHash,
  checkImei,
  checkMeid,
  checkProductId,
  checkSerialNumber,
  type Checked,
} from '../identifiers.ts';
import { refusal } from '../refusal.ts';

export type Settings = ProviderConfigOf<'configured'>;

/** What the value of a field is taken from. */
export interface Subject {
  readonly order: RequestOrder;
  /** At the partner. A return has a number of its own. */
  readonly orderNumber: string;
  /** What the partner is asked for: a void may be put as a return. */
  readonly type: RequestType;
  readonly delivery?: RequestDelivery;
  readonly device?: GenericDevice;
  /** Of a device that was enrolled earlier: what it was named by, which is not checked again. */
  readonly knownAs?: string;
}

/** A value as it is written, empty where there is none; or why it cannot be written. */
export type FieldValue = Checked;

/**
 * The value of a field, checked and never cut. The transaction id is not known before the requests are put together, and
 * stays empty here.
 *
 * Faults in the refusal: UNMAPPABLE, IDENTIFIER_MISSING, IDENTIFIER_DAMAGED, IDENTIFIER_INVALID
 */
export function valueOf(field: MappedField, subject: Subject, settings: Settings): FieldValue {
  if (field.from === 'transactionId') return { value: '' };
  const read = rawValue(field, subject, settings);
  if ('error' in read) return read;
  if (read.value === '') return field.required ? missing(field) : read;
  const problem = problemOf(field, read.value);
  return problem === undefined ? read : { error: refusal('UNMAPPABLE', problem) };
}

/** Identifiers that have a form of their own. */
const identifiers = ['serialNumber', 'imei', 'imei2', 'meid', 'productId', 'hardwareHash'] as const;
type Identifier = (typeof identifiers)[number];
const isIdentifier = (source: string): source is Identifier =>
  (identifiers as readonly string[]).includes(source);

function rawValue(field: MappedField, subject: Subject, settings: Settings): FieldValue {
  const { order, orderNumber, type, delivery, device, knownAs } = subject;
  const { request } = settings.mapping;
  const { from } = field;
  if (knownAs !== undefined && from === request.key) return { value: knownAs };
  if (isIdentifier(from)) return identifierOf(from, device, settings);
  switch (from) {
    case 'constant':
      return { value: field.text };
    case 'transactionId':
      return { value: '' };
    case 'orderId':
      return { value: String(order.id) };
    case 'orderNumber':
      return { value: orderNumber };
    case 'purchaseOrderNumber':
    case 'organisationId':
      return { value: order[from] ?? '' };
    case 'orderDate':
      return dateOf(order.orderDate, field);
    case 'shipDate':
      return dateOf(delivery?.shipDate, field);
    case 'requestType':
      return { value: request.types[type] ?? '' };
    case 'deliveryNumber':
      return { value: delivery?.deliveryNumber ?? '' };
    case 'firstIdentifier':
      return firstIdentifier(device, settings);
    case 'deviceId':
    case 'manufacturer':
    case 'model':
    case 'assetTag':
      return { value: device?.[from] ?? '' };
  }
}

/** The first that the device has. Where it is damaged, no other takes its place: that could be another device. */
function firstIdentifier(device: GenericDevice | undefined, settings: Settings): FieldValue {
  const found = settings.mapping.request.identifiers.find((name) => (device?.[name] ?? '').trim() !== '');
  return found === undefined ? { value: '' } : identifierOf(found, device, settings);
}

function identifierOf(name: Identifier, device: GenericDevice | undefined, settings: Settings): FieldValue {
  const text = device?.[name] ?? '';
  if (text.trim() === '') return { value: '' };
  switch (name) {
    case 'serialNumber':
      return checkSerialNumber(text, { upperCase: settings.mapping.request.upperCase });
    case 'imei':
    case 'imei2':
      return checkImei(text, settings.identifiers);
    case 'meid':
      return checkMeid(text);
    case 'productId':
      return checkProductId(text);
    case 'hardwareHash':
      return checkHardwareHash(text);
  }
}

/** UTC: the generic formats have no other zone, and the day of a date may be another one than at the partner. */
function dateOf(dateTime: string | undefined, { date }: MappedField): FieldValue {
  if (dateTime === undefined) return { value: '' };
  const milliseconds = Date.parse(dateTime);
  // A second 60, and years that four digits cannot say.
  if (!(milliseconds >= Date.UTC(0) && milliseconds < Date.UTC(10_000, 0))) {
    return { error: refusal('UNMAPPABLE', 'A date of the order is not one that can be written.') };
  }
  const iso = `${new Date(milliseconds).toISOString().slice(0, -'.000Z'.length)}Z`;
  const written = {
    iso,
    date: iso.slice(0, 'yyyy-mm-dd'.length),
    compact: iso.replaceAll(/[-:]/g, ''),
    compactDate: iso.slice(0, 'yyyy-mm-dd'.length).replaceAll('-', ''),
  };
  return { value: written[date] };
}

function missing({ name, from }: MappedField): FieldValue {
  const code = isIdentifier(from) || from === 'firstIdentifier' ? 'IDENTIFIER_MISSING' : 'UNMAPPABLE';
  return { error: refusal(code, `The partner needs ${name}, and there is no ${from}.`) };
}

/** Never cut: a shorter value would be another one. */
function problemOf({ name, maxLength, number }: MappedField, value: string): string | undefined {
  if (value.length > maxLength) return `${name}: ${value.length} characters, the partner takes ${maxLength}.`;
  if (controlCharacter.test(value) || unwritable.test(value) || !value.isWellFormed()) {
    return `${name} has a character that no document may have.`;
  }
  if (number === true && String(Number(value)) !== value)
    return `${name} is not a whole number as it stands.`;
  return undefined;
}

/** Not characters, by Unicode; XML has no way to say them. */
const unwritable = /[\ufffe\uffff]/;
