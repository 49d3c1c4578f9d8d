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
import { groupsOf } from '../../shared/runtime/groups.ts';
import type { StepResult } from '../../shared/runtime/task-loop.ts';
import { takeBatches, listBatches, moveBatches, payloadsOf, type Batch } from '../../shared/store/batches.ts';
import { queuePublications, type Publication } from '../../shared/store/publications.ts';
import { inTransaction } from '../../shared/store/open-store.ts';
import type { Db } from '../../shared/store/tables.ts';

/** Batches taken in one round at most. */
const roundLimit = 128;
/** Batches in one transaction, and their records, which may be large: they are all held in memory. */
const limits = { count: 64, size: 100, sizeOf: ({ record_count: records }: Batch) => records };
const prepared = { stage: 'Batch', status: 'Complete' } as const;
const extracting = { stage: 'Extract/Load', status: 'In progress' } as const;
const taking = { direction: 'outbound', from: prepared, to: extracting } as const;
const failing = {
  direction: 'outbound',
  from: extracting,
  to: { stage: 'Extract/Load', status: 'Error' },
} as const;
/** The file of the batch is out. */
export const finishing = {
  direction: 'outbound',
  from: extracting,
  to: { stage: 'Extract/Load', status: 'Complete' },
} as const;

/**
 * The way of a batch: its document is built and queued for the publisher in one transaction that also moves the batch
 * to Extract/Load · In progress; the publisher seals it and moves it to Complete when the file is out. Small batches
 * share a transaction.
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
  for (const group of groupsOf(batches, limits)) {
    if (stop.aborted) break;
    const faults = await inTransaction(runtime.db, (trx) =>
      extract(
        runtime,
        trx,
        group.map(({ id }) => id),
      ),
    );
    group.forEach(() => failPoint('extract.committed'));
    for (const [batch, fault] of faults) {
      refused++;
      runtime.emit('batch.failed', { batch, interface: deviceEnrolmentRequest.type, ...faultFields(fault) });
    }
  }
  return { worked: batches.length, refused, waiting: 0 };
}

/** @returns batch -> the fault why its content cannot be written; these stand at Extract/Load · Error then */
async function extract(runtime: Runtime, trx: Db, ids: readonly number[]): Promise<Map<number, Fault>> {
  const { worker, clock } = runtime;
  // Others may have been taken meanwhile.
  const batches = await takeBatches(trx, ids, prepared);
  const taken = batches.map(({ id }) => id);
  const payloads = await payloadsOf(trx, taken);
  const faults = new Map<number, Fault>();
  const publications: Publication[] = [];
  for (const batch of batches) {
    try {
      publications.push(publicationOf(runtime, batch, payloads.get(batch.id) ?? []));
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.class !== 'permanent') throw fault;
      faults.set(batch.id, fault);
    }
  }
  const record = { actor: worker.actor, now: clock.now() };
  const note = (id: number) => noteOf(faults.get(id));
  await moveBatches(trx, taken, taking, record);
  await moveBatches(trx, [...faults.keys()], failing, { ...record, note });
  await queuePublications(trx, publications, clock.now());
  publications.forEach(() => failPoint('extract.written'));
  return faults;
}

const noteOf = (fault: Fault | undefined): string | null =>
  fault === undefined ? null : `${fault.code}: ${fault.detail}`;

/** @throws Fault or DocumentProblem of a content that cannot be written */
function publicationOf({ loaded, clock }: Runtime, batch: Batch, payloads: readonly string[]): Publication {
  const document = toDocument(batch, payloads, clock.now());
  return {
    folder: loaded.config.outboxes.deviceEnrolmentRequest.folder,
    name: genericFileName(deviceEnrolmentRequest, document.deviceEnrolmentProviderId, String(batch.id)),
    purpose: 'generic-request',
    content: writeDocument(deviceEnrolmentRequest, document),
    batchId: batch.id,
    providerRequestId: null,
  };
}

function toDocument(batch: Batch, payloads: readonly string[], now: Date): DeviceEnrolmentRequest {
  return {
    identifier: batch.id,
    version: 1.1,
    interfaceCategory: 'Device Enrolment',
    interfaceType: 'Device Enrolment Request',
    batchDateTime: batch.created_at,
    extractLoadDateTime: now.toISOString(),
    recordCount: payloads.length,
    deviceEnrolmentProviderId: providerOf(batch),
    orders: payloads.map((payload) => JSON.parse(payload) as RequestOrder),
  };
}

function providerOf(batch: Batch): string {
  if (batch.provider_id === null) throw bug(`outbound batch ${batch.id} has no provider`);
  return batch.provider_id;
}
