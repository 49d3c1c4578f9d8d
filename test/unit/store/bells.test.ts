import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';

import { createBatch, moveBatch } from '../../../shared/store/batches.ts';
import { reopen, retryNow } from '../../../shared/store/deliveries-by-hand.ts';
import { defer, moveDelivery } from '../../../shared/store/deliveries.ts';
import { deletePause, insertPause } from '../../../shared/store/intake-pauses.ts';
import { setJobSetting } from '../../../shared/store/job-settings.ts';
import { makeWish } from '../../../shared/store/job-wishes.ts';
import { inTransaction } from '../../../shared/store/open-store.ts';
import { channel } from '../../../shared/store/postgres/bells.ts';
import { moveRequest, noteRequest, requireRequest } from '../../../shared/store/provider-requests.ts';
import { markPublished, queuePublication, takePublications } from '../../../shared/store/publications.ts';
import { wishSettlement } from '../../../shared/store/settlement-wishes.ts';
import type { Db, DeliveryPurpose } from '../../../shared/store/tables.ts';
import { insertSeen, markClaimed, markSealed } from '../../support/one-file.ts';
import {
  actor,
  addBatch,
  addProviderRequest,
  addWorker,
  later,
  mark,
  newBatch,
  now,
} from '../../support/store-examples.ts';
import { queuedDocuments } from '../../support/store-lookups.ts';
import { PostgresStores } from '../../support/temporary-postgres.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { Store } from '../../support/temporary-store.ts';

/** Who is told, by a server that keeps the store, of what one process makes and another waits for. */

let stores: PostgresStores;
beforeAll(async () => {
  stores = await PostgresStores.start();
});
afterAll(() => stores.close());

let store: Store;
let listener: pg.Client;
let rung: string[];
beforeEach(async () => {
  const url = await stores.create();
  store = await stores.open(url);
  rung = [];
  listener = new pg.Client(url);
  listener.on('notification', ({ payload = '' }) => rung.push(payload));
  await listener.connect();
  await listener.query(`listen ${channel}`);
});
afterEach(async () => {
  await listener.end();
  await store.close();
});

const ending = 'told until here';

/** Who was told until now. Notifications come in the order of the commits. */
async function told(): Promise<string[]> {
  const end = waitFor('the end of what was told', () => rung.includes(ending) || undefined);
  await listener.query(`notify ${channel}, '${ending}'`);
  await end;
  return rung.splice(0).slice(0, -1).sort();
}

const prepared = { direction: 'outbound', standing: { stage: 'Batch', status: 'Complete' } } as const;

test('the scheduler is told of batches that are loaded and wishes, the extractor of batches that are prepared', async () => {
  const { db } = store;
  await addBatch(db);
  expect(await told()).toEqual(['scheduler']);
  await makeWish(db, 'deviceEnrolmentRequest', 'alice', now);
  expect(await told()).toEqual(['scheduler']);
  await setJobSetting(db, 'deviceEnrolmentRequest', { enabled: 0 }, 'alice', now);
  expect(await told()).toEqual(['scheduler']);
  const { id } = await addBatch(db, prepared);
  expect(await told()).toEqual(['extractor']);
  await moveBatch(db, id, { stage: 'Extract/Load', status: 'In progress' }, actor, now);
  expect(await told()).toEqual([]);
});

test('a transaction tells each of them once, and only when it is committed', async () => {
  await inTransaction(store.db, async (trx) => {
    for (let n = 0; n < 50; n++) {
      await createBatch(trx, newBatch(), actor, now);
      await createBatch(trx, newBatch(prepared), actor, now);
    }
    expect(await told()).toEqual([]);
  });
  expect(await told()).toEqual(['extractor', 'scheduler']);
});

test('a file on its way tells nobody, until it lies where another process takes it', async () => {
  const { db } = store;
  const worker = await addWorker(db);
  const file = { inbox: 'inboundSalesOrderDispatch', name: 'a.pgp', mark: mark('1') };
  const seen = await insertSeen(db, file, worker, now);
  if (!seen) throw new Error('not seen');
  const claimed = await markClaimed(db, seen, 'work/1__a.pgp');
  const deferred = await defer(db, claimed, 'FILE_BUSY', 'in use', later(60));
  expect(await told()).toEqual([]);
  const due = await retryNow(db, deferred, now);
  expect(await told()).toEqual(['adaptor', 'loader']);
  const held = await moveDelivery(db, due, 'held', {});
  expect(await told()).toEqual([]);
  await reopen(db, held, 'hold/a.pgp', now);
  expect(await told()).toEqual(['adaptor', 'loader']);
  expect(await toldOfPublishing(db, 'generic-request')).toEqual([[], ['adaptor']]);
  expect(await toldOfPublishing(db, 'generic-response')).toEqual([[], ['loader']]);
  expect(await toldOfPublishing(db, 'provider-request')).toEqual([[], []]);
});

/** Who is told when a document is queued and sealed, and then when its file is out. */
async function toldOfPublishing(db: Db, purpose: DeliveryPurpose): Promise<[string[], string[]]> {
  const own = { purpose, content: '{}', batchId: null, providerRequestId: null };
  await queuePublication(db, { folder: 'out', name: `${purpose}.pgp`, ...own }, now);
  const taken = await takePublications(db, await queuedDocuments(db, purpose), [], await addWorker(db));
  const sealed = await Promise.all(
    taken.map((row) => markSealed(db, row, { digest: 'd', size: 1, place: `out/.tmp-${row.id}` })),
  );
  const before = await told();
  await markPublished(db, sealed, now);
  return [before, await told()];
}

test('the adaptor is told of what operators want with requests, and all of them of intake that is resumed', async () => {
  const { db } = store;
  const id = await addProviderRequest(db, 'T1');
  const queued = await requireRequest(db, id);
  const sent = await moveRequest(db, queued, 'sent', { next_query_at: later(60).toISOString() });
  await told();
  await noteRequest(db, id, { next_query_at: later(120).toISOString() });
  expect(await told()).toEqual([]);
  await noteRequest(db, id, { next_query_at: now.toISOString() });
  expect(await told()).toEqual(['adaptor']);
  await wishSettlement(db, {
    request_id: id,
    done: 1,
    who: 'alice',
    reason: 'r',
    wished_at: now.toISOString(),
  });
  expect(await told()).toEqual(['adaptor']);
  await moveRequest(db, sent, 'queued', { release_at: now.toISOString() });
  expect(await told()).toEqual(['adaptor']);
  await insertPause(db, { intake: 'extractor', who: 'alice', reason: 'r', since: now.toISOString() });
  expect(await told()).toEqual([]);
  await deletePause(db, 'extractor');
  expect(await told()).toEqual(['adaptor', 'extractor', 'loader']);
});
