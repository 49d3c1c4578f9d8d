import { describe, expect, test } from '@jest/globals';

import { configSchema } from '../../../shared/runtime/config-schema.ts';
import {
  inboxFolder,
  inboxNames,
  keysFolder,
  logFolder,
  outboxFolder,
  passphraseFile,
  providerOutbound,
  spoolFolder,
  storeFile,
} from '../../../shared/runtime/paths.ts';

const account = { shipTo: '0000071234', depResellerId: '16FCE4A0' };
const loaded = (written: object) => ({ home: '/srv/enrol', config: configSchema.parse(written) });
const standard = loaded({});

describe('paths', () => {
  test('relative places are meant from the home', () => {
    expect(storeFile(standard)).toBe('/srv/enrol/var/enrol.db');
    expect(spoolFolder(standard)).toBe('/srv/enrol/spool');
    expect(inboxFolder(standard, 'inboundDeviceEnrolment')).toBe('/srv/enrol/spool/inboundDeviceEnrolment');
    expect(inboxFolder(standard, 'provider/apple-de/inbound')).toBe(
      '/srv/enrol/spool/provider/apple-de/inbound',
    );
    expect(outboxFolder(standard, 'deviceEnrolmentRequest')).toBe(
      '/srv/enrol/spool/outboundDeviceEnrolment/in',
    );
    expect(providerOutbound(standard, 'apple-de')).toBe('/srv/enrol/spool/provider/apple-de/outbound');
    expect(keysFolder(standard)).toBe('/srv/enrol/var/keys');
    expect(passphraseFile(standard)).toBe('/srv/enrol/var/secrets/pgp-passphrase');
    expect(logFolder(loaded({ log: { folder: 'var/log' } }))).toBe('/srv/enrol/var/log');
  });

  test('absolute places stay', () => {
    const elsewhere = loaded({ store: { url: 'sqlite:/data/e.db' }, spool: { folder: '/mnt/spool' } });
    expect(storeFile(elsewhere)).toBe('/data/e.db');
    expect(outboxFolder(elsewhere, 'deviceEnrolmentResponse')).toBe('/mnt/spool/inboundDeviceEnrolment/in');
  });

  test('responses that are posted wait in an inbox of their own', () => {
    const posting = loaded({
      outboxes: { deviceEnrolmentResponse: { endpoint: { url: 'https://cmp.example' } } },
    });
    expect(inboxNames(posting.config)).toContain('outgoingDeviceEnrolment');
    expect(outboxFolder(posting, 'deviceEnrolmentResponse')).toBe(
      '/srv/enrol/spool/outgoingDeviceEnrolment/in',
    );
    expect(outboxFolder(posting, 'deviceEnrolmentRequest')).toBe(
      '/srv/enrol/spool/outboundDeviceEnrolment/in',
    );
  });

  test('no log folder: stdout only', () => {
    expect(logFolder(standard)).toBeUndefined();
  });

  test('inboxes are the three of the product and one for each provider', () => {
    const { config } = loaded({
      providers: { a: { format: 'apple', account }, b: { format: 'apple', account } },
    });
    expect(inboxNames(config)).toEqual([
      'inboundDeviceEnrolment',
      'inboundSalesOrderDispatch',
      'outboundDeviceEnrolment',
      'provider/a/inbound',
      'provider/b/inbound',
    ]);
  });
});
