import { expect, test } from '@jest/globals';

import { checkConfig } from '../../../shared/runtime/config-check.ts';

/** Paths of what is wrong with these settings of `probes`. */
function wrong(probes: object): string[] {
  const checked = checkConfig({ probes });
  return 'config' in checked ? [] : checked.findings.map(({ path }) => path.slice(1).join('.'));
}

const mail = { host: 'mail.example.com', from: 'a@example.com', to: ['b@example.com'] };
const webhook = { url: 'https://hooks.example.com/x', secretFile: 'var/secrets/hook' };

test('what is right', () => {
  expect(wrong({})).toEqual([]);
  expect(wrong({ backlog: { amberMinutes: 5, redMinutes: 5 }, keys: { amberDays: 3, redDays: 3 } })).toEqual(
    [],
  );
  expect(wrong({ expectDaily: { inboxes: ['inboundSalesOrderDispatch'], weekdays: ['mon'] } })).toEqual([]);
  expect(wrong({ notices: { mail, webhook, consoleUrl: 'https://console.example:8480' } })).toEqual([]);
  expect(wrong({ notices: { mail: { ...mail, user: 'a', passwordFile: 'b' } } })).toEqual([]);
});

test.each<[string, object]>([
  ['backlog.amberMinutes', { backlog: { amberMinutes: 61, redMinutes: 60 } }],
  ['responses.amberHours', { responses: { amberHours: 80 } }],
  ['requests.amberRequests', { requests: { amberRequests: 2 } }],
  ['rests.amberRests', { rests: { amberRests: 6 } }],
  ['held.amberFiles', { held: { amberFiles: 2 } }],
  ['rejected.amberFiles', { rejected: { amberFiles: 11 } }],
  ['deferred.amberFiles', { deferred: { amberFiles: 101 } }],
  ['batches.amberBatches', { batches: { amberBatches: 2 } }],
  ['expectDaily.amberHour', { expectDaily: { amberHour: 19 } }],
  ['keys.amberDays', { keys: { amberDays: 6 } }],
  ['certificates.amberDays', { certificates: { redDays: 31 } }],
])('%s comes before red', (path, probes) => {
  expect(wrong(probes)).toEqual([path]);
});

test.each<[string, object]>([
  ['mail.from', { mail: { ...mail, from: '' } }],
  ['mail.to', { mail: { ...mail, to: [] } }],
  ['mail.user', { mail: { ...mail, passwordFile: 'x' } }],
  ['mail.passwordFile', { mail: { ...mail, user: 'x' } }],
  ['mail.security', { mail: { ...mail, user: 'x', passwordFile: 'y', security: 'none' } }],
  ['webhook.url', { webhook: { ...webhook, url: 'http://hooks.example.com' } }],
  ['webhook.url', { webhook: { ...webhook, url: 'https://user:secret@hooks.example.com' } }],
  ['webhook.url', { webhook: { ...webhook, url: 'https://hooks.example.com/?sig=secret' } }],
  ['webhook.secretFile', { webhook: { ...webhook, secretFile: '' } }],
  ['consoleUrl', { consoleUrl: 'https://console.example/' }],
  ['consoleUrl', { consoleUrl: 'javascript:alert(1)' }],
])('%s is wrong in a notice', (path, notices) => {
  expect(wrong({ notices })).toEqual([`notices.${path}`]);
});

test('a line end in an address would begin another header; an inbox has to be one of ours', () => {
  expect(wrong({ notices: { mail: { ...mail, from: 'a@example.com\nBcc: x@example.com' } } })).toEqual([
    'notices.mail.from',
  ]);
  expect(wrong({ expectDaily: { inboxes: ['inboundDeviceEnrolment', 'x'] } })).toEqual([
    'expectDaily.inboxes.1',
  ]);
});
