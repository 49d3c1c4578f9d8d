import type { Finding, SettingPath } from './config-rules.ts';
import type { ListenConfig } from './listen-schema.ts';

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
