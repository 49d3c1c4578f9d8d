import type { Finding } from './config-rules.ts';
import type { ConsoleConfig } from './console-schema.ts';
import { addressOf, type Address } from './listen-rules.ts';

/** Where the console listens: a socket of this machine, or an address of the network. */
export type ConsolePlace = { readonly path: string } | Address;

/** Undefined when it is neither unix:PATH nor HOST:PORT. Pure. */
export function consolePlaceOf(address: string): ConsolePlace | undefined {
  const path = /^unix:(.+)$/.exec(address)?.[1];
  return path === undefined ? addressOf(address) : { path };
}

/** Written as a number: what a name stands for, somebody else may decide. */
const isLoopback = (host: string): boolean => /^127(?:\.\d{1,3}){3}$/.test(host) || host === '::1';

/** What the schema cannot say. Passwords never cross a network in plain. Pure. */
export function consoleFindings(settings: ConsoleConfig): Finding[] {
  const finding = (setting: keyof ConsoleConfig, message: string) => ({
    path: ['console', setting],
    message,
  });
  const { address, certificateFile, keyFile, idleMinutes, sessionMinutes } = settings;
  const place = consolePlaceOf(address);
  if (place === undefined) return [finding('address', 'must be HOST:PORT or unix:PATH')];
  const tls = certificateFile !== '' || keyFile !== '';
  const findings: Finding[] = [];
  if ('path' in place && tls) {
    findings.push(finding('certificateFile', 'must be empty: the web server in front of a socket has TLS'));
  } else if ((certificateFile === '') !== (keyFile === '')) {
    const missing = certificateFile === '' ? 'certificateFile' : 'keyFile';
    findings.push(finding(missing, 'is needed too: certificate and key belong together'));
  } else if ('host' in place && !tls && !isLoopback(place.host)) {
    findings.push(finding('certificateFile', 'is needed: without TLS only 127.0.0.1, [::1] or unix:PATH'));
  }
  if (idleMinutes > sessionMinutes) {
    findings.push(finding('idleMinutes', 'must not be more than sessionMinutes'));
  }
  return findings;
}
