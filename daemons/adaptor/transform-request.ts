import { openFile } from '../../shared/daemon/keys.ts';
import type { Runtime } from '../../shared/daemon/process.ts';
import {
  deviceEnrolmentRequest,
  type DeviceEnrolmentRequest,
} from '../../shared/generic/device-enrolment-request.ts';
import { readDocument } from '../../shared/generic/document.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { Fault, toFault } from '../../shared/runtime/faults.ts';
import type { Decision } from '../../shared/spool/inbox-worker.ts';
import { wholeOf, type ReceivedFile } from '../../shared/spool/received-file.ts';
import { findBatch, moveBatch, type Batch } from '../../shared/store/batches.ts';
import { queuePublication } from '../../shared/store/deliveries.ts';
import { inTransaction } from '../../shared/store/open-store.ts';
import { insertProviderRequest } from '../../shared/store/provider-requests.ts';
import type { Db } from '../../shared/store/tables.ts';
import { providerOf, type Provider } from './provider.ts';
import type { ProviderRequest } from './providers/provider-format.ts';

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
export async function transformRequest(
  runtime: Runtime,
  ring: KeyRing,
  file: ReceivedFile,
): Promise<Decision> {
  const content = await openFile(runtime, file, runtime.loaded.config.inboxes.outboundDeviceEnrolment, ring);
  const request = readDocument(await wholeOf(content), deviceEnrolmentRequest);
  const { provider, requests } = await mapRequest(runtime, request, file);
  return async (trx) => ({
    batchId: await queueRequests(runtime, trx, request.identifier, provider, requests),
    records: request.orders.length,
    summary: `batch ${request.identifier}: ${requests.length} request(s) to ${provider.id}`,
  });
}

async function mapRequest(
  runtime: Runtime,
  request: DeviceEnrolmentRequest,
  file: ReceivedFile,
): Promise<{ provider: Provider; requests: ProviderRequest[] }> {
  try {
    const provider = providerOf(runtime.loaded.config, request.deviceEnrolmentProviderId);
    return { provider, requests: provider.format.toRequests(request, provider.settings) };
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.class === 'permanent')
      await failBatch(runtime, request.identifier, `${file.name}: ${fault.message}`);
    throw fault;
  }
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
  { worker, clock }: Runtime,
  trx: Db,
  batchId: number,
  provider: Provider,
  requests: readonly ProviderRequest[],
): Promise<number> {
  await requireExtracted(trx, batchId);
  const now = clock.now();
  await moveBatch(trx, batchId, transforming, worker.actor, now);
  for (const request of requests) {
    const providerRequestId = await insertProviderRequest(
      trx,
      { ...request, providerId: provider.id, batchId },
      now,
    );
    await queuePublication(
      trx,
      {
        folder: provider.outbound,
        name: `${provider.format.requestStem}.${request.transactionId}.json`,
        purpose: 'provider-request',
        content: JSON.stringify(request.body),
        batchId,
        providerRequestId,
      },
      now,
    );
  }
  await moveBatch(trx, batchId, transformed, worker.actor, now, `${requests.length} request(s)`);
  await moveBatch(trx, batchId, transmitting, worker.actor, now);
  if (requests.length === 0) await moveBatch(trx, batchId, transmitted, worker.actor, now, 'nothing to send');
  return batchId;
}

/** @throws Fault UNKNOWN_BATCH, BATCH_NOT_READY, BATCH_ELSEWHERE */
async function requireExtracted(trx: Db, id: number): Promise<void> {
  const batch = await findBatch(trx, id);
  if (batch?.direction !== 'outbound') throw new Fault('UNKNOWN_BATCH', `there is no outbound batch ${id}`);
  if (batch.stage === extracted.stage && batch.status === extracted.status) return;
  requireRecorded(batch);
  throw new Fault('BATCH_ELSEWHERE', describe(batch));
}

/** @throws Fault BATCH_NOT_READY when the file was seen before its extractor could record that it is out */
function requireRecorded(batch: Batch): void {
  if (batch.stage !== extracted.stage || batch.status !== 'In progress') return;
  throw new Fault('BATCH_NOT_READY', describe(batch));
}

const describe = (batch: Batch): string => `batch ${batch.id} stands at ${batch.stage} · ${batch.status}`;
