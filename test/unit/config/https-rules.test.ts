import { describe, expect, test } from '@jest/globals';

import { httpsFindings } from '../../../shared/runtime/https-rules.ts';
import type { HttpsClientConfig } from '../../../shared/runtime/https-schema.ts';
import { settingsWith } from '../../support/https-client.ts';

const pair = { certificateFile: 'certificate.pem', keyFile: 'key.pem' };
const good = { url: 'https://api.example', ...pair };
const found = (settings: Partial<HttpsClientConfig>) =>
  httpsFindings(['providers', 'carrier', 'https'], settingsWith(settings));
const settingsFound = (settings: Partial<HttpsClientConfig>) =>
  found(settings).map(({ path }) => path.slice(3).join('.'));

describe('settings of a server that we call', () => {
  test.each<[string, Partial<HttpsClientConfig>]>([
    ['certificate', good],
    ['address with port and path', { ...good, url: 'https://api.example:8443/v1/' }],
    ['token', { url: good.url, authentication: 'token', tokenFile: 'token' }],
    [
      'oauth2',
      {
        ...good,
        authentication: 'oauth2',
        tokenUrl: 'https://id.example/token?tenant=7',
        clientId: 'us',
        clientSecretFile: 'secret',
      },
    ],
    [
      'google',
      { url: good.url, authentication: 'google-service-account', serviceAccountFile: 'account.json' },
    ],
  ])('that are right: %s', (_, settings) => {
    expect(found(settings)).toEqual([]);
  });

  test.each([
    ['', /is missing/],
    ['http://api.example', /begins with https/],
    ['api.example', /begins with https/],
    ['https://', /begins with https/],
    ['https://a b', /begins with https/],
    ['https:///path', /begins with https/],
    ['https:api.example', /begins with https/],
    ['https://CANARY:CANARY@api.example', /no user and no password/],
    ['https://CANARY@api.example', /no user and no password/],
    ['https://@api.example', /no user and no password/],
    ['https://api.example/?key=CANARY', /question mark/],
    ['https://api.example/?', /question mark/],
    ['https://api.example/#a', /no #/],
  ])('address %j', (url, message) => {
    const [finding, ...others] = found({ ...good, url });
    expect(finding).toEqual({
      path: ['providers', 'carrier', 'https', 'url'],
      message: expect.stringMatching(message) as unknown,
    });
    expect(others).toEqual([]);
    expect(JSON.stringify(finding)).not.toContain('CANARY');
  });

  test.each<[string, Partial<HttpsClientConfig>, string[]]>([
    ['a certificate without key', { ...good, keyFile: '' }, ['keyFile']],
    [
      'a key without certificate',
      { ...good, authentication: 'token', tokenFile: 'token', certificateFile: '' },
      ['certificateFile'],
    ],
    ['certificate without one', { url: good.url }, ['certificateFile']],
    ['token without one', { ...good, authentication: 'token' }, ['tokenFile']],
    [
      'oauth2 with nothing',
      { ...good, authentication: 'oauth2' },
      ['tokenUrl', 'clientId', 'clientSecretFile'],
    ],
    [
      'oauth2 with a token server without TLS',
      {
        ...good,
        authentication: 'oauth2',
        clientId: 'us',
        clientSecretFile: 'secret',
        tokenUrl: 'http://id.example',
      },
      ['tokenUrl'],
    ],
    [
      'google without a service account',
      { ...good, authentication: 'google-service-account' },
      ['serviceAccountFile'],
    ],
  ])('%s', (_, settings, expected) => {
    expect(settingsFound(settings)).toEqual(expected);
  });
});
