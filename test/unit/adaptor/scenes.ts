import { receiveAnswer } from '../../../daemons/adaptor/receive-answer.ts';
import { recordFilesSent } from '../../../daemons/adaptor/record-sent.ts';
import { transformRequest } from '../../../daemons/adaptor/transform-request.ts';
import {
  deviceEnrolmentRequest,
  describeRequest,
  type DeviceEnrolmentRequest,
  type RequestOrder,
} from '../../../shared/generic/device-enrolment-request.ts';
import type { DeviceEnrolmentResponse } from '../../../shared/generic/device-enrolment-response.ts';
import { writeDocument } from '../../../shared/generic/document.ts';
import type { KeyRing } from '../../../shared/pgp/key-ring.ts';
import { sealMessage } from '../../../shared/pgp/seal.ts';
import { fixedKeys } from '../../../shared/daemon/keys.ts';
import type { Decision } from '../../../shared/spool/file-work.ts';
import { contentOf, type ReceivedFile } from '../../../shared/spool/received-file.ts';
import { createBatch, moveBatch, requireBatch } from '../../../shared/store/batches.ts';
import { markPublished } from '../../../shared/store/publications.ts';
import { inTransaction } from '../../../shared/store/open-store.ts';
import type { Standing } from '../../../shared/store/states/batch.ts';
import { makeKey, ringOf } from '../../support/pgp.ts';
import { queuedDocuments } from '../../support/store-lookups.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';
import { documentOf, orderOf } from '../apple/examples.ts';
import { insertSeen, markSealed } from '../../support/one-file.ts';

/** What happens around the adaptor: the extractor's files, the publisher, and Apple. */

/** One key for all tests: they are about the files, not about the keys. Older than the clock of the tests. */
export const keyRing = async (): Promise<KeyRing> =>
  ringOf([await makeKey({ date: new Date('2026-05-01T00:00:00Z') })]);

const account = { shipTo: '0000054321', depResellerId: '0F0F0F0F' };
const plain = { encryption: 'none', signature: 'forbidden' };

export const adaptorRuntime = (limits: object = {}): Promise<TestRuntime> =>
  testRuntime({ providers: { apple: { format: 'apple', account, limits, inbox: plain } } });

/** An order of the devices D1, D2 …, whose serial numbers at Apple are S<order>-1, S<order>-2 … */
export const order = (id: number, devices: number, changes: Partial<RequestOrder> = {}): RequestOrder =>
  orderOf(
    id,
    Array.from({ length: devices }, (_, index) => `S${id}-${index + 1}`),
    changes,
  );

/** A batch as the extractor leaves it, and its document. */
export async function extracted(
  rt: TestRuntime,
  orders: readonly RequestOrder[],
  changes: Partial<DeviceEnrolmentRequest> = {},
): Promise<DeviceEnrolmentRequest> {
  const document = await extracting(rt, orders, changes);
  await move(rt, document.identifier, { stage: 'Extract/Load', status: 'Complete' });
  return document;
}

/** The same, while the extractor has not yet recorded that the file is out. */
export async function extracting(
  rt: TestRuntime,
  orders: readonly RequestOrder[],
  changes: Partial<DeviceEnrolmentRequest> = {},
): Promise<DeviceEnrolmentRequest> {
  const { category, type, version } = deviceEnrolmentRequest;
  const { deviceEnrolmentProviderId: providerId = 'apple' } = changes;
  const batch = await createBatch(
    rt.db,
    {
      direction: 'outbound',
      category,
      type,
      version,
      providerId,
      externalFileName: null,
      standing: { stage: 'Batch', status: 'In progress' },
      items: orders.map((each) => ({
        customerReference: String(each.id),
        description: describeRequest(each),
        payload: each,
      })),
    },
    'request job',
    rt.clock.now(),
  );
  await move(rt, batch.id, { stage: 'Batch', status: 'Complete' });
  await move(rt, batch.id, { stage: 'Extract/Load', status: 'In progress' });
  return documentOf(orders, { identifier: batch.id, batchDateTime: batch.created_at, ...changes });
}

export async function move(rt: TestRuntime, batchId: number, to: Standing): Promise<void> {
  await moveBatch(rt.db, batchId, to, 'extractor', rt.clock.now());
}

export async function standing(rt: TestRuntime, batchId: number): Promise<string> {
  const { stage, status } = await requireBatch(rt.db, batchId);
  return `${stage} · ${status}`;
}

let inode = 0;

async function received(rt: TestRuntime, inbox: string, name: string, bytes: Buffer): Promise<ReceivedFile> {
  const mark = { dev: '1', inode: String(++inode), size: bytes.length, mtimeNs: '1' };
  const delivery = await insertSeen(rt.db, { inbox, name, mark }, rt.worker, rt.clock.now());
  if (!delivery) throw new Error(`${name} is in the ledger already`);
  return { ...contentOf(bytes), name, digest: '', size: bytes.length, delivery };
}

