import { loadFile } from '../../daemons/loader/load-file.ts';
import { receiveAnswer } from '../../daemons/adaptor/receive-answer.ts';
import { transformRequest } from '../../daemons/adaptor/transform-request.ts';
import type { Job } from '../../jobs/job.ts';
import { jobs } from '../../jobs/registry.ts';
import type { Runtime } from '../../shared/daemon/process.ts';
import { deviceEnrolmentResponse } from '../../shared/generic/device-enrolment-response.ts';
import { salesOrderDispatch } from '../../shared/generic/sales-order-dispatch.ts';
import type { Keys } from '../../shared/daemon/keys.ts';
import type { InboxConfig } from '../../shared/runtime/config-schema.ts';
import { Fault, toFault } from '../../shared/runtime/faults.ts';
import type { InboxName } from '../../shared/runtime/paths.ts';
import type { FileHandler } from '../../shared/spool/file-work.ts';
import type { ReceivedFile } from '../../shared/spool/received-file.ts';
import { checkCompanionRecords } from '../../shared/spool/companion.ts';
import type { Db } from '../../shared/store/tables.ts';
import { changesSince, markOf } from './changes.ts';

/** What came of a file in a transaction that was rolled back. */
export interface Played {
  /** One line of the daemon that takes the file. */
  readonly summary: string;
  readonly fault: Fault | undefined;
  readonly consequences: readonly string[];
}

/** Batches with more records are not played through to the devices: it would take a while, and others want to write. */
const recordsPlayed = 1000;

/**
 * Lets the daemon's own code decide on a file, and the job behind it, in a transaction that is always rolled back.
 *
 * @param policy of the inbox, or that under which it is to be looked at
 */
export async function playThrough(
  runtime: Runtime,
  keys: Keys,
  inbox: InboxName,
  policy: InboxConfig,
  file: ReceivedFile,
): Promise<Played> {
  let played: Played | undefined;
  const back = new Error('rolled back');
  try {
    await runtime.db.transaction().execute(async (trx) => {
      played = await within({ ...runtime, db: trx }, keys, inbox, policy, file);
      throw back;
    });
  } catch (thrown) {
    if (thrown !== back) throw thrown;
  }
  if (played === undefined) throw back;
  return played;
}

async function within(
  runtime: Runtime,
  keys: Keys,
  inbox: InboxName,
  policy: InboxConfig,
  file: ReceivedFile,
): Promise<Played> {
  const trx = runtime.db;
  const before = await markOf(trx, providerIn(inbox));
  const decision = await faultOr(() => handlerOf(runtime, keys, inbox, policy)(file));
  // A file that is refused before its transaction may leave something behind all the same: its batch in error.
  if (decision instanceof Fault) return refused(decision, await changesSince(trx, before));
  const decided = await faultOr(async () => {
    const outcome = await decision(trx);
    checkCompanionRecords(file.delivery, outcome.records);
    return outcome;
  });
  if (decided instanceof Fault) return refused(decided, []);
  const { batchId, records = 0, summary } = decided;
  const behind = batchId === null ? [] : await playJob(runtime, batchId, records, before.batch);
  return { summary, fault: undefined, consequences: [...(await changesSince(trx, before)), ...behind] };
}

const refused = (fault: Fault, consequences: readonly string[]): Played => ({
  summary: '',
  fault,
  consequences,
});

/** What the work gives, or the fault of the file. @throws Fault of the surroundings, or a bug */
async function faultOr<T>(work: () => Promise<T>): Promise<T | Fault> {
  try {
    return await work();
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.class === 'environment' || fault.class === 'bug') throw fault;
    return fault;
  }
}

const providerIn = (inbox: InboxName): string | undefined => /^provider\/([^/]+)\/inbound$/.exec(inbox)?.[1];

/** The code of the daemon that takes files of this inbox. */
function handlerOf(runtime: Runtime, keys: Keys, inbox: InboxName, policy: InboxConfig): FileHandler {
  switch (inbox) {
    case 'inboundSalesOrderDispatch':
      return (file) => loadFile(runtime, file, { policy, keys, known: salesOrderDispatch });
    case 'inboundDeviceEnrolment':
      return (file) => loadFile(runtime, file, { policy, keys, known: deviceEnrolmentResponse });
    case 'outboundDeviceEnrolment':
      return (file) => transformRequest(withPolicy(runtime, policy), keys, file);
    case 'outgoingDeviceEnrolment':
      return () =>
        Promise.resolve(() => Promise.resolve({ batchId: null, summary: 'posted to the other host' }));
    default:
      return (file) => receiveAnswer(withPolicy(runtime, policy, inbox), keys, providerIn(inbox) ?? '', file);
  }
}

/** The adaptor takes the policy of an inbox from the configuration. */
function withPolicy(runtime: Runtime, policy: InboxConfig, inbox?: InboxName): Runtime {
  const { config } = runtime.loaded;
  const id = inbox && providerIn(inbox);
  const provider = id === undefined ? undefined : config.providers[id];
  const changed =
    id === undefined || provider === undefined
      ? { ...config, inboxes: { ...config.inboxes, outboundDeviceEnrolment: policy } }
      : { ...config, providers: { ...config.providers, [id]: { ...provider, inbox: policy } } };
  return { ...runtime, loaded: { ...runtime.loaded, config: changed } };
}

/** The job that a new batch starts, on this batch alone. @returns what it could not do */
async function playJob(
  runtime: Runtime,
  batchId: number,
  records: number,
  lastBefore: number,
): Promise<string[]> {
  if (batchId <= lastBefore) return [];
  const trx = runtime.db;
  const { type } = await trx
    .selectFrom('batch')
    .select('type')
    .where('id', '=', batchId)
    .executeTakeFirstOrThrow();
  const job = jobs.find(({ trigger }) => trigger === type);
  if (job === undefined) return [];
  if (records > recordsPlayed)
    return [`The job ${job.name} follows; ${records} records are too many to play it through here.`];
  const problems = await runOn(runtime, trx, job, batchId);
  return [
    `The job ${job.name} follows at once: ${problems.length} of ${records} record(s) end in error.`,
    ...problems,
  ];
}

async function runOn(runtime: Runtime, trx: Db, job: Job, batchId: number): Promise<readonly string[]> {
  const nothing = () => Promise.resolve();
  const run = {
    hold: nothing,
    progress: nothing,
    batches: nothing,
    transaction: <T>(work: (inner: Db) => Promise<T>) => work(trx),
  };
  return (await job.run({ ...runtime, run, onlyBatch: batchId })).problems;
}
