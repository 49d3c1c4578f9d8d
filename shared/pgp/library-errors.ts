import type { FaultCode } from '../runtime/fault-codes.ts';
import { Fault } from '../runtime/faults.ts';

/**
 * The library tells its errors apart only by their messages, so this is the one place that reads them. Each row has a
 * test with an error that the library really throws. The messages themselves never go further: some quote the sender.
 */
export interface Reason {
  readonly code: FaultCode;
  readonly why: string;
}

type Row = readonly [pattern: RegExp, code: FaultCode, why: string];

const alteredOrCut = 'the encrypted data was altered or cut';

const decryption: readonly Row[] = [
  [/Modification detected|Authentication tag mismatch/, 'PGP_INTEGRITY', alteredOrCut],
  // The same, as Node's own AES-GCM says it.
  [/unable to authenticate data|Invalid authentication tag length/, 'PGP_INTEGRITY', alteredOrCut],
  [/Invalid (EAX|OCB) ciphertext/, 'PGP_INTEGRITY', alteredOrCut],
  [/Key Data Integrity failed/, 'PGP_INTEGRITY', 'the session key was altered, or is not for our key'],
  [
    /No decryption key packets found/,
    'PGP_NO_KEY',
    'it is encrypted to a key of ours that is not for encryption',
  ],
  [/Maximum decompressed (message )?size exceeded/, 'PGP_BOMB', 'it unpacks to more than is allowed'],
  [/not allowed in this context: compressedData/, 'PGP_BOMB', 'it is compressed more than once'],
  [
    /non-preferred symmetric algorithm/,
    'PGP_WEAK_ALGORITHM',
    'it is encrypted with a cipher that our key does not offer',
  ],
  [
    /signature packet is unsupported|Unknown signature algorithm/,
    'PGP_BAD_SIGNATURE',
    'the signature is of a kind that cannot be verified',
  ],
];

const keyUse: readonly Row[] = [
  [/is revoked/, 'PGP_KEY_REVOKED', 'the key is revoked'],
  [/is expired/, 'PGP_KEY_EXPIRED', 'the key has expired'],
  [/considered too weak|keys using curve|Insecure hash/, 'PGP_WEAK_ALGORITHM', 'the key is too weak'],
];

const signature: readonly Row[] = [
  [
    /^Signature creation time is in the future$/,
    'PGP_SIGNED_IN_FUTURE',
    'the signature is dated in the future',
  ],
  [/^Signature is expired$/, 'PGP_SIGNATURE_EXPIRED', 'the signature is past its own end date'],
  [
    /^Insecure (message )?hash algorithm/,
    'PGP_WEAK_ALGORITHM',
    'the signature uses a hash that is no longer safe',
  ],
  ...keyUse,
];

/** Why a message could not be decrypted. */
export const decryptionReason = (error: unknown): Reason =>
  look(decryption, error) ?? { code: 'PGP_MALFORMED', why: 'the OpenPGP packets cannot be read' };

/** What the library threw when it read or decrypted a message. */
export function decryptionFault(error: unknown): Fault {
  const { code, why } = decryptionReason(error);
  return new Fault(code, why);
}

/** The data, or the session key they are encrypted with, are not as the sender made them. */
export const altered = (): Fault => new Fault('PGP_INTEGRITY', alteredOrCut);

/** What came out is larger than is allowed, by the bytes and not by the library's count. */
export const tooLarge = (): Fault => new Fault('PGP_BOMB', 'it unpacks to more than is allowed');

/** Why a signature does not count. */
export const signatureReason = (error: unknown): Reason =>
  look(signature, error) ?? { code: 'PGP_BAD_SIGNATURE', why: 'the signature does not verify' };

/** Why a key cannot be used; undefined if it is simply not made for this use. */
export const keyReason = (error: unknown): Reason | undefined => look(keyUse, error);

function look(rows: readonly Row[], error: unknown): Reason | undefined {
  // Not `instanceof Error`: under a test runner, errors of Node's own modules come from another realm.
  const message =
    typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
  const row = rows.find(([pattern]) => pattern.test(message));
  return row && { code: row[1], why: row[2] };
}
