import { describe, expect, test } from '@jest/globals';

import { checkConfig } from '../../../shared/runtime/config-check.ts';

const account = { shipTo: '0000071234', depResellerId: '16FCE4A0' };
const provider = (settings: object) => ({
  providers: { p: { format: 'apple', account, inbox: { encryption: 'none' }, ...settings } },
});
const dispatchInbox = (settings: object) => ({ inboxes: { inboundSalesOrderDispatch: settings } });

function findingPaths(written: object): string[] {
  const checked = checkConfig(written);
  return 'config' in checked ? [] : checked.findings.map(({ path }) => path.join('.'));
}

describe('signatures', () => {
  test.each(['required', 'optional'])(
    'signature: %s on encrypted files needs a party that may sign',
    (signature) => {
      expect(findingPaths(dispatchInbox({ signature, signedBy: [] }))).toEqual([
        'inboxes.inboundSalesOrderDispatch.signedBy',
      ]);
      expect(findingPaths(dispatchInbox({ signature, signedBy: ['warehouse'] }))).toEqual([]);
    },
  );

  test('signature: forbidden needs nobody', () => {
    expect(findingPaths(dispatchInbox({ signature: 'forbidden', signedBy: [] }))).toEqual([]);
  });

  test('plain files: the default signature policy does not matter, a written one is a contradiction', () => {
    expect(findingPaths(dispatchInbox({ encryption: 'none' }))).toEqual([]);
    expect(findingPaths(dispatchInbox({ encryption: 'none', signature: 'forbidden' }))).toEqual([]);
    for (const signature of ['required', 'optional']) {
      expect(findingPaths(dispatchInbox({ encryption: 'none', signature }))).toEqual([
        'inboxes.inboundSalesOrderDispatch.signature',
      ]);
    }
  });

  test('a provider has to say whether its files are plain or who signs them', () => {
    expect(findingPaths(provider({ inbox: {} }))).toEqual(['providers.p.inbox.signedBy']);
    expect(findingPaths(provider({ inbox: { encryption: 'none' } }))).toEqual([]);
    expect(findingPaths(provider({ inbox: { signedBy: ['apple'] } }))).toEqual([]);
  });
});

describe('A05: markers', () => {
  test('are a suffix of letters and digits, or none', () => {
    for (const marker of ['', '.ok', '.done2']) expect(findingPaths(dispatchInbox({ marker }))).toEqual([]);
    for (const marker of ['ok', '.', '.o k', '.ok.', '../x', '*', '.reason.json'])
      expect(findingPaths(dispatchInbox({ marker }))).toEqual(['inboxes.inboundSalesOrderDispatch.marker']);
  });

  test('must not be ignored by their inbox', () => {
    expect(findingPaths(dispatchInbox({ marker: '.tmp' }))).toEqual([
      'inboxes.inboundSalesOrderDispatch.marker',
    ]);
    expect(findingPaths(dispatchInbox({ marker: '.tmp', ignore: ['.*'] }))).toEqual([]);
    expect(findingPaths(provider({ inbox: { encryption: 'none', marker: '.part' } }))).toEqual([
      'providers.p.inbox.marker',
    ]);
  });

  test('cannot be demanded of ourselves', () => {
    expect(findingPaths({ inboxes: { outboundDeviceEnrolment: { marker: '.ok' } } })).toEqual([
      'inboxes.outboundDeviceEnrolment.marker',
    ]);
    expect(
      findingPaths({
        inboxes: { outboundDeviceEnrolment: { marker: '.ok' } },
        outboxes: { deviceEnrolmentRequest: { folder: 'elsewhere' } },
      }),
    ).toEqual([]);
  });
});

describe('folders', () => {
  const outbox = (folder: string) => ({ outboxes: { deviceEnrolmentRequest: { folder } } });

  test.each(['/etc', '../x', 'a/../../b', 'a/./b', '.', '..', 'a//b', 'a/', 'a\0b'])(
    'an outbox cannot be %j',
    (folder) => {
      expect(findingPaths(outbox(folder))).toEqual(['outboxes.deviceEnrolmentRequest.folder']);
    },
  );

  test.each(['out', 'a/b/c', 'a..b/in'])('an outbox can be %j', (folder) => {
    expect(findingPaths(outbox(folder))).toEqual([]);
  });
});

