import { z } from 'zod';

import { consoleSettings } from './console-schema.ts';
import { httpsEndpoint } from './https-schema.ts';
import { inbox, partyName, seconds } from './inbox-schema.ts';
import { listen } from './listen-schema.ts';
import { metricsSettings } from './metrics-schema.ts';
import { probeSettings } from './probe-schema.ts';
import { provider } from './provider-schema.ts';
import { retentionSettings } from './retention-schema.ts';

/**
 * The one schema of config/enrol.yaml: defaults and explanations stand here, unknown keys are refused.
 * Durations carry their unit in the name.
 */

/** Checked with the other rules (config-rules.ts), where the message can say what is wrong with it. */
const cronPattern = z.string().max(120);

const reserve = () =>
  z
    .number()
    .min(0)
    .max(1_000_000)
    .default(64)
    .describe('while its disk has less free space, nothing new is taken in; 0: not looked at');

const outboxFields = (folder: string) => ({
  folder: z
    .string()
    .min(1)
    .default(folder)
    .describe('where the files are published, relative to spool.folder'),
  encryptTo: z.array(partyName).min(1).default(['own']).describe('parties that can open the files'),
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

/** An address may be shown to everybody who may see the configuration, and is written into logs. */
function isPublicAddress(url: string): boolean {
  if (!url.startsWith('postgres')) return true;
  // A socket in place of a host: postgres://USER@/DATABASE?host=/run/postgresql
  const address = URL.parse(url) ?? URL.parse(url.replace('@/', '@localhost/'));
  return address?.password === '' && !address.searchParams.has('password');
}

export const configSchema = z.strictObject({
  store: z
    .strictObject({
      url: z
        .string()
        .regex(/^(sqlite:.+|postgres(ql)?:\/\/.+)/, 'sqlite:PATH or postgres://USER@HOST:PORT/DATABASE')
        .refine(
          isPublicAddress,
          'must be an address as URLs are, without a password: that belongs into store.passwordFile',
        )
        .default('sqlite:var/enrol.db')
        .describe(
          'where the store is: sqlite:PATH for one host, relative to the home, or postgres://USER@HOST:PORT/DATABASE for many; ENROL_STORE_URL overrides it',
        ),
      passwordFile: z
        .string()
        .default('')
        .describe(
          'file with the password of PostgreSQL, relative to the home; the credential store-password of systemd comes first',
        ),
      busySeconds: seconds.max(300).default(5).describe('how long a statement waits for another process'),
      leaseSeconds: z
        .number()
        .int()
        .min(5)
        .max(3600)
        .default(60)
        .describe('a process that another host has not heard of for so long counts as dead'),
      statementSeconds: seconds
        .min(1)
        .max(3600)
        .default(60)
        .describe(
          'PostgreSQL: a statement that takes longer is given up, and so is, 5 s later, a connection that is silent',
        ),
      connections: z
        .number()
        .int()
        .min(2)
        .max(100)
        .default(8)
        .describe('PostgreSQL: connections of each process at most'),
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
      deviceEnrolmentRequest: z
        .strictObject(outboxFields('outboundDeviceEnrolment/in'))
        .prefault({})
        .describe('extractor: generic requests'),
      deviceEnrolmentResponse: z
        .strictObject({
          ...outboxFields('inboundDeviceEnrolment/in'),
          endpoint: httpsEndpoint().describe(
            'with a url, the files are posted there in place of the folder: url/<file name>',
          ),
        })
        .prefault({})
        .describe('adaptor: generic responses'),
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
  loader: z
    .strictObject({
      listen: listen().describe('files of inboundDeviceEnrolment over HTTPS, beside its folder'),
    })
    .prefault({})
    .describe('the From Generic Format daemon'),
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
      retention: job('30 3 * * *', 'Retention: deletes what the settings under retention let go'),
      retentionDryRun: job('', 'Retention Dry Run: counts what Retention would delete, and deletes nothing'),
    })
    .prefault({})
    .describe('the jobs'),
  retention: retentionSettings().describe('how long files and old rows are kept'),
  console: consoleSettings().describe('the Administration Console: enrol console'),
  probes: probeSettings().describe('whether all is well: what is looked at, and who is told'),
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
  metrics: metricsSettings().describe('where Prometheus asks each process: docs/metrics.md'),
});

export type Config = z.infer<typeof configSchema>;
export type InboxConfig = Config['inboxes']['inboundDeviceEnrolment'];
export type SignaturePolicy = InboxConfig['signature'];
export type JobKey = keyof Config['jobs'];

let described: z.core.JSONSchema.BaseSchema | undefined;

/** The schema as JSON Schema (draft 2020-12). Made when it is first asked for, which takes a while. */
export const describedSettings = (): z.core.JSONSchema.BaseSchema =>
  (described ??= z.toJSONSchema(configSchema, { io: 'input' }));
