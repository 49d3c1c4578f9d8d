import { z } from 'zod';

import { mapping } from './configured-format-schema.ts';
import { httpsClient } from './https-schema.ts';
import { inbox, seconds } from './inbox-schema.ts';

/** What the configuration says of one enrolment provider. The format decides which account it has. */

/** Account of the Apple reseller API; field meanings as in Apple's request context. */
const appleAccount = z.strictObject({
  shipTo: z
    .string()
    .regex(/^\d{10}$/, 'ten digits, padded with zeros, in quotes')
    .describe('Ship-To number, ten digits'),
  depResellerId: z.string().min(1).max(32).describe('reseller id assigned by Apple'),
  timeZone: z
    .string()
    .default('0')
    .describe('minutes west of UTC, or a name like Europe/Berlin; "0" keeps the dates as true UTC'),
  langCode: z
    .string()
    .regex(/^[a-z]{2}$/, 'two lower-case letters')
    .default('en')
    .describe('language of the provider’s messages'),
  wrapper: z
    .enum(['none', 'etisalat', 'telenor'])
    .default('none')
    .describe('none: Apple’s own JSON; otherwise the XML of the carrier that stands in between'),
  requestedSystem: z
    .string()
    .min(1)
    .max(64)
    .default('CMP')
    .describe('wrapper etisalat: the name of our system there'),
});

/** Android zero-touch reseller API. */
const zeroTouchAccount = z.strictObject({
  partnerId: z
    .string()
    .regex(/^\d{1,20}$/, 'digits, in quotes')
    .describe('our reseller id at zero-touch'),
});

/** Knox Deployment Program reseller API. */
const knoxAccount = z.strictObject({
  generation: z.union([z.literal(1), z.literal(2)]).describe('1: /bulkenroll/v1, 2: /kcs/v1/rp'),
  resellerId: z
    .string()
    .regex(/^\d{1,20}$/, 'digits, in quotes')
    .describe('our Knox reseller id'),
  vendorId: z.string().max(64).default('').describe('of two-tier resellers only; empty: none'),
});

/** How files over the spool look: for the provider's API, or for its portal. */
const files = z
  .enum(['json', 'csv'])
  .default('json')
  .describe('over the spool. json: bodies of the API; csv: sheets for the portal, and result sheets back');

interface ProviderDefaults {
  readonly ordersPerRequest: number;
  readonly devicesPerRequest: number;
  readonly imei14: 'accept' | 'complete' | 'refuse';
  readonly imei16: 'accept' | 'convert' | 'refuse';
}

const common = (defaults: ProviderDefaults) => ({
  transport: z
    .enum(['spool', 'https'])
    .default('spool')
    .describe('spool: files in spool/provider/<id>/; https: the provider’s API'),
  https: httpsClient().describe('with transport https: where the API is, and how we are known there'),
  inbox: inbox({ quietSeconds: 2, signedBy: [], duplicate: 'name and content' }).describe(
    'provider/<id>/inbound: the provider’s answers',
  ),
  limits: z
    .strictObject({
      ordersPerRequest: z
        .number()
        .int()
        .min(1)
        .default(defaults.ordersPerRequest)
        .describe('orders in one request at most'),
      devicesPerRequest: z
        .number()
        .int()
        .min(1)
        .default(defaults.devicesPerRequest)
        .describe('devices in one request at most'),
    })
    .prefault({})
    .describe('what the provider takes at once; a larger batch is sent as several requests'),
  identifiers: z
    .strictObject({
      imei14: z
        .enum(['accept', 'complete', 'refuse'])
        .default(defaults.imei14)
        .describe('an IMEI of 14 digits, without check digit. complete: the digit is added'),
      imei16: z
        .enum(['accept', 'convert', 'refuse'])
        .default(defaults.imei16)
        .describe('an IMEISV, 16 digits. convert: its first 14, with a check digit'),
      checkDigit: z
        .enum(['accept', 'refuse'])
        .default('accept')
        .describe('an IMEI with a wrong check digit; a few real devices have one'),
    })
    .prefault({})
    .describe('what is sent to the provider as an IMEI'),
  poll: z
    .strictObject({
      firstSeconds: seconds
        .default(600)
        .describe('first question for the result, after the request was accepted'),
      everySeconds: seconds.min(1).default(3600).describe('further questions, until the result is final'),
      lostSeconds: seconds
        .min(1)
        .default(86_400)
        .describe(
          'a request without any answer for so long counts as lost, and the provider is asked about it',
        ),
    })
    .prefault({})
    .describe('how the adaptor asks for results'),
});

const format = <Name extends string>(name: Name) =>
  z.literal(name).describe('whose format the provider speaks');
const account = <Account extends z.ZodType>(schema: Account) =>
  schema.describe('our account at the provider');

export const provider = z.discriminatedUnion('format', [
  z.strictObject({
    format: format('apple'),
    account: account(appleAccount),
    ...common({ ordersPerRequest: 1000, devicesPerRequest: 1000, imei14: 'accept', imei16: 'accept' }),
  }),
  z.strictObject({
    format: format('google-zero-touch'),
    account: account(zeroTouchAccount),
    files,
    ...common({ ordersPerRequest: 10_000, devicesPerRequest: 10_000, imei14: 'complete', imei16: 'convert' }),
  }),
  z.strictObject({
    format: format('samsung-knox'),
    account: account(knoxAccount),
    files,
    // Samsung publishes no limit; neighbours of the API take 4,000 and 10,000.
    ...common({ ordersPerRequest: 1000, devicesPerRequest: 1000, imei14: 'complete', imei16: 'convert' }),
  }),
  z.strictObject({
    format: format('windows-autopilot'),
    files,
    // Rows that Intune takes in one sheet; a hardware hash has some 4 kB.
    ...common({ ordersPerRequest: 500, devicesPerRequest: 500, imei14: 'accept', imei16: 'accept' }),
  }),
  z.strictObject({
    format: format('configured'),
    mapping: mapping.describe('how requests are written and answers read'),
    ...common({ ordersPerRequest: 1000, devicesPerRequest: 1000, imei14: 'accept', imei16: 'accept' }),
  }),
]);

export type ProviderConfig = z.infer<typeof provider>;
/** The settings of a provider of one format. */
export type ProviderConfigOf<Format extends ProviderConfig['format']> = Extract<
  ProviderConfig,
  { format: Format }
>;