async function commit(rt: TestRuntime, decision: Decision): Promise<number | null> {
  const { batchId, tell } = await inTransaction(rt.db, decision);
  tell?.();
  return batchId;
}

/** A sealed generic file arrives and is processed. @returns the batch */
export async function transform(
  rt: TestRuntime,
  ring: KeyRing,
  document: DeviceEnrolmentRequest,
): Promise<number | null> {
  const content = Buffer.from(writeDocument(deviceEnrolmentRequest, document));
  const sealed = await sealMessage(content, ring, { encryptTo: ['own'] }, rt.clock.now());
  const { deviceEnrolmentProviderId: provider, identifier } = document;
  const name = `device-enrolment-request.${provider}.${identifier}.json.pgp`;
  const file = await received(rt, 'outboundDeviceEnrolment', name, Buffer.from(sealed));
  return commit(rt, await transformRequest(rt, fixedKeys(ring), file));
}

/** A file of Apple arrives and is processed. @returns the batch of the request that it answers */
export const answer = (rt: TestRuntime, name: string, body: unknown): Promise<number | null> =>
  answerBytes(rt, name, Buffer.from(JSON.stringify(body)));

/** The same, of any content. */
export async function answerBytes(rt: TestRuntime, name: string, bytes: Buffer): Promise<number | null> {
  const file = await received(rt, 'provider/apple/inbound', name, bytes);
  return commit(rt, await receiveAnswer(rt, fixedKeys(ringOf([])), 'apple', file));
}

/** What the publisher does with the files for Apple. @returns their names and contents */
export async function publish(rt: TestRuntime): Promise<{ name: string; body: unknown }[]> {
  const rows = await queuedDocuments(rt.db, 'provider-request', 'provider-query');
  for (const row of rows) {
    await inTransaction(rt.db, async (trx) => {
      const sealed = await markSealed(trx, row, { digest: 'd', size: 1, place: 'x/.tmp' });
      await recordFilesSent(rt, trx, [sealed]);
      await markPublished(trx, [sealed], rt.clock.now());
    });
  }
  return rows.map((row) => ({
    name: `${row.folder}/${row.name}`,
    body: JSON.parse(row.content ?? '') as unknown,
  }));
}

/** The generic responses that wait to be published. */
export async function responses(rt: TestRuntime): Promise<DeviceEnrolmentResponse[]> {
  const rows = await queuedDocuments(rt.db, 'generic-response');
  return rows.map((row) => JSON.parse(row.content ?? '') as DeviceEnrolmentResponse);
}

export const requestRows = (rt: TestRuntime) =>
  rt.db.selectFrom('provider_request').selectAll().orderBy('id').execute();

/** Order and device -> what the provider said of it. */
export async function outcomes(rt: TestRuntime): Promise<Record<string, string>> {
  const asked = rt.db.selectFrom('provider_request_device').selectAll();
  const rows = await asked.orderBy('request_id').orderBy('order_id').orderBy('device_id').execute();
  return Object.fromEntries(rows.map((row) => [`${row.order_id} ${row.device_id}`, row.outcome]));
}

/** Apple's files. */
export const apple = {
  accepted: (id = 'tracking-1') => ({
    deviceEnrollmentTransactionId: id,
    enrollDevicesResponse: { statusCode: 'SUCCESS' },
  }),
  refused: { errorCode: 'DEP-ERR-3003', errorMessage: 'No valid order', transactionId: 'trace' },
  /** By the class of its errors: not refused for good. */
  denied: { errorCode: 'GRX-50025', errorMessage: 'The Ship-To is not valid', transactionId: 'trace' },
  busy: { errorCode: 'GRX-50072', errorMessage: 'System error', transactionId: 'trace' },
  tooLarge: { enrollDeviceErrorResponse: { errorCode: 'DEP-ERR-3007', errorMessage: 'Too many orders' } },
  pending: { checkTransactionErrorResponse: [{ errorCode: 'DEP-ERR-4003', errorMessage: 'still at work' }] },
  queryRefused: { checkTransactionErrorResponse: [{ errorCode: 'DEP-ERR-4005', errorMessage: 'later' }] },
  /** Order number -> serial number -> status. */
  result: (orders: Record<string, Record<string, string>>, ids: object = {}) => ({
    ...ids,
    statusCode: 'COMPLETE',
    orders: Object.entries(orders).map(([orderNumber, devices]) => ({
      orderNumber,
      orderPostStatus: 'COMPLETE',
      deliveries: [
        {
          deliveryNumber: 'DN',
          deliveryPostStatus: 'COMPLETE',
          devices: Object.entries(devices).map(([deviceId, devicePostStatus]) => ({
            deviceId,
            devicePostStatus,
          })),
        },
      ],
    })),
  }),
};
