import { deviceEnrolmentRequest } from '../../shared/generic/device-enrolment-request.ts';
import { salesOrderDispatch } from '../../shared/generic/sales-order-dispatch.ts';
import { createBatch } from '../../shared/store/batches.ts';
import {
  doneBefore,
  insertSeen,
  markClaimed,
  markMoved,
  settleDone,
  type Delivery,
} from '../../shared/store/deliveries.ts';
import { inTransaction } from '../../shared/store/open-store.ts';
import { insertProviderRequest, moveRequest, requireRequest } from '../../shared/store/provider-requests.ts';
import {
  markPublished,
  markSealed,
  queuePublications,
  takePublications,
  type Publication,
} from '../../shared/store/publications.ts';
import type { Db } from '../../shared/store/tables.ts';
import type { Worker } from '../../shared/store/workers.ts';
import { dispatchOf } from '../../test/support/dispatches.ts';
import type { CeilingName } from './ceiling.ts';

/** What is asked of the store for a group of things, as the daemons ask it. The things are numbered. */
export const doings: Readonly<
  Record<CeilingName, (db: Db, worker: Worker, group: readonly number[]) => Promise<void>>
> = {
  'store-files': loadFiles,
  'store-publications': publishDocuments,
  'store-requests': sendRequests,
  commits: (db, worker, group) => addBatches(db, worker, group, 'In progress'),
  'commits-that-ring': (db, worker, group) => addBatches(db, worker, group, 'Complete'),
};

const inbox = 'inboundSalesOrderDispatch';
/** Length of what is sealed. */
const size = 1200;

/** `shared/spool`: claim.ts, file-work.ts and settle.ts, with batches of one order of ten devices. */
async function loadFiles(db: Db, worker: Worker, group: readonly number[]): Promise<void> {
  const now = new Date();
  const files = group.map((n) => ({
    inbox,
    name: `dispatch.${n}.json.pgp`,
    mark: { dev: '64769', inode: String(n), size, mtimeNs: '1700000000123456789' },
  }));
  const seen = await insertSeen(db, files, worker, now);
  const taken = seen.map((row) => ({ row, place: `${inbox}/work/${row.id}__${row.name}` }));
  const { done: claimed } = await inTransaction(db, (trx) => markClaimed(trx, taken));
  const identities = claimed.map(({ name }) => digestOf(name));
  await doneBefore(db, inbox, identities);
  const done = await inTransaction(db, async (trx) => {
    await doneBefore(trx, inbox, identities);
    const rows: Delivery[] = [];
    for (const row of claimed) rows.push(await loadFile(trx, worker, row));
    return rows;
  });
  const archived = done.map((row) => ({ row, place: `${inbox}/done/2026/01/14/${row.name}` }));
  await inTransaction(db, (trx) => markMoved(trx, archived, now));
}

async function loadFile(trx: Db, worker: Worker, row: Delivery): Promise<Delivery> {
  const now = new Date();
  const order = dispatchOf({ id: row.inode ?? '', devices: devicesOf(Number(row.inode)) }).orders[0];
  const batch = await createBatch(
    trx,
    {
      direction: 'inbound',
      category: salesOrderDispatch.category,
      type: salesOrderDispatch.type,
      version: salesOrderDispatch.version,
      from: { stage: 'Extract/Load', status: 'In progress' },
      standing: { stage: 'Extract/Load', status: 'Complete' },
      note: row.name,
      providerId: null,
      externalFileName: `wh-${row.id}.json`,
      header: { wareHouse: { id: 'WH-EAST' } },
      items: [{ customerReference: order?.id ?? '', description: 'dispatch', payload: order }],
    },
    worker.actor,
    now,
  );
  const digest = digestOf(row.name);
  const [file] = await settleDone(trx, [{ row, digest, identity: digest, batchId: batch.id }], now);
  return file?.row ?? row;
}

