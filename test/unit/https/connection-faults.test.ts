import { describe, expect, test } from '@jest/globals';

import { connectionFault } from '../../../shared/https/connection-faults.ts';

describe('a failed call', () => {
  test.each([
    // [code, nothing sent, something sent, answer begun]
    ['ENOTFOUND', 'PROVIDER_UNREACHABLE', 'ANSWER_LOST', 'ANSWER_LOST'],
    ['ECONNRESET', 'PROVIDER_UNREACHABLE', 'ANSWER_LOST', 'ANSWER_LOST'],
    ['UND_ERR_SOCKET', 'PROVIDER_UNREACHABLE', 'ANSWER_LOST', 'ANSWER_LOST'],
    ['UND_ERR_CONNECT_TIMEOUT', 'PROVIDER_UNREACHABLE', 'ANSWER_LOST', 'ANSWER_LOST'],
    ['CERT_HAS_EXPIRED', 'PROVIDER_UNTRUSTED', 'ANSWER_LOST', 'ANSWER_LOST'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'PROVIDER_UNTRUSTED', 'ANSWER_LOST', 'ANSWER_LOST'],
    ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', 'PROVIDER_DENIES', 'PROVIDER_DENIES', 'ANSWER_LOST'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'PROVIDER_DENIES', 'PROVIDER_DENIES', 'ANSWER_LOST'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'PROVIDER_DENIES', 'PROVIDER_DENIES', 'ANSWER_LOST'],
    ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED', 'PROVIDER_DENIES', 'PROVIDER_DENIES', 'ANSWER_LOST'],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'PROVIDER_UNREACHABLE', 'ANSWER_LOST', 'ANSWER_LOST'],
    ['ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', 'PROVIDER_UNREACHABLE', 'ANSWER_LOST', 'ANSWER_LOST'],
    ['no code', 'PROVIDER_UNREACHABLE', 'ANSWER_LOST', 'ANSWER_LOST'],
  ])('with %s: %s when nothing was sent, %s after, %s in the answer', (code, unsent, sent, answered) => {
    expect(connectionFault(code, 'unsent')).toBe(unsent);
    expect(connectionFault(code, 'sent')).toBe(sent);
    expect(connectionFault(code, 'answered')).toBe(answered);
  });
});
