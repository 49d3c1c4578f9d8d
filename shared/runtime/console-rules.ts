import type { Finding } from './config-rules.ts';
import type { ConsoleConfig } from './console-schema.ts';
import { isLoopback, listenPlaceOf } from './listen-rules.ts';

/** What the schema cannot say. Passwords never cross a network in plain. Pure. */
export function consoleFindings(settings: ConsoleConfig): Finding[] {
  const finding = (setting: keyof ConsoleConfig, message: string) => ({
    path: ['console', setting],
    message,
  });
  const { address, certificateFile, keyFile, idleMinutes, sessionMinutes } = settings;
  const place = listenPlaceOf(address);
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
