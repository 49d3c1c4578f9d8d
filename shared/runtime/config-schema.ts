import { z } from 'zod';

/**
 * The one schema of config/enrol.yaml: defaults and explanations stand here, unknown keys are refused.
 * Durations carry their unit in the name.
 */

const partyName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'lower-case letters, digits and hyphens');
const seconds = z.number().min(0).max(86_400);
/** Checked with the other rules (config-rules.ts), where the message can say what is wrong with it. */
const cronPattern = z.string().max(120);

const reserve = () =>
  z
    .number()
    .min(0)
    .max(1_000_000)
    .default(64)
    .describe('while its disk has less free space, nothing new is taken in; 0: not looked at');

interface InboxDefaults {
  readonly quietSeconds: number;
  readonly signedBy: string[];
  readonly duplicate?: 'content' | 'name and content';
}

const inboxFields = (defaults: InboxDefaults) => ({
  // Ten minutes at most: more would be milliseconds by mistake.
  quietSeconds: seconds
    .max(600)
    .default(defaults.quietSeconds)
    .describe('a file is taken when size, time and inode were unchanged for so long'),
  ignore: z
    .array(z.string().min(1))
    .default(['.*', '*.tmp', '*.part', '*.filepart', '*~'])
    .describe('names that are somebody’s work in progress and are left alone (* stands for any text)'),
  marker: z
    .string()
    .regex(/^(\.[A-Za-z0-9]{1,16})?$/, 'a dot with letters and digits behind it, like .ok, or nothing')
    .default('')
    .describe('like .ok: x.pgp is taken only when x.pgp.ok is there, empty or a manifest; empty: no markers'),
  markerSeconds: seconds
    .default(3600)
    .describe(
      'with a marker: a file without its marker, or a marker without its file, is reported after this',
    ),
  maxFileMegabytes: z
    .number()
    .positive()
    .max(2_000)
    .default(64)
    .describe('larger files are rejected unread; unpacked content may be 20 times as much'),
  duplicate: z
    .enum(['content', 'name and content'])
    .default(defaults.duplicate ?? 'content')
    .describe('what has to be the same for a file to be a duplicate, which is rejected'),
  encryption: z
    .enum(['required', 'none'])
    .default('required')
    .describe('required: OpenPGP only; none: plain files in the partner’s own format'),
  signature: z
    .enum(['required', 'optional', 'forbidden'])
    .default('required')
    .describe('whether the OpenPGP message must be signed'),
  signedBy: z
    .array(partyName)
    .default(defaults.signedBy)
    .describe('parties whose signature counts here: own, or partners of the key ring'),
});

const inbox = (defaults: InboxDefaults) => z.strictObject(inboxFields(defaults)).prefault({});

const outbox = (folder: string) =>
  z
    .strictObject({
      folder: z
        .string()
        .min(1)
        .default(folder)
        .describe('where the files are published, relative to spool.folder'),
      encryptTo: z.array(partyName).min(1).default(['own']).describe('parties that can open the files'),
    })
    .prefault({});

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
});

const provider = z.strictObject({
  format: z.enum(['apple']).describe('whose format the provider speaks'),
  transport: z.enum(['spool']).default('spool').describe('spool: files in spool/provider/<id>/'),
  account: appleAccount.describe('our account at the provider'),
  inbox: inbox({ quietSeconds: 2, signedBy: [], duplicate: 'name and content' }).describe(
    'provider/<id>/inbound: the provider’s answers',
  ),
  limits: z
    .strictObject({
      ordersPerRequest: z.number().int().min(1).default(1000).describe('orders in one request at most'),
      devicesPerRequest: z.number().int().min(1).default(1000).describe('devices in one request at most'),
    })
    .prefault({})
    .describe('what the provider takes at once; a larger batch is sent as several requests'),
  poll: z
    .strictObject({
      firstSeconds: seconds
        .default(600)
        .describe('first question for the result, after the request was accepted'),
      everySeconds: seconds.min(1).default(3600).describe('further questions, until the result is final'),
    })
    .prefault({})
    .describe('how the adaptor asks for results'),
});

const job = (schedule: string, what: string) =>
  z
    .strictObject({
      enabled: z.boolean().default(true).describe('false: neither schedule nor trigger starts it'),
      schedule: cronPattern
        .default(schedule)
        .describe('cron pattern (minute hour day month weekday); empty: none'),
    })
    .prefault({})
    .describe(what);

