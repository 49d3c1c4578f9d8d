import { dirname, resolve } from 'node:path';

import type { Config } from '../runtime/config-schema.ts';
import type { LoadedConfig } from '../runtime/config.ts';
import { isLoopback, listenPlaceOf } from '../runtime/listen-rules.ts';
import { logFolder, postsResponses, spoolFolder, storeFile } from '../runtime/paths.ts';
import { credentialLines, isAmongUsers, plain, quoted, type ServiceName } from './service-units.ts';

/** What the configuration of an installation adds to the unit of a process. Pure. */

/** What a process has to reach. */
type Reach = 'nothing' | 'this host' | 'everybody';

/** @returns the lines of a drop-in; undefined: nothing is to be added */
export function dropIn(service: ServiceName, loaded: LoadedConfig, instances: boolean): string | undefined {
  const folders = foldersElsewhere(service, loaded);
  const elsewhere = folders.map((path) => quoted(plain(path)));
  const secrets = service === 'adaptor' ? secretsOf(loaded.config) : [];
  const lines = [
    ...elsewhere.map((path) => `ReadWritePaths=${path}`),
    ...(folders.some(isAmongUsers) ? ['ProtectHome=read-only'] : []),
    ...(secrets.length === 0 ? [] : credentialLines(secrets, instances)),
    ...networkLines[reachOf(service, loaded.config)],
  ];
  if (lines.length === 0) return undefined;
  const mounts = elsewhere.map((path) => `RequiresMountsFor=${path}`);
  return [
    '# What the configuration asks for. Made by enrol service install: repeat that after a change of addresses,',
    '# folders or providers.',
    ...(mounts.length === 0 ? [] : ['[Unit]', ...mounts, '']),
    '[Service]',
    ...lines,
    '',
  ].join('\n');
}

const networkLines: Readonly<Record<Reach, readonly string[]>> = {
  nothing: [
    'PrivateNetwork=yes',
    'IPAddressDeny=any',
    'RestrictAddressFamilies=',
    'RestrictAddressFamilies=AF_UNIX',
  ],
  'this host': ['IPAddressDeny=any', 'IPAddressAllow=localhost'],
  everybody: [],
};

/** Widest of what the store, the metrics and the process's own work ask for. */
function reachOf(service: ServiceName, config: Config): Reach {
  const all = [storeReach(config.store.url), listenReach(config.metrics[service]), ownReach(service, config)];
  return (['everybody', 'this host'] as const).find((reach) => all.includes(reach)) ?? 'nothing';
}

/** A server may be on this host under any of its names: only sockets are known to need no network. */
function storeReach(url: string): Reach {
  if (url.startsWith('sqlite:')) return 'nothing';
  const address = URL.parse(url) ?? URL.parse(url.replace('@/', '@localhost/'));
  return address?.searchParams.get('host')?.startsWith('/') === true ? 'nothing' : 'everybody';
}

function ownReach(service: ServiceName, config: Config): Reach {
  switch (service) {
    case 'loader':
      return config.loader.listen.address === '' ? 'nothing' : 'everybody';
    case 'extractor':
      return 'nothing';
    case 'adaptor': {
      const calls = Object.values(config.providers).some(({ transport }) => transport === 'https');
      return calls || postsResponses(config) ? 'everybody' : 'nothing';
    }
    case 'scheduler': {
      const { mail, webhook } = config.probes.notices;
      return mail.host === '' && webhook.url === '' ? 'nothing' : 'everybody';
    }
    case 'console':
      return listenReach(config.console.address);
  }
}

function listenReach(address: string): Reach {
  const place = listenPlaceOf(address);
  if (place === undefined || 'path' in place) return 'nothing';
  return isLoopback(place.host) ? 'this host' : 'everybody';
}

/** Folders that are written to, and do not lie in the home: of sockets, too. The console also writes the configuration. */
function foldersElsewhere(service: ServiceName, loaded: LoadedConfig): string[] {
  const store = storeFile(loaded);
  const { console, metrics } = loaded.config;
  const addresses = [metrics[service], ...(service === 'console' ? [console.address] : [])];
  const folders = [
    spoolFolder(loaded),
    ...(store === undefined ? [] : [dirname(store)]),
    ...[logFolder(loaded) ?? []].flat(),
    ...(service === 'console' ? [dirname(loaded.file)] : []),
    ...addresses.flatMap((address) => socketFolder(loaded.home, address)),
  ];
  const outside = folders.filter((path) => path !== loaded.home && !path.startsWith(`${loaded.home}/`));
  return [...new Set(outside)];
}

function socketFolder(home: string, address: string): string[] {
  const place = listenPlaceOf(address);
  return place !== undefined && 'path' in place ? [dirname(resolve(home, place.path))] : [];
}

/** Every credential that the adaptor may look for: those of each provider, and of the loader on another host. */
function secretsOf(config: Config): string[] {
  const called = Object.entries(config.providers).filter(([, { transport }]) => transport === 'https');
  const names = [...called.map(([id]) => id), ...(postsResponses(config) ? ['endpoint'] : [])];
  const kinds = ['key', 'token', 'client-secret', 'service-account'];
  return names.flatMap((name) => kinds.map((kind) => `${name}-${kind}`));
}
