import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { moveBatches } from '../../../shared/store/batches.ts';
import {
  atHand,
  deliveryAt,
  doneBefore,
  due,
  unfinished,
  wasDone,
} from '../../../shared/store/deliveries.ts';
import { filesOfBatch } from '../../../shared/store/delivery-lists.ts';
import { publishedFolders, queuePublication, unpublished } from '../../../shared/store/publications.ts';
import { openSqlite } from '../../../shared/store/sqlite/open-sqlite.ts';
import type { Db } from '../../../shared/store/tables.ts';
import { migrateUpTo } from '../../support/migrations.ts';
import { plansOf } from '../../support/query-plans.ts';
import { now } from '../../support/store-examples.ts';
import { temporaryStore, type TemporaryStore } from '../../support/temporary-store.ts';
import { insertSeen, markClaimed } from '../../support/one-file.ts';

/** What the daemons ask the ledger of files in each round, and for each file, costs the same however long it has become. */

let store: TemporaryStore;
beforeAll(async () => {
  store = await temporaryStore();
});
afterAll(() => store.close());

const queries: Readonly<Record<string, readonly [index: string, ask: (db: Db) => Promise<unknown>]>> = {
  'files whose way is unfinished': [
    'INDEX delivery_unfinished (direction=? AND folder=?',
    (db) => unfinished(db, 'x'),
  ],
  'files that are due': [
    'INDEX delivery_unfinished (direction=? AND folder=? AND state=? AND next_try_at<?)',
    (db) => due(db, 'x', now, 50),
  ],
  'the same file of before': ['INDEX delivery_once (folder=? AND identity=?)', (db) => wasDone(db, 'x', 'y')],
  'the same files of before, of a group': [
    'INDEX delivery_once (folder=? AND identity=?)',
    (db) => doneBefore(db, 'x', numbers.map(String)),
  ],
  'files at hand': ['INDEX delivery_state (folder=? AND state=?', (db) => atHand(db, 'x', 'y')],
  'the file of a place': ['INDEX delivery_place (place=?)', (db) => deliveryAt(db, 'x')],
  'files of a batch': ['INDEX delivery_batch (batch_id=?', (db) => filesOfBatch(db, 1, { limit: 51 })],
  'what is to be published': [
    'INDEX delivery_unfinished (direction=?',
    (db) => unpublished(db, ['generic-request'], 10),
  ],
  'folders that were published into': [
    'COVERING INDEX delivery_published',
    (db) => publishedFolders(db, ['generic-request']),
  ],
};

test.each(Object.entries(queries))('%s are found by their index', async (_name, [index, ask]) => {
  const plans = await plansOf(store.db, ask);
  const steps = plans.filter((step) => step.includes(' delivery '));
  expect(steps[0]).toContain(` USING ${index}`);
});

const numbers = Array.from({ length: 500 }, (_, index) => index + 1);

test('batches that are moved together are found by their numbers, among however many that stand there', async () => {
  const [from, to] = [
    { stage: 'Extract/Load', status: 'Complete' },
    { stage: 'Batch', status: 'In progress' },
  ] as const;
  const plans = await plansOf(store.db, async (db) => {
    // There are none: that is found out afterwards.
    const moved = moveBatches(db, numbers, { direction: 'inbound', from, to }, { actor: 'test', now });
    await expect(moved).rejects.toMatchObject({ code: 'BUG' });
  });
  expect(plans[0]).toMatch(/^SEARCH batch USING .*\bid=\?/);
});

test('a store with files in it takes the new indexes, and finds them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-'));
  const db = openSqlite({ file: join(folder, 'enrol.db'), busySeconds: 5, create: true });
  try {
    const migrate = await migrateUpTo(db, '0014-ledger-indexes');
    const worker = { id: null } as unknown as Parameters<typeof insertSeen>[2];
    const mark = { dev: '1', inode: '2', size: 3, mtimeNs: '4' };
    const seen = await insertSeen(db, { inbox: 'x', name: 'y', mark }, worker, now);
    if (seen) await markClaimed(db, seen, 'x/work/y');
    const published = { folder: 'out', name: 'z', content: '{}', batchId: null, providerRequestId: null };
    await queuePublication(db, { ...published, purpose: 'generic-request' }, now);
    await migrate();
    expect(await deliveryAt(db, 'x/work/y')).toMatchObject({ id: seen?.id, state: 'claimed' });
    expect(await unfinished(db, 'x')).toHaveLength(1);
    expect(await publishedFolders(db, ['generic-request'])).toEqual(['out']);
    const { rows } = await sql`pragma integrity_check`.execute(db);
    expect(rows).toEqual([{ integrity_check: 'ok' }]);
  } finally {
    await db.destroy();
    await rm(folder, { recursive: true });
  }
});