export const configSchema = z.strictObject({
  store: z
    .strictObject({
      url: z
        .string()
        .regex(/^sqlite:.+/, 'sqlite:PATH')
        .default('sqlite:var/enrol.db')
        .describe('where the store is; ENROL_STORE_URL overrides it; paths are relative to the home'),
      busySeconds: seconds.max(300).default(5).describe('how long a statement waits for another process'),
      reserveMegabytes: reserve(),
      walMegabytes: z
        .number()
        .int()
        .min(1)
        .max(1_000_000)
        .default(256)
        .describe('alarm when the write-ahead log of SQLite is longer: a program reads without an end'),
    })
    .prefault({})
    .describe('the CMP store'),
  spool: z
    .strictObject({
      folder: z.string().min(1).default('spool').describe('root of the inboxes, relative to the home'),
      scanSeconds: seconds
        .min(0.05)
        .max(3600)
        .default(5)
        .describe('full scan of every inbox; notices of the file system only shorten the wait'),
      reserveMegabytes: reserve(),
    })
    .prefault({})
    .describe('the files'),
  retry: z
    .strictObject({
      firstSeconds: seconds
        .default(5)
        .describe('wait before a deferred file is tried again; doubles each time'),
      maxSeconds: seconds.default(900).describe('the longest such wait'),
      maxAttempts: z
        .number()
        .int()
        .min(1)
        .max(1000)
        .default(20)
        .describe('after so many attempts the file is held'),
      crashAttempts: z
        .number()
        .int()
        .min(1)
        .max(100)
        .default(3)
        .describe('after so many attempts that ended with the process, the file is held'),
    })
    .prefault({})
    .describe('files that cannot be processed yet'),
  inboxes: z
    .strictObject({
      inboundDeviceEnrolment: inbox({ quietSeconds: 0.2, signedBy: ['own'] }).describe(
        'loader: Device Enrolment Response files, published by our adaptor',
      ),
      inboundSalesOrderDispatch: inbox({ quietSeconds: 2, signedBy: ['warehouse'] }).describe(
        'loader: Sales Order Dispatch files of the warehouse',
      ),
      outboundDeviceEnrolment: inbox({ quietSeconds: 0.2, signedBy: ['own'] }).describe(
        'adaptor: Device Enrolment Request files, published by our extractor',
      ),
    })
    .prefault({})
    .describe('drop folders; provider inboxes are set with their provider'),
  outboxes: z
    .strictObject({
      deviceEnrolmentRequest: outbox('outboundDeviceEnrolment/in').describe('extractor: generic requests'),
      deviceEnrolmentResponse: outbox('inboundDeviceEnrolment/in').describe('adaptor: generic responses'),
    })
    .prefault({})
    .describe('where sealed generic files go'),
  keys: z
    .strictObject({
      folder: z.string().min(1).default('var/keys').describe('key ring: own/ and partners/<name>/'),
      passphraseFile: z
        .string()
        .min(1)
        .default('var/secrets/pgp-passphrase')
        .describe('unlocks our private keys; $CREDENTIALS_DIRECTORY/pgp-passphrase comes first'),
    })
    .prefault({})
    .describe('OpenPGP keys'),
  providers: z
    .record(partyName, provider)
    .default({})
    .describe('enrolment providers by deviceEnrolmentProviderId'),
  extractor: z
    .strictObject({
      pollSeconds: seconds.min(0.05).max(3600).default(2).describe('how often it looks for prepared batches'),
    })
    .prefault({})
    .describe('the To Generic Format daemon'),
  scheduler: z
    .strictObject({
      pollSeconds: seconds
        .min(0.05)
        .max(3600)
        .default(2)
        .describe('how often it looks for batches that trigger a job'),
      timeZone: z.string().default('UTC').describe('time zone of the schedules'),
    })
    .prefault({})
    .describe('the process that runs the jobs'),
  jobs: z
    .strictObject({
      salesOrderDispatch: job('', 'Sales Order Dispatch: triggered by a loaded batch'),
      deviceEnrolmentRequest: job('*/5 * * * *', 'Device Enrolment Request: prepares a batch per provider'),
      deviceEnrolmentResponse: job('', 'Device Enrolment Response: triggered by a loaded batch'),
      batchErrorManagement: job(
        '',
        'Batch Error Management: sets Error batches back to their last valid stage',
      ),
    })
    .prefault({})
    .describe('the jobs'),
  log: z
    .strictObject({
      level: z
        .enum(['error', 'warn', 'info', 'debug'])
        .default('info')
        .describe('the least severe level written'),
      folder: z
        .string()
        .default('')
        .describe('also write <daemon>.log and failures.log here, relative to the home; empty: stdout only'),
    })
    .prefault({})
    .describe('one JSON line per event'),
});

export type Config = z.infer<typeof configSchema>;
export type InboxConfig = Config['inboxes']['inboundDeviceEnrolment'];
export type ProviderConfig = Config['providers'][string];
export type SignaturePolicy = InboxConfig['signature'];
export type JobKey = keyof Config['jobs'];
