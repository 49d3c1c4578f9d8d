import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { readTemplates } from '../../../shared/operator/service-install.ts';
import { dropIn } from '../../../shared/operator/service-drop-in.ts';
import {
  serviceUnits,
  type ServiceName,
  type ServiceSettings,
} from '../../../shared/operator/service-units.ts';
import { configDigest } from '../../../shared/runtime/config-digest.ts';
import { configSchema } from '../../../shared/runtime/config-schema.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import { madeUnits, unitsFolder } from '../../acceptance/made-units.ts';

const settings: ServiceSettings = {
  user: 'enrol',
  group: 'enrol',
  home: '/srv/enrol',
  instances: false,
  node: '/usr/bin/node',
  program: '/opt/enrol/bin/enrol.js',
};
const templates = await readTemplates();

/** The lines of a unit that begin like this, without that. */
function linesOf(changed: Partial<ServiceSettings>, unit: string, name: string): string[] {
  const files = serviceUnits(templates, { ...settings, ...changed });
  const text = files.find(({ path }) => path === unit)?.text ?? '';
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}=`))
    .map((line) => line.slice(name.length + 1));
}

test('config/systemd holds what `npm run docs` makes, and nothing else', async () => {
  const made = await madeUnits();
  const found = await readdir(unitsFolder);
  expect(found.sort()).toEqual([...made.map(({ path }) => path), 'templates'].sort());
  for (const { path, text } of made) expect(await readFile(join(unitsFolder, path), 'utf8')).toBe(text);
});

test('home, user, program and configuration are where they are said to be', () => {
  const changed = { user: 'cmp', group: 'staff', configFile: '/etc/enrol/enrol.yaml' };
  const unit = 'enrol-loader.service';
  expect(linesOf(changed, unit, 'ExecStart')).toEqual([
    '/usr/bin/node --max-old-space-size=1024 /opt/enrol/bin/enrol.js --home /srv/enrol --config /etc/enrol/enrol.yaml loader',
  ]);
  expect([...linesOf(changed, unit, 'User'), ...linesOf(changed, unit, 'Group')]).toEqual(['cmp', 'staff']);
  expect(linesOf({}, unit, 'LoadCredentialEncrypted')).toContain('pgp-passphrase:enrol.pgp-passphrase');
  expect(linesOf({}, unit, 'WantedBy')).toEqual(['enrol.target']);
});

test('of several instances each has its own folder, target and credentials', () => {
  const unit = 'enrol-loader@.service';
  expect(linesOf({ instances: true }, unit, 'WorkingDirectory')).toEqual(['/srv/enrol/%i']);
  expect(linesOf({ instances: true }, unit, 'ReadWritePaths')).toEqual(['/srv/enrol/%i']);
  expect(linesOf({ instances: true }, unit, 'WantedBy')).toEqual(['enrol@%i.target']);
  expect(linesOf({ instances: true }, unit, 'LoadCredentialEncrypted')).toContain(
    'pgp-passphrase:enrol@%i.pgp-passphrase',
  );
});

test('what means something else to systemd is escaped; what cannot be is refused', () => {
  const home = '/srv/a b/100%$';
  expect(linesOf({ home }, 'enrol-loader.service', 'WorkingDirectory')).toEqual(['/srv/a b/100%%$']);
  expect(linesOf({ home }, 'enrol-loader.service', 'ReadWritePaths')).toEqual(['"/srv/a b/100%%$"']);
  expect(linesOf({ home }, 'enrol-loader.service', 'ExecStart')[0]).toContain('--home "/srv/a b/100%%$$"');
  for (const wrong of ['relative', '/srv/"', "/srv/'", '/srv/\\', '/srv/\n'])
    expect(() => serviceUnits(templates, { ...settings, home: wrong })).toThrow(Fault);
  expect(() => serviceUnits(templates, { ...settings, user: 'a\nb' })).toThrow('no name of a user');
});

test.each([
  [{}, 'yes'],
  [{ home: '/home/cmp/enrol' }, 'read-only'],
  [{ node: '/root/node' }, 'read-only'],
  [{ program: '/homely/enrol.js' }, 'yes'],
])('%j: the homes of users: %s', (changed, expected) => {
  expect(linesOf(changed, 'enrol-console.service', 'ProtectHome')).toEqual([expected]);
});

describe('what a configuration adds', () => {
  const usual = '/srv/enrol/config/enrol.yaml';
  const lines = (service: ServiceName, settings: object, instances = false, file = usual): string[] => {
    const config = configSchema.parse(settings);
    const loaded = { home: '/srv/enrol', file, config };
    const text = dropIn(service, { ...loaded, digest: configDigest(config) }, instances) ?? '';
    return text.split('\n').filter((line) => /^[A-Z]/.test(line));
  };
  const none = [
    'PrivateNetwork=yes',
    'IPAddressDeny=any',
    'RestrictAddressFamilies=',
    'RestrictAddressFamilies=AF_UNIX',
  ];
  const here = ['IPAddressDeny=any', 'IPAddressAllow=localhost'];

  test.each([
    ['loader', {}, none],
    ['loader', { loader: { listen: { address: 'x.example:8443' } } }, []],
    ['extractor', {}, none],
    ['extractor', { store: { url: 'postgres://u@db.example/enrol' } }, []],
    ['extractor', { store: { url: 'postgres://u@/enrol?host=/run/postgresql' } }, none],
    ['adaptor', {}, none],
    ['scheduler', {}, none],
    ['scheduler', { probes: { notices: { mail: { host: 'mail.example' } } } }, []],
    ['scheduler', { probes: { notices: { webhook: { url: 'https://x.example' } } } }, []],
    ['extractor', { metrics: { extractor: '127.0.0.1:9464', loader: '127.0.0.1:9465' } }, here],
    ['extractor', { metrics: { extractor: 'unix:var/metrics' } }, none],
    ['console', {}, here],
    ['console', { console: { address: '[::1]:8480' } }, here],
    ['console', { console: { address: '0.0.0.0:8480' } }, []],
    ['console', { console: { address: 'unix:var/socket' } }, none],
  ] as const)('%s, %j: the network that it needs', (service, file, expected) => {
    expect(lines(service, file)).toEqual(expected);
  });

  test('an adaptor that calls: the network, and the credentials that it may look for', () => {
    const account = { shipTo: '0000071234', depResellerId: '16FCE4A0' };
    const file = { providers: { apple: { format: 'apple', transport: 'https', account } } };
    expect(lines('adaptor', file, true)).toEqual(
      ['key', 'token', 'client-secret', 'service-account'].map(
        (kind) => `LoadCredentialEncrypted=apple-${kind}:enrol@%i.apple-${kind}`,
      ),
    );
  });

  test('an adaptor that posts to the loader of another host: the network, and credentials', () => {
    const endpoint = { url: 'https://cmp.example:8443/inboundDeviceEnrolment', authentication: 'token' };
    const file = { outboxes: { deviceEnrolmentResponse: { endpoint: { ...endpoint, tokenFile: 'token' } } } };
    expect(lines('adaptor', file)).toEqual(
      ['key', 'token', 'client-secret', 'service-account'].map(
        (kind) => `LoadCredentialEncrypted=endpoint-${kind}:enrol.endpoint-${kind}`,
      ),
    );
  });

  test('the console writes a configuration outside the home, and nobody else does', () => {
    const elsewhere = ['RequiresMountsFor=/etc/cmp', 'ReadWritePaths=/etc/cmp'];
    expect(lines('console', {}, false, '/etc/cmp/enrol.yaml')).toEqual([...elsewhere, ...here]);
    expect(lines('scheduler', {}, false, '/etc/cmp/enrol.yaml')).toEqual(none);
  });

  test('folders outside the home', () => {
    const file = { spool: { folder: '/data/a spool' }, log: { folder: '/var/log/enrol' } };
    const added = ['RequiresMountsFor', 'ReadWritePaths'].flatMap((name) => [
      `${name}="/data/a spool"`,
      `${name}=/var/log/enrol`,
    ]);
    expect(lines('extractor', file)).toEqual([...added, ...none]);
  });

  test('folders of sockets outside the home; what lies among the homes of users is not hidden', () => {
    const file = {
      console: { address: 'unix:/run/web/enrol' },
      metrics: { loader: 'unix:/run/web/metrics', console: 'unix:var/metrics' },
    };
    const web = ['RequiresMountsFor=/run/web', 'ReadWritePaths=/run/web'];
    expect(lines('console', file)).toEqual([...web, ...none]);
    expect(lines('loader', file)).toEqual([...web, ...none]);
    expect(lines('extractor', file)).toEqual(none);
    expect(lines('extractor', { log: { folder: '/home/logs' } })).toEqual([
      'RequiresMountsFor=/home/logs',
      'ReadWritePaths=/home/logs',
      'ProtectHome=read-only',
      ...none,
    ]);
  });
});
