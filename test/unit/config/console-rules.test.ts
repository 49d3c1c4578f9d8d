import { describe, expect, test } from '@jest/globals';

import { configSchema } from '../../../shared/runtime/config-schema.ts';
import { consoleFindings } from '../../../shared/runtime/console-rules.ts';
import { listenPlaceOf } from '../../../shared/runtime/listen-rules.ts';

const findings = (settings: object) =>
  consoleFindings(configSchema.parse({ console: settings }).console).map(({ path }) => path.join('.'));
const tls = { certificateFile: 'a.pem', keyFile: 'b.pem' };

describe('passwords cross no network in plain', () => {
  test.each([['127.0.0.1:80'], ['127.8.8.8:80'], ['[::1]:80'], ['unix:var/console.sock']])(
    '%s needs no certificate',
    (address) => expect(findings({ address })).toEqual([]),
  );

  test.each([['0.0.0.0:80'], ['[::]:80'], ['localhost:80'], ['10.0.0.1:80'], ['127.0.0.1.evil.example:80']])(
    '%s needs one',
    (address) => {
      expect(findings({ address })).toEqual(['console.certificateFile']);
      expect(findings({ address, ...tls })).toEqual([]);
    },
  );
});

test.each([[''], ['8480'], ['unix:'], ['http://127.0.0.1:80'], ['127.0.0.1:70000']])(
  '%j is no address',
  (address) => {
    expect(listenPlaceOf(address)).toBeUndefined();
    expect(findings({ address })).toEqual(['console.address']);
  },
);

test('certificate and key belong together, and not to a socket', () => {
  expect(findings({ certificateFile: 'a.pem' })).toEqual(['console.keyFile']);
  expect(findings({ keyFile: 'b.pem' })).toEqual(['console.certificateFile']);
  expect(findings({ address: 'unix:x', ...tls })).toEqual(['console.certificateFile']);
});

test('a session is not idle for longer than it lasts', () => {
  expect(findings({ idleMinutes: 60, sessionMinutes: 30 })).toEqual(['console.idleMinutes']);
});
