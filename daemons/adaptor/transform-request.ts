import { openFile, type Keys } from '../../shared/daemon/keys.ts';
import type { Runtime } from '../../shared/daemon/process.ts';
import {
  deviceEnrolmentRequest,
  type DeviceEnrolmentRequest,
} from '../../shared/generic/device-enrolment-request.ts';
import { readDocument } from '../../shared/generic/document.ts';
import { Fault, toFault } from '../../shared/runtime/faults.ts';
import type { Decision } from '../../shared/spool/file-work.ts';
import { wholeOf, type ReceivedFile } from '../../shared/spool/received-file.ts';
import { findBatch, moveBatch, moveBatchOn, type Batch } from '../../shared/store/batches.ts';
import { inTransaction } from '../../shared/store/open-store.ts';
import { enrolledDevices } from '../../shared/store/enrolled-devices.ts';
import { insertProviderRequest } from '../../shared/store/provider-requests.ts';
import type { Db } from '../../shared/store/tables.ts';
import { providerOf, type Provider } from './provider.ts';
import type {
  EnrolledDevice,
  Enrolments,
  MappedDocument,
  OrderOutcome,
} from './providers/provider-format.ts';
import { releaseInto } from './release-requests.ts';
import { respond } from './settle-orders.ts';

const extracted = { stage: 'Extract/Load', status: 'Complete' } as const;
const transforming = { stage: 'Transformation', status: 'In progress' } as const;
const transformed = { stage: 'Transformation', status: 'Complete' } as const;
const failed = { stage: 'Transformation', status: 'Error' } as const;
const transmitting = { stage: 'Transmission', status: 'In progress' } as const;
const transmitted = { stage: 'Transmission', status: 'Complete' } as const;

/**
 * The way of a generic request file to its provider: open, read, map into the provider's format, and then one
 * transaction that queues the provider's requests, remembers what was asked, and moves the batch.
 *
 * @throws Fault PGP_…, of the document, UNKNOWN_PROVIDER, UNMAPPABLE (the batch stands at Error then), UNKNOWN_BATCH,
 *   BATCH_NOT_READY, BATCH_ELSEWHERE
 */
export async function transformRequest(runtime: Runtime, keys: Keys, file: ReceivedFile): Promise<Decision> {
  const content = await openFile(runtime, file, runtime.loaded.config.inboxes.outboundDeviceEnrolment, keys);
  const request = readDocument(await wholeOf(content), deviceEnrolmentRequest);
  const mapped = await mapRequest(runtime, request, file);
  return async (trx) => ({
    batchId: await queueRequests(runtime, trx, request.identifier, mapped, String(file.delivery.id)),
    records: request.orders.length,
    summary: `batch ${request.identifier}: ${mapped.requests.length} request(s) to ${mapped.provider.id}`,
  });
}

interface Mapped extends MappedDocument {
  readonly provider: Provider;
}

async function mapRequest(
  runtime: Runtime,
  request: DeviceEnrolmentRequest,
  file: ReceivedFile,
): Promise<Mapped> {
  try {
    refuseRepeatedOrders(request);
    const provider = providerOf(runtime.loaded.config, request.deviceEnrolmentProviderId);
    const enrolled = await enrolmentsFor(runtime.db, provider.id, request);
    return { provider, ...provider.format.toRequests(request, enrolled) };
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.class === 'permanent')
      await failBatch(runtime, request.identifier, `${file.name}: ${fault.message}`);
    throw fault;
  }
}

/** Outcomes are kept by order: two requests about one order in one file could not be told apart. @throws Fault UNMAPPABLE */
function refuseRepeatedOrders({ orders }: DeviceEnrolmentRequest): void {
  const seen = new Set<number>();
  for (const { id } of orders) {
    if (seen.has(id)) throw new Fault('UNMAPPABLE', `order ${id} stands twice in the file`);
    seen.add(id);
  }
}

/** What is enrolled of the orders that are not simply enrolled: read before, because formats do no input or output. */
async function enrolmentsFor(
  db: Db,
  providerId: string,
  { orders }: DeviceEnrolmentRequest,
): Promise<Enrolments> {
  const known = new Map<number, readonly EnrolledDevice[]>();
  for (const { id, requestType } of orders) {
    if (requestType !== 'ORDER') known.set(id, await enrolledDevices(db, providerId, id));
  }
  return { ofOrder: (orderId) => known.get(orderId) ?? [] };
}

/**
 * The batch of a file that cannot be mapped ends in error; it may stand there already, from before a crash.
 *
 * @throws Fault BATCH_NOT_READY: once the file is refused, nothing would move the batch any more
 */
async function failBatch({ db, worker, clock }: Runtime, id: number, note: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    const batch = await findBatch(trx, id);
    if (batch) requireRecorded(batch);
    if (batch?.stage !== extracted.stage || batch.status !== extracted.status) return;
    await moveBatch(trx, id, transforming, worker.actor, clock.now());
    await moveBatch(trx, id, failed, worker.actor, clock.now(), note);
  });
}

async function queueRequests(
  runtime: Runtime,
  trx: Db,
  batchId: number,
  { provider, requests, refused, notes }: Mapped,
  source: string,
): Promise<number> {
  const { worker, clock } = runtime;
  const batch = await requireExtracted(trx, batchId);
  const now = clock.now();
  for (const request of requests) {
    await insertProviderRequest(trx, { ...request, providerId: provider.id, batchId }, now);
  }
  await respond(runtime, trx, { provider, source, batchId, requestId: null }, refused);
  const said = [`${requests.length} request(s)`, ...refusalNote(refused), ...notes].join('; ');
  const done = requests.length === 0 ? [{ to: transmitted, note: 'nothing to send' }] : [];
  const moves = [
    { to: transforming },
    { to: transformed, note: said },
    { to: transmitting },
    ...done,
  ] as const;
  await moveBatchOn(trx, batch, moves, worker.actor, now);
  if (requests.length > 0 && provider.settings.transport === 'spool')
    await releaseInto(runtime, trx, [provider]);
  return batchId;
}

function refusalNote(refused: readonly OrderOutcome[]): string[] {
  const devices = refused.reduce((sum, order) => sum + order.devices.length, 0);
  return refused.length === 0 ? [] : [`${refused.length} order(s) with ${devices} device(s) not asked for`];
}

/** @throws Fault UNKNOWN_BATCH, BATCH_NOT_READY, BATCH_ELSEWHERE */
async function requireExtracted(trx: Db, id: number): Promise<Batch> {
  const batch = await findBatch(trx, id);
  if (batch?.direction !== 'outbound') throw new Fault('UNKNOWN_BATCH', `there is no outbound batch ${id}`);
  if (batch.stage === extracted.stage && batch.status === extracted.status) return batch;
  requireRecorded(batch);
  throw new Fault('BATCH_ELSEWHERE', describe(batch));
}

/** @throws Fault BATCH_NOT_READY when the file was seen before its extractor could record that it is out */
function requireRecorded(batch: Batch): void {
  if (batch.stage !== extracted.stage || batch.status !== 'In progress') return;
  throw new Fault('BATCH_NOT_READY', describe(batch));
}

const describe = (batch: Batch): string => `batch ${batch.id} stands at ${batch.stage} · ${batch.status}`;
