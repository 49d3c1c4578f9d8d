import { z } from 'zod';

/** Files of secrets are relative to the home; a credential of the service manager comes before each. */
const file = (what: string) => z.string().max(4096).default('').describe(`${what}; empty: none`);

const waits = () => ({
  connectSeconds: z.number().min(0.1).max(600).default(10).describe('to reach the server'),
  answerSeconds: z.number().min(0.1).max(600).default(30).describe('for the whole conversation'),
});

/** No line ends: they would begin another header. */
const address = z
  .string()
  .max(320)
  .regex(/^[^\p{Cc}]*$/u, 'an address of e-mail, in one line');

const mail = () =>
  z
    .strictObject({
      host: z.string().max(253).default('').describe('SMTP server; empty: no e-mail'),
      port: z.number().int().min(1).max(65_535).default(587).describe('its port'),
      security: z
        .enum(['starttls', 'tls', 'none'])
        .default('starttls')
        .describe(
          'starttls: TLS after the greeting; tls: from the beginning (465); none: plain, without password',
        ),
      caFile: file('authorities that may vouch for the server, PEM, in place of those of the system'),
      from: address.default('').describe('whom the e-mail is from'),
      to: z.array(address.min(3)).max(50).default([]).describe('who gets it'),
      user: z.string().max(256).default('').describe('our user there; empty: no sign-in'),
      passwordFile: file('his password'),
      ...waits(),
    })
    .prefault({});

const webhook = () =>
  z
    .strictObject({
      url: z
        .string()
        .max(2048)
        .default('')
        .describe('where changes are posted as JSON; https:// only; empty: nowhere'),
      secretFile: file('the secret of the signature, HMAC-SHA256 of the body'),
      caFile: file('authorities that may vouch for the server, PEM, in place of those of the system'),
      ...waits(),
    })
    .prefault({});

export const noticeSettings = () =>
  z
    .strictObject({
      consoleUrl: z
        .string()
        .max(2048)
        .default('')
        .describe(
          'address of the console for the links in notices, like https://enrol.example.com; empty: paths only',
        ),
      gatherSeconds: z
        .number()
        .min(0)
        .max(3600)
        .default(60)
        .describe('changes within so many seconds are one e-mail'),
      attempts: z.number().int().min(1).max(100).default(10).describe('how often a notice is tried'),
      retrySeconds: z
        .number()
        .min(0.1)
        .max(3600)
        .default(30)
        .describe('before the first repetition; doubling, at most an hour'),
      mail: mail().describe('by e-mail'),
      webhook: webhook().describe('to a program of yours'),
    })
    .prefault({});

export type NoticeConfig = z.infer<ReturnType<typeof noticeSettings>>;
export type MailConfig = NoticeConfig['mail'];
export type WebhookConfig = NoticeConfig['webhook'];
