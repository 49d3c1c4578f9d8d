import type { Runtime } from '../../shared/daemon/process.ts';
import {
  deviceEnrolmentRequest,
  type DeviceEnrolmentRequest,
  type RequestOrder,
} from '../../shared/generic/device-enrolment-request.ts';
import { writeDocument } from '../../shared/generic/document.ts';
import { genericFileName } from '../../shared/generic/file-name.ts';
import { faultFields } from '../../shared/runtime/events.ts';
import { failPoint } from '../../shared/runtime/fail-point.ts';
import { bug, toFault, type Fault } from '../../shared/runtime/faults.ts';
import type { StepResult } from '../../shared/runtime/task-loop.ts';
import {
  batchItems,
  findBatch,
  listBatches,
  moveBatch,
  type Batch,
  type BatchItem,
} from '../../shared/store/batches.ts';
import { queuePublication } from '../../shared/store/publications.ts';
import { inTransaction } from '../../shared/store/open-store.ts';
import type { Db } from '../../shared/store/tables.ts';

/** Batches taken in one round at most. */
const roundLimit = 100;
const prepared = { stage: 'Batch', status: 'Complete' } as const;
const extracting = { stage: 'Extract/Load', status: 'In progress' } as const;
const failed = { stage: 'Extract/Load', status: 'Error' } as const;

/**
 * The way of one batch: its document is built and queued for the publisher in one transaction that also moves the batch
 * to Extract/Load · In progress; the publisher seals it and moves it to Complete when the file is out.
 */
export async function extractBatches(runtime: Runtime, stop: AbortSignal): Promise<StepResult> {
  const batches = await listBatches(runtime.db, {
    direction: 'outbound',
    type: deviceEnrolmentRequest.type,
    standing: prepared,
    limit: roundLimit,
    order: 'oldest',
  });
  let refused = 0;
  for (const { id } of batches) {
    if (stop.aborted) break;
    const fault = await inTransaction(runtime.db, (trx) => extract(runtime, trx, id));
    failPoint('extract.committed');
    if (!fault) continue;
    refused++;
    runtime.emit('batch.failed', {
      batch: id,
      interface: deviceEnrolmentRequest.type,
      ...faultFields(fault),
    });
  }
  return { worked: batches.length, refused, waiting: 0 };
}

/** @returns the fault of a batch whose content cannot be written; it stands at Extract/Load · Error then */
async function extract(runtime: Runtime, trx: Db, id: number): Promise<Fault | undefined> {
  const { worker, clock, loaded } = runtime;
  const batch = await findBatch(trx, id);
  if (batch?.stage !== prepared.stage || batch.status !== prepared.status) return undefined; // Taken meanwhile.
  await moveBatch(trx, id, extracting, worker.actor, clock.now());
  let content: Uint8Array;
  try {
    content = writeDocument(
      deviceEnrolmentRequest,
      toDocument(batch, await batchItems(trx, id), clock.now()),
    );
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.class !== 'permanent') throw fault;
    await moveBatch(trx, id, failed, worker.actor, clock.now(), `${fault.code}: ${fault.detail}`);
    return fault;
  }
  const publication = {
    folder: loaded.config.outboxes.deviceEnrolmentRequest.folder,
    name: genericFileName(deviceEnrolmentRequest, providerOf(batch), String(id)),
    purpose: 'generic-request',
    content: Buffer.from(content).toString(),
    batchId: id,
    providerRequestId: null,
  } as const;
  await queuePublication(trx, publication, clock.now());
  failPoint('extract.written');
  return undefined;
}

function toDocument(batch: Batch, items: readonly BatchItem[], now: Date): DeviceEnrolmentRequest {
  return {
    identifier: batch.id,
    version: 1.1,
    interfaceCategory: 'Device Enrolment',
    interfaceType: 'Device Enrolment Request',
    batchDateTime: batch.created_at,
    extractLoadDateTime: now.toISOString(),
    recordCount: items.length,
    deviceEnrolmentProviderId: providerOf(batch),
    orders: items.map((item) => JSON.parse(item.payload_json) as RequestOrder),
  };
}

function providerOf(batch: Batch): string {
  if (batch.provider_id === null) throw bug(`outbound batch ${batch.id} has no provider`);
  return batch.provider_id;
}
