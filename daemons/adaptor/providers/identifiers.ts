import type { FaultCode } from '../../../shared/runtime/fault-codes.ts';
import type { ProviderConfig } from '../../../shared/runtime/provider-schema.ts';
import { damageOfDigits, damageOfSerialNumber, damageOfText } from './identifier-damage.ts';
import type { ProviderError } from './provider-format.ts';
import { refusal } from './refusal.ts';

/**
 * Identifiers of devices: what may be sent to a provider, and in which spelling. The texts of refusals go to operators as
 * notes of workflow events; identifiers are customers' data, so that a text names the kind and never the value.
 */

/** What is done with IMEIs of 14 and 16 digits, and with a wrong check digit. */
export type IdentifierPolicy = ProviderConfig['identifiers'];

/** An identifier as it is sent, or why it is not. */
export type Checked =
  | {
      readonly value: string;
      /** The check digit is wrong: a few real devices have such an IMEI, and most are typing errors. */
      readonly doubtful?: true;
    }
  | { readonly error: ProviderError };

/**
 * An IMEI. Blanks, hyphens and slashes, as people write them (35-999900-123450-9), are left out. 15 digits are the
 * IMEI with its check digit, 14 those without it, 16 the IMEISV, which has a software version in place of the digit.
 *
 * Faults in the refusal: IDENTIFIER_MISSING, IDENTIFIER_DAMAGED, IDENTIFIER_INVALID
 */
export function checkImei(text: string, policy: IdentifierPolicy): Checked {
  const written = text.trim();
  if (written === '') return missing('IMEI');
  const damage = damageOfDigits(written);
  if (damage !== undefined) return damaged('IMEI', damage);
  const digits = withoutSeparators(written);
  if (!/^\d+$/.test(digits)) return invalid('IMEI', 'has characters that are not digits.');
  if (/^0+$/.test(digits)) return invalid('IMEI', 'is all zeros.');
  if (hasLostZeros(digits)) {
    return damaged('IMEI', `has ${digits.length} digits: zeros at its beginning were lost, or it was cut.`);
  }
  return checkDigits(digits, policy);
}

function checkDigits(digits: string, policy: IdentifierPolicy): Checked {
  switch (digits.length) {
    case 14:
      if (policy.imei14 === 'refuse') return invalid('IMEI', 'has 14 digits: the check digit is missing.');
      return { value: policy.imei14 === 'complete' ? completed(digits) : digits };
    case 15:
      if (completed(digits.slice(0, 14)) === digits) return { value: digits };
      if (policy.checkDigit === 'refuse') return invalid('IMEI', 'has a wrong check digit.');
      return { value: digits, doubtful: true };
    case 16:
      if (policy.imei16 === 'refuse')
        return invalid('IMEI', 'has 16 digits: it is an IMEISV, with a software version.');
      return { value: policy.imei16 === 'convert' ? completed(digits.slice(0, 14)) : digits };
    default:
      return invalid('IMEI', `has ${digits.length} digits.`);
  }
}

/**
 * 14 digits are an IMEI without its check digit, or one of 15 that lost a zero. They count as the latter when a zero
 * before them makes the check digit right, and they begin with 1: IMEIs with one zero are those of the range 01, and
 * no range of telephones begins with 1 (inferred from the ranges of the reporting bodies, from memory). Every other
 * number of 14 digits is taken as it stands, though one in ten would pass the check digit with a zero as well.
 */
function hasLostZeros(digits: string): boolean {
  if (digits.length < 14) return true;
  if (digits.length > 14 || !digits.startsWith('1')) return false;
  const restored = `0${digits}`;
  return completed(restored.slice(0, 14)) === restored;
}

/** The check digit of IMEIs: Luhn's, over the first 14 (3GPP TS 23.003, annex B). */
function completed(fourteen: string): string {
  const sum = Array.from(fourteen, Number).reduce((total, digit, index) => {
    const weighted = index % 2 === 1 ? digit * 2 : digit;
    return total + (weighted > 9 ? weighted - 9 : weighted);
  }, 0);
  return `${fourteen}${(10 - (sum % 10)) % 10}`;
}