/** `daemons/extractor/extract-batch.ts` and `shared/spool/publisher.ts`, without the batches. */
async function publishDocuments(db: Db, worker: Worker, group: readonly number[]): Promise<void> {
  const publications = group.map((n): Publication => ({
    folder: 'outboundDeviceEnrolment/in',
    name: `request.${n}.json.pgp`,
    purpose: 'generic-request',
    content: JSON.stringify(dispatchOf({ id: String(n), devices: devicesOf(n) })),
    batchId: null,
    providerRequestId: null,
  }));
  const queued = await inTransaction(db, async (trx) => {
    await queuePublications(trx, publications, new Date());
    const names = publications.map(({ name }) => name);
    return trx
      .selectFrom('delivery')
      .select('id')
      .where('direction', '=', 'out')
      .where('name', 'in', names)
      .execute();
  });
  const taken = await takePublications(db, queued, [], worker);
  const drafts = taken.map((row) => ({
    row,
    sealed: { digest: digestOf(row.name), size, place: `out/.tmp-${row.id}` },
  }));
  const { done } = await inTransaction(db, (trx) => markSealed(trx, drafts));
  await inTransaction(db, (trx) => markPublished(trx, done, new Date()));
}

/** Requests to a provider, of ten devices each, from their mapping to their acceptance. */
async function sendRequests(db: Db, worker: Worker, group: readonly number[]): Promise<void> {
  const now = new Date();
  const ids = await inTransaction(db, async (trx) => {
    const { category, type, version } = deviceEnrolmentRequest;
    const standing = { stage: 'Transmission', status: 'In progress' } as const;
    const head = { direction: 'outbound', category, type, version, standing } as const;
    const batch = await createBatch(
      trx,
      { ...head, providerId: 'apple', externalFileName: null, items: [] },
      worker.actor,
      now,
    );
    const inserted: number[] = [];
    for (const n of group) inserted.push(await insertProviderRequest(trx, requestOf(n, batch.id), now));
    return inserted;
  });
  for (const id of ids) {
    await inTransaction(db, async (trx) => {
      const at = now.toISOString();
      const request = await requireRequest(trx, id);
      const sent = await moveRequest(trx, request, 'sent', {
        sent_at: at,
        attempts: 1,
        release_at: null,
        next_query_at: at,
      });
      await moveRequest(trx, sent, 'accepted', { provider_transaction_id: `theirs-${id}`, accepted_at: at });
    });
  }
}

const requestOf = (n: number, batchId: number) => ({
  providerId: 'apple',
  batchId,
  transactionId: `ours-${n}`,
  message: {
    path: '/bulk-enroll-devices',
    content: JSON.stringify(dispatchOf({ id: String(n), devices: devicesOf(n) })),
  },
  orders: [
    {
      orderId: n,
      orderNumber: String(n),
      requestType: 'ORDER' as const,
      devices: devicesOf(n).map((deviceId) => ({ deviceId, providerDeviceId: deviceId })),
    },
  ],
});

/** Transactions as small as they come: a batch without items, of which somebody is told or nobody. */
async function addBatches(
  db: Db,
  worker: Worker,
  group: readonly number[],
  status: 'In progress' | 'Complete',
): Promise<void> {
  const { category, type, version } = salesOrderDispatch;
  const standing = { stage: 'Extract/Load', status } as const;
  const head = { direction: 'inbound', category, type, version, standing } as const;
  const batch = { ...head, providerId: null, externalFileName: null, items: [] };
  for (let left = group.length; left > 0; left--)
    await inTransaction(db, (trx) => createBatch(trx, batch, worker.actor, new Date()));
}

const devicesOf = (n: number): string[] => Array.from({ length: 10 }, (_, index) => `CEIL${n}X${index}`);

/** As long as one, and no other name has the same. */
const digestOf = (name: string): string => Buffer.from(name).toString('hex').padStart(64, '0').slice(-64);