describe('times', () => {
  const schedule = (pattern: string) => ({ jobs: { batchErrorManagement: { schedule: pattern } } });

  test.each(['', '*/5 * * * *', '0 0 * * MON', '30 2 1-7 * 1'])('schedule %j', (pattern) => {
    expect(findingPaths(schedule(pattern))).toEqual([]);
  });

  test.each(['hourly', '61 * * * *', '* * * *', '* * * * * *', '0 0 30 2 *'])(
    'no schedule: %j',
    (pattern) => {
      expect(findingPaths(schedule(pattern))).toEqual(['jobs.batchErrorManagement.schedule']);
    },
  );

  test('the time zone of the schedules exists', () => {
    expect(findingPaths({ scheduler: { timeZone: 'Europe/Berlin' } })).toEqual([]);
    expect(findingPaths({ scheduler: { timeZone: 'Europe/Atlantis' } })).toEqual(['scheduler.timeZone']);
  });

  test.each(['0', '480', '-540', 'Europe/Vilnius'])('time zone %j of an account', (timeZone) => {
    expect(findingPaths(provider({ account: { ...account, timeZone } }))).toEqual([]);
  });

  test.each(['', '+02:00', '841', '-841', 'Berlin'])('no time zone of an account: %j', (timeZone) => {
    expect(findingPaths(provider({ account: { ...account, timeZone } }))).toEqual([
      'providers.p.account.timeZone',
    ]);
  });

  test('the first wait is not longer than the longest', () => {
    expect(findingPaths({ retry: { firstSeconds: 10, maxSeconds: 10 } })).toEqual([]);
    expect(findingPaths({ retry: { firstSeconds: 11, maxSeconds: 10 } })).toEqual(['retry.firstSeconds']);
  });
});

describe('an endpoint to which responses are posted', () => {
  const endpoint = (settings: object) => ({ outboxes: { deviceEnrolmentResponse: { endpoint: settings } } });
  const named = (...settings: string[]) =>
    settings.map((setting) => `outboxes.deviceEnrolmentResponse.endpoint.${setting}`);

  test('is none without an address', () => {
    expect(findingPaths(endpoint({}))).toEqual([]);
  });

  test('is called over HTTPS, with a proof of who we are', () => {
    const url = 'https://cmp.example/inboundDeviceEnrolment';
    expect(findingPaths(endpoint({ url }))).toEqual(named('certificateFile'));
    expect(findingPaths(endpoint({ url, authentication: 'token' }))).toEqual(named('tokenFile'));
    expect(findingPaths(endpoint({ url, authentication: 'token', tokenFile: 'x' }))).toEqual([]);
    const plain = { url: 'http://cmp.example/', authentication: 'token', tokenFile: 'x' };
    expect(findingPaths(endpoint(plain))).toEqual(named('url'));
  });

  test('takes the place of the folder: no outbox of ours feeds the inbox then', () => {
    const marker = { inboxes: { inboundDeviceEnrolment: { marker: '.ok' } } };
    const url = { url: 'https://cmp.example', authentication: 'token', tokenFile: 'x' };
    expect(findingPaths(marker)).toEqual(['inboxes.inboundDeviceEnrolment.marker']);
    expect(findingPaths({ ...marker, ...endpoint(url) })).toEqual([]);
  });
});

describe('an address to listen on', () => {
  const listen = (settings: object) => ({ loader: { listen: settings } });
  const tls = { certificateFile: 'c', keyFile: 'k' };

  test.each(['127.0.0.1:8443', 'cmp.example:1', '[::1]:65535', '0.0.0.0:0'])('%s', (address) => {
    expect(findingPaths(listen({ address, ...tls, tokenFile: 't' }))).toEqual([]);
  });

  test.each([
    '8443',
    ':8443',
    'host',
    'host:',
    'host:65536',
    '::1:8443',
    'host:x',
    'ho st:1',
    'https://host:1',
  ])('not %s', (address) => {
    expect(findingPaths(listen({ address, ...tls, tokenFile: 't' }))).toEqual(['loader.listen.address']);
  });

  test('needs a certificate, a key, and a proof of every sender', () => {
    const address = '127.0.0.1:8443';
    expect(findingPaths(listen({ address }))).toEqual([
      'loader.listen.certificateFile',
      'loader.listen.keyFile',
      'loader.listen.tokenFile',
    ]);
    expect(findingPaths(listen({ address, ...tls, clientCaFile: 'a' }))).toEqual([]);
    expect(findingPaths(listen({ clientCaFile: 'a' }))).toEqual([]);
  });

  test('goes with no marker: what is posted has none', () => {
    const settings = listen({ address: '127.0.0.1:8443', ...tls, tokenFile: 't' });
    const written = {
      ...settings,
      inboxes: { inboundDeviceEnrolment: { marker: '.ok' } },
      outboxes: { deviceEnrolmentResponse: { folder: 'elsewhere' } },
    };
    expect(findingPaths(written)).toEqual(['inboxes.inboundDeviceEnrolment.marker']);
  });
});