/**
 * A MEID: 14 hexadecimal characters, given in upper case. The decimal spelling, 18 digits as printed on labels, is turned
 * into them: ten digits for the first 8 characters, eight for the last 6 (from memory, without a source).
 *
 * Faults in the refusal: IDENTIFIER_MISSING, IDENTIFIER_DAMAGED, IDENTIFIER_INVALID
 */
export function checkMeid(text: string): Checked {
  const written = text.trim();
  if (written === '') return missing('MEID');
  const spelled = withoutSeparators(written).toUpperCase();
  if (/^0+$/.test(spelled)) return invalid('MEID', 'is all zeros.');
  // Before damage is looked for: 99000012345E12 is a MEID and no power of ten.
  if (/^[0-9A-F]{14}$/.test(spelled)) return { value: spelled };
  const damage = damageOfDigits(written);
  if (damage !== undefined) return damaged('MEID', damage);
  if (/^\d{18}$/.test(spelled)) return fromDecimal(spelled);
  return invalid('MEID', 'has neither 14 hexadecimal characters nor 18 digits.');
}

function fromDecimal(digits: string): Checked {
  const maker = Number(digits.slice(0, 10)).toString(16).toUpperCase().padStart(8, '0');
  const serial = Number(digits.slice(10)).toString(16).toUpperCase().padStart(6, '0');
  const value = maker + serial;
  return value.length === 14 ? { value } : invalid('MEID', 'has 18 digits that are not those of a MEID.');
}

/**
 * A serial number. Blanks around it are left out; upper case where the provider wants it, otherwise as it stands.
 *
 * Faults in the refusal: IDENTIFIER_MISSING, IDENTIFIER_DAMAGED, IDENTIFIER_INVALID
 */
export function checkSerialNumber(text: string, { upperCase }: { readonly upperCase: boolean }): Checked {
  const written = text.trim();
  if (written === '') return missing('serial number');
  const damage = damageOfSerialNumber(written);
  if (damage !== undefined) return damaged('serial number', damage);
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(written)) {
    return invalid('serial number', 'has a line break or another control character in it.');
  }
  return { value: upperCase ? written.toUpperCase() : written };
}

/**
 * A Windows product id (PKID): 13 digits, with the zeros at its beginning.
 *
 * Faults in the refusal: IDENTIFIER_MISSING, IDENTIFIER_DAMAGED, IDENTIFIER_INVALID
 */
export function checkProductId(text: string): Checked {
  const written = text.trim();
  if (written === '') return missing('product id');
  const damage = damageOfDigits(written);
  if (damage !== undefined) return damaged('product id', damage);
  if (/^\d{13}$/.test(written)) return { value: written };
  if (/^\d{1,12}$/.test(written)) {
    return damaged(
      'product id',
      `has ${written.length} digits: zeros at its beginning were lost, or it was cut.`,
    );
  }
  return invalid('product id', 'does not have 13 digits.');
}

/**
 * A hardware hash: base64, some thousand characters.
 *
 * Faults in the refusal: IDENTIFIER_MISSING, IDENTIFIER_DAMAGED, IDENTIFIER_INVALID
 */
export function checkHardwareHash(text: string): Checked {
  const written = text.trim();
  if (written === '') return missing('hardware hash');
  const damage = damageOfText(written);
  if (damage !== undefined) return damaged('hardware hash', damage);
  if (/\s/.test(written)) return damaged('hardware hash', 'has blanks or line breaks in it: it was wrapped.');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(written)) {
    return invalid('hardware hash', 'has characters that base64 does not have.');
  }
  if (written.length % 4 !== 0) return damaged('hardware hash', 'lacks characters: it was cut.');
  return { value: written };
}

/** As people write them into IMEIs; also what word processors make of a hyphen or a blank. */
const withoutSeparators = (text: string): string => text.replaceAll(/[\s\u200b\-\u2010-\u2015\u2212/]/gu, '');

type Kind = 'IMEI' | 'MEID' | 'serial number' | 'product id' | 'hardware hash';

const refused = (code: FaultCode, kind: Kind, what: string): Checked => ({
  error: refusal(code, `The ${kind} ${what}`),
});
const missing = (kind: Kind) => refused('IDENTIFIER_MISSING', kind, 'is empty.');
const damaged = (kind: Kind, what: string) => refused('IDENTIFIER_DAMAGED', kind, what);
const invalid = (kind: Kind, what: string) => refused('IDENTIFIER_INVALID', kind, what);
