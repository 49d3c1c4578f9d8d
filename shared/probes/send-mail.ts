import { createTransport } from 'nodemailer';
import { resolve } from 'node:path';

import { Fault } from '../runtime/faults.ts';
import type { MailConfig } from '../runtime/notice-schema.ts';
import { readSecret } from '../runtime/secrets.ts';
import { readCertificates } from '../runtime/server-credentials.ts';
import { mailText, type NoticeContent } from './notice-text.ts';

/**
 * Sends a notice as an e-mail, once.
 *
 * @param home files are relative to it
 * @returns who did not get it, though others did; null: everybody did
 * @throws Fault NOTICE_UNDELIVERED, KEY_UNREADABLE, SECRET_EXPOSED
 */
export async function sendMail(
  home: string,
  settings: MailConfig,
  content: NoticeContent,
  signal: AbortSignal,
): Promise<string | null> {
  const transport = createTransport(await transportOptions(home, settings));
  try {
    const { rejected } = await transport.sendMail({
      ...mailText(content),
      from: settings.from,
      to: settings.to,
      date: new Date(content.createdAt),
      // The same with every attempt: mail programs know a repetition by it.
      messageId: `<${content.uid}@device-enrolment>`,
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Enrol-Notice': content.uid },
      signal,
    });
    return rejected.length === 0
      ? null
      : `not taken for ${rejected.length} of ${settings.to.length} addresses`;
  } catch (thrown) {
    throw undelivered(settings, thrown);
  } finally {
    transport.close();
  }
}

/**
 * Greets the mail server as a notice would, with TLS and sign-in as they are set, and takes leave: nothing is sent. Each
 * step has its time: `connectSeconds` and `answerSeconds`.
 *
 * @param home files are relative to it
 * @throws Fault NOTICE_UNDELIVERED, KEY_UNREADABLE, SECRET_EXPOSED
 */
export async function greetMailServer(home: string, settings: MailConfig): Promise<void> {
  const transport = createTransport(await transportOptions(home, settings));
  try {
    await transport.verify();
  } catch (thrown) {
    throw undelivered(settings, thrown);
  } finally {
    transport.close();
  }
}

const undelivered = ({ host }: MailConfig, thrown: unknown): Fault =>
  new Fault('NOTICE_UNDELIVERED', `the mail server ${host} ${reasonOf(thrown)}`);

async function transportOptions(home: string, settings: MailConfig) {
  const { host, port, security, user, passwordFile, caFile } = settings;
  const setting = 'probes.notices.mail';
  const ca =
    caFile === ''
      ? undefined
      : await readCertificates(setting, { name: 'mail-ca', file: resolve(home, caFile) }, process.env);
  const pass =
    user === '' ? undefined : await readSecret({ name: 'mail-password', file: resolve(home, passwordFile) });
  const connect = settings.connectSeconds * 1000;
  return {
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(pass !== undefined && { auth: { user, pass } }),
    tls: { minVersion: 'TLSv1.2' as const, ...(ca !== undefined && { ca }) },
    connectionTimeout: connect,
    dnsTimeout: connect,
    greetingTimeout: connect,
    socketTimeout: settings.answerSeconds * 1000,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

interface MailError {
  readonly code?: unknown;
  readonly originalCode?: unknown;
  readonly responseCode?: unknown;
  readonly response?: unknown;
  readonly command?: unknown;
}

/** By codes alone: what a server writes may repeat what it was told, our password too. */
function reasonOf(thrown: unknown): string {
  const { code, originalCode, responseCode, response, command } = thrown as MailError;
  const words = [code, originalCode].filter((word) => typeof word === 'string' && /^[A-Z0-9_]+$/.test(word));
  const known = words.length === 0 ? '' : ` (${words.join(', ')})`;
  if (typeof responseCode !== 'number') {
    return code === 'EABORT' ? 'did not answer in time' : `could not be reached or broke off${known}`;
  }
  const status = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})/.exec(String(response))?.[1];
  const step = typeof command === 'string' ? ` to ${/^[A-Z]+( [A-Z]+)?/.exec(command)?.[0] ?? 'us'}` : '';
  return `answered ${responseCode}${status === undefined ? '' : ` ${status}`}${step}${known}`;
}
