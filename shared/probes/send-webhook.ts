import { createHmac } from 'node:crypto';
import { resolve } from 'node:path';

import { HttpsClient } from '../https/client.ts';
import type { Clock } from '../runtime/clock.ts';
import { Fault, toFault } from '../runtime/faults.ts';
import { httpsClient } from '../runtime/https-schema.ts';
import type { WebhookConfig } from '../runtime/notice-schema.ts';
import { readSecret } from '../runtime/secrets.ts';
import { webhookBody, type NoticeContent } from './notice-text.ts';

/** What the program says is not read. */
const maxAnswerMegabytes = 0.1;

/**
 * Posts a notice, signed, once. Only an answer of 2xx says that it has come.
 *
 * @throws Fault NOTICE_UNDELIVERED, KEY_UNREADABLE, SECRET_EXPOSED
 */
export async function sendWebhook(
  { home, clock }: { readonly home: string; readonly clock: Clock },
  { secretFile, ...settings }: WebhookConfig,
  content: NoticeContent,
  signal: AbortSignal,
): Promise<null> {
  const secret = await readSecret({ name: 'webhook-secret', file: resolve(home, secretFile) });
  const body = webhookBody(content);
  const client = new HttpsClient({
    settings: { ...httpsClient().parse({}), ...settings, maxAnswerMegabytes },
    home,
    name: 'webhook',
    clock,
  });
  const message = {
    method: 'POST',
    path: '',
    mediaType: 'application/json',
    content: body,
    headers: { 'x-enrol-notice': content.uid, 'x-enrol-signature': signatureOf(secret, body) },
  } as const;
  try {
    const { status } = await client.call(message, signal);
    if (status >= 200 && status < 300) return null;
    throw new Fault('NOTICE_UNDELIVERED', `the webhook answered ${status}`);
  } catch (thrown) {
    const fault = toFault(thrown);
    const own = ['NOTICE_UNDELIVERED', 'KEY_UNREADABLE', 'SECRET_EXPOSED', 'BUG'].includes(fault.code);
    throw own ? fault : new Fault('NOTICE_UNDELIVERED', `${fault.code}: ${fault.detail}`);
  } finally {
    await client.close();
  }
}

/** `sha256=` and the HMAC-SHA256 of the body, hex. */
const signatureOf = (secret: string, body: string): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
