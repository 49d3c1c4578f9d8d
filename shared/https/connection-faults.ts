import type { FaultCode } from '../runtime/fault-codes.ts';

/**
 * What a failed call means, from the code of the error alone: messages of undici and OpenSSL may quote what was sent.
 */

/**
 * A certificate of the server that is not accepted: X509_V_ERR_* of OpenSSL as Node names them (nodejs.org/api/tls.html,
 * "X509 certificate error codes"), and the check of the name.
 */
const serverCertificateErrors = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'CERT_SIGNATURE_FAILURE',
  'CRL_SIGNATURE_FAILURE',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'CRL_HAS_EXPIRED',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CRL_LAST_UPDATE_FIELD',
  'ERROR_IN_CRL_NEXT_UPDATE_FIELD',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'INVALID_CA',
  'PATH_LENGTH_EXCEEDED',
  'INVALID_PURPOSE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'HOSTNAME_MISMATCH',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_TLS_CERT_ALTNAME_FORMAT',
  // What Node calls every other reason of OpenSSL, such as a key that is too small.
  'UNSPECIFIED',
]);

/**
 * Alerts by which a server refuses our certificate, or that there is none (RFC 8446, 6.2; a server of TLS 1.2 without
 * our certificate says handshake_failure).
 */
const clientCertificateAlert =
  /ALERT_(NO_CERTIFICATE|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(REVOKED|EXPIRED|UNKNOWN|REQUIRED)|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR|HANDSHAKE_FAILURE)$/;

/** How far a call had come. */
export type Progress =
  /** Nothing of the request was sent. */
  | 'unsent'
  /** Something of it may have been sent. */
  | 'sent'
  /** The server began to answer. */
  | 'answered';

/** Every failure that is not listed here is one of the network: the request did not arrive, or it may have. */
export function connectionFault(errorCode: string, progress: Progress): FaultCode {
  if (progress === 'unsent' && serverCertificateErrors.has(errorCode)) return 'PROVIDER_UNTRUSTED';
  // In TLS 1.3 the alert comes after the request was written. But no server reads a request before it is content with
  // the handshake, so nothing was done.
  if (progress !== 'answered' && clientCertificateAlert.test(errorCode)) return 'PROVIDER_DENIES';
  return progress === 'unsent' ? 'PROVIDER_UNREACHABLE' : 'ANSWER_LOST';
}
