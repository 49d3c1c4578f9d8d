import type { Finding, SettingPath } from './config-rules.ts';
import type { ListenConfig } from './listen-schema.ts';
import type { MetricsConfig } from './metrics-schema.ts';

export interface Address {
  /** As Node takes it: an address of IPv6 without its brackets. */
  readonly host: string;
  readonly port: number;
}

/** HOST:PORT; an address of IPv6 stands in brackets. Undefined when it is none. Pure. */
export function addressOf(text: string): Address | undefined {
  const [, plain, bracketed, digits = ''] =
    /^(?:([A-Za-z0-9.-]+)|\[([0-9A-Fa-f:.]+)\]):(\d{1,5})$/.exec(text) ?? [];
  const host = plain ?? bracketed;
  const port = Number(digits);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

/** Where a server of ours listens: a socket of this machine, or an address of the network. */
export type ListenPlace = { readonly path: string } | Address;

/** Undefined when it is neither unix:PATH nor HOST:PORT. Pure. */
export function listenPlaceOf(address: string): ListenPlace | undefined {
  const path = /^unix:(.+)$/.exec(address)?.[1];
  return path === undefined ? addressOf(address) : { path };
}

/** Written as a number: what a name stands for, somebody else may decide. */
export const isLoopback = (host: string): boolean => /^127(?:\.\d{1,3}){3}$/.test(host) || host === '::1';

/** Metrics are told without TLS and to whoever asks, so that nobody of the network may. Pure. */
export function metricsFindings(metrics: MetricsConfig): Finding[] {
  return Object.entries(metrics).flatMap(([process, address]) => {
    const place = listenPlaceOf(address);
    const path = ['metrics', process];
    if (address === '') return [];
    if (place === undefined) return [{ path, message: 'must be HOST:PORT or unix:PATH' }];
    if ('path' in place || isLoopback(place.host)) return [];
    return [{ path, message: 'must be 127.0.0.1, [::1] or unix:PATH: there is no TLS and no token' }];
  });
}

/** What the schema cannot say of a server of ours. Nobody is let in without a proof. Pure; never quotes a value. */
export function listenFindings(path: SettingPath, settings: ListenConfig): Finding[] {
  if (settings.address === '') return [];
  const finding = (setting: keyof ListenConfig, message: string) => ({ path: [...path, setting], message });
  const missing = (['certificateFile', 'keyFile'] as const).filter((setting) => settings[setting] === '');
  return [
    ...(addressOf(settings.address) === undefined ? [finding('address', 'must be HOST:PORT')] : []),
    ...missing.map((setting) => finding(setting, 'is needed to listen: there is no HTTPS without it')),
    ...(settings.clientCaFile === '' && settings.tokenFile === ''
      ? [finding('tokenFile', 'is needed, or clientCaFile: otherwise anybody could send files')]
      : []),
  ];
}
