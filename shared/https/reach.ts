import { once } from 'node:events';
import { isIP } from 'node:net';
import { setImmediate as afterThat, setTimeout as delay } from 'node:timers/promises';
import { connect, type SecureContext, type TLSSocket } from 'node:tls';

import { errnoOf, Fault } from '../runtime/faults.ts';
import { connectionFault } from './connection-faults.ts';

/** A server as it shows itself to whoever asks for nothing. */
export interface Reached {
  /** `TLSv1.3`. */
  readonly protocol: string;
  /** When the server's certificate ends. */
  readonly certificateEnds: Date;
  /** By the server's clock, to the second; undefined: it does not say. */
  readonly time: Date | undefined;
  /** When that was asked, by ours: the middle between question and answer. */
  readonly askedAt: Date;
}

export interface ReachOptions {
  /** For texts: whose server. */
  readonly name: string;
  readonly url: string;
  readonly secureContext: SecureContext;
  /** For all of it. */
  readonly connectSeconds: number;
  readonly now: () => Date;
}

/**
 * In TLS 1.3 a server that does not accept our certificate says so after the handshake, and what we write meanwhile may
 * cost us its words: so it has a moment to send a session, which it does when it is content.
 */
const contentMilliseconds = 250;

/**
 * Connects to a server as a call does, by the same certificates, and asks for nothing: HEAD of its root, without a token,
 * which changes nothing anywhere (RFC 9110, 9.2.1).
 *
 * @throws Fault PROVIDER_UNREACHABLE, PROVIDER_UNTRUSTED, PROVIDER_DENIES
 */
export async function reach({
  name,
  url,
  secureContext,
  connectSeconds,
  now,
}: ReachOptions): Promise<Reached> {
  const { origin, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const socket = connect({
    host,
    port: port === '' ? 443 : Number(port),
    ...(isIP(host) === 0 && { servername: host }),
    secureContext,
    rejectUnauthorized: true,
  });
  const deadline = setTimeout(
    () => socket.destroy(Object.assign(new Error('silent'), { code: 'ETIMEDOUT' })),
    connectSeconds * 1000,
  );
  const head = headOf(socket);
  // Whoever waits for it meets its failure.
  head.catch(() => undefined);
  let isConnected = false;
  try {
    await Promise.race([once(socket, 'secureConnect'), head]);
    const shown = {
      protocol: socket.getProtocol() ?? '',
      certificateEnds: new Date(socket.getPeerCertificate().valid_to),
    };
    isConnected = true;
    await Promise.race([once(socket, 'session'), delay(contentMilliseconds), head]);
    // The session is told from within a reading of OpenSSL, during which nothing can be written.
    await afterThat();
    const asked = now();
    const lines = ['HEAD / HTTP/1.1', `Host: ${new URL(url).host}`, 'User-Agent: device-enrolment'];
    socket.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`);
    const time = timeIn(await head);
    return { ...shown, time, askedAt: new Date((asked.getTime() + now().getTime()) / 2) };
  } catch (error) {
    const code = errnoOf(error) ?? 'no code';
    const fault = codeOf(code);
    const perhaps = isConnected && fault === 'PROVIDER_UNREACHABLE' ? silentRefusal : told[fault];
    throw new Fault(fault, `${name}: ${origin} ${perhaps} (${code})`);
  } finally {
    clearTimeout(deadline);
    socket.destroy();
  }
}

/** What comes first of an answer, with all of its headers. @throws what ended the connection before */
function headOf(socket: TLSSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    let head = '';
    socket.on('data', (piece: Buffer) => {
      head += piece.toString('latin1');
      if (head.includes('\r\n\r\n') || head.length > longestHead) resolve(head);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(Object.assign(new Error('no answer'), { code: 'ECONNRESET' })));
  });
}

/** The header Date of an answer, whatever else it says. */
function timeIn(head: string): Date | undefined {
  const time = Date.parse(/^date: *(.+?)\r?$/im.exec(head)?.[1] ?? '');
  return Number.isNaN(time) ? undefined : new Date(time);
}

/** Characters. */
const longestHead = 64 * 1024;

/** Nothing was asked for, so nothing can be lost: what broke off was not reached. */
function codeOf(code: string): keyof typeof told {
  const fault = connectionFault(code, 'unsent');
  return fault === 'PROVIDER_UNTRUSTED' || fault === 'PROVIDER_DENIES' ? fault : 'PROVIDER_UNREACHABLE';
}

const told = {
  PROVIDER_UNREACHABLE: 'was not reached',
  PROVIDER_UNTRUSTED: 'has a certificate that is not accepted',
  PROVIDER_DENIES: 'does not accept our certificate, or wants one',
} as const;

/** Some servers refuse a certificate without a word. */
const silentRefusal =
  'gave no answer after the handshake; a server that does not accept our certificate may do so';
