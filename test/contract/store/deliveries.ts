import { expect, test } from '@jest/globals';

import { allowDuplicate, holdByHand, reopen } from '../../../shared/store/deliveries-by-hand.ts';
import {
  adoptDone,
  companionOf,
  countAttempt,
  countCrash,
  defer,
  deliveryAt,
  due,
  findDelivery,
  forgetSeen,
  lockDelivery,
  markClaimed as markAllClaimed,
  markMoved as markAllMoved,
  remark,
  reopenMove,
  settleDone,
  settleRefused,
  takeDue,
  takeOver,
  unfinished,
  wasDone,
  type Delivery,
} from '../../../shared/store/deliveries.ts';
import { listDeliveries, settledAfter } from '../../../shared/store/delivery-lists.ts';
import { markPublished, publishedFolders, queuePublication } from '../../../shared/store/publications.ts';
import { createBatch, listBatches } from '../../../shared/store/batches.ts';
import { inTransaction } from '../../../shared/store/open-store.ts';
import type { Db } from '../../../shared/store/tables.ts';
import type { Worker } from '../../../shared/store/workers.ts';
import { insertSeen, markClaimed, markMoved } from '../../support/one-file.ts';
import {
  actor,
  addDeadWorker,
  addSeen,
  addWorker,
  later,
  mark,
  newBatch,
  now,
} from '../../support/store-examples.ts';
import type { StoreUnderTest } from '../store-suite.ts';

const inbox = 'inboundSalesOrderDispatch';
const anotherInbox = 'inboundDeviceEnrolment';
const refusal = { code: 'PGP_UNSIGNED', detail: 'no signature', digest: 'd1', at: now } as const;

export function deliveriesContract(store: StoreUnderTest): void {
  const claimed = async (worker: Worker, name: string, folder = inbox) =>
    markClaimed(store.db, await addSeen(store.db, worker, name, folder), `${folder}/work/${name}`);
  const done = async (db: Db, row: Delivery, identity: string, batchId: number | null = null) => {
    const [file] = await settleDone(db, [{ row, digest: identity, identity, batchId }], now);
    if (!file) throw new Error('the row is gone');
    return file.row;
  };
  const fresh = async (row: Delivery) => {
    const found = await findDelivery(store.db, row.id);
    if (!found) throw new Error('the row is gone');
    return found;
  };
  const at = (place: string, rows: readonly Delivery[]) => rows.map((row) => ({ row, place }));
  const names = (rows: Delivery[]) => rows.map((row) => row.name);
  const bug = { code: 'BUG' };

  test('a file is seen with the marks that tell it from others, digit for digit', async () => {
    const worker = await addWorker(store.db);
    const precise = { dev: '0064769', inode: '9007199254740993', size: 0, mtimeNs: '1700000000123456789' };
    const row = await insertSeen(store.db, { inbox, name: '0001.pgp', mark: precise }, worker, now);
    expect(await findDelivery(store.db, row?.id ?? 0)).toEqual(row);
    expect(row).toMatchObject({
      direction: 'in',
      folder: inbox,
      name: '0001.pgp',
      state: 'seen',
      attempts: 0,
      crashes: 0,
      dev: '0064769',
      inode: '9007199254740993',
      size: 0,
      mtime_ns: '1700000000123456789',
      worker_id: worker.id,
      place: null,
      seen_at: now.toISOString(),
    });
  });

  test('a file on disk is claimed by one process, whatever its name', async () => {
    const worker = await addWorker(store.db);
    const first = await addSeen(store.db, worker, '4711');
    const rival = await store.again();
    const again = (name: string, folder = inbox, inode = '4711') =>
      insertSeen(rival, { inbox: folder, name, mark: mark(inode) }, worker, now);
    expect(await again('4711')).toBeUndefined();
    expect(await again('other-name')).toBeUndefined();
    expect(await again('4711', anotherInbox)).toBeDefined();
    expect(await again('4711', inbox, '4712')).toBeDefined();
    await markClaimed(store.db, first, 'work/x');
    expect(await again('4711')).toBeUndefined();
    await defer(store.db, await fresh(first), 'FILE_BUSY', '', now);
    expect(await again('4711')).toBeUndefined();
  });

  test('the inode of a settled file may come again', async () => {
    const worker = await addWorker(store.db);
    await done(store.db, await claimed(worker, '1'), 'i1');
    await settleRefused(store.db, await claimed(worker, '1'), 'rejected', refusal);
    await settleRefused(store.db, await claimed(worker, '1'), 'held', refusal);
    await expect(claimed(worker, '1')).resolves.toBeDefined();
  });

  test('only a file that is not ours yet is forgotten', async () => {
    const worker = await addWorker(store.db);
    const seen = await addSeen(store.db, worker, '1');
    await forgetSeen(store.db, seen);
    expect(await findDelivery(store.db, seen.id)).toBeUndefined();
    const ours = await claimed(worker, '1');
    await forgetSeen(store.db, ours);
    expect(await fresh(ours)).toEqual(ours);
  });

  test('attempts and crashes are counted, each by itself', async () => {
    const [first, second] = [await addWorker(store.db), await addWorker(store.db)];
    let row = await countAttempt(store.db, await claimed(first, '1'), first);
    expect(row).toMatchObject({ attempts: 1, crashes: 0, worker_id: first.id });
    row = await countCrash(store.db, row, second);
    expect(row).toMatchObject({ attempts: 1, crashes: 1, worker_id: second.id });
    row = await countAttempt(store.db, row, second);
    expect(row).toMatchObject({ attempts: 2, crashes: 1, state: 'claimed' });
    expect(await fresh(row)).toEqual(row);
  });

  test('what a file looks like now replaces what it looked like', async () => {
    const row = await claimed(await addWorker(store.db), '1');
    await remark(store.db, row, { ...mark('1'), size: 11, mtimeNs: '1700000000123456790' });
    expect(await fresh(row)).toEqual({ ...row, size: 11, mtime_ns: '1700000000123456790' });
  });

  test('a file of one identity is done once per inbox, and its records with it or not at all', async () => {
    const worker = await addWorker(store.db);
    const load = async (row: Delivery, identity: string) =>
      inTransaction(store.db, async (trx) => {
        const { id } = await createBatch(trx, newBatch(), actor, now);
        return done(trx, row, identity, id);
      });
    const first = await load(await claimed(worker, '1'), 'same');
    const copy = await claimed(worker, '2');
    await expect(load(copy, 'same')).rejects.toThrow(/unique/i);
    expect(await fresh(copy)).toEqual(copy);
    expect(await listBatches(store.db, { limit: 10, order: 'oldest' })).toHaveLength(1);
    expect(await wasDone(store.db, inbox, 'same')).toEqual(first);
    expect(await wasDone(store.db, anotherInbox, 'same')).toBeUndefined();
    expect(await wasDone(store.db, inbox, 'other')).toBeUndefined();
    await expect(load(await claimed(worker, '3', anotherInbox), 'same')).resolves.toBeDefined();
    await expect(load(copy, 'other')).resolves.toBeDefined();
  });

  test('a file that is done bears its batch, and no fault of an earlier attempt', async () => {
    const worker = await addWorker(store.db);
    const { id: batchId } = await createBatch(store.db, newBatch(), actor, now);
    const deferred = await defer(store.db, await claimed(worker, '1'), 'FILE_BUSY', 'busy', later(5));
    expect(deferred).toMatchObject({
      fault_code: 'FILE_BUSY',
      detail: 'busy',
      next_try_at: later(5).toISOString(),
    });
    const taken = await takeDue(store.db, deferred, worker);
    if (!taken) throw new Error('not taken');
    expect(await done(store.db, taken, 'i1', batchId)).toMatchObject({
      state: 'done',
      digest: 'i1',
      identity: 'i1',
      batch_id: batchId,
      settled_at: now.toISOString(),
      fault_code: null,
      detail: null,
      next_try_at: null,
      moved_at: null,
    });
  });

  test('done is final, also for those who remember another state', async () => {
    const worker = await addWorker(store.db);
    const remembered = await claimed(worker, '1');
    const settled = await done(store.db, remembered, 'i1');
    for (const row of [settled, remembered]) {
      const moves = [
        () => markClaimed(store.db, row, 'x'),
        () => countAttempt(store.db, row, worker),
        () => countCrash(store.db, row, worker),
        () => defer(store.db, row, 'FILE_BUSY', '', now),
        () => settleRefused(store.db, row, 'rejected', refusal),
        () => settleRefused(store.db, row, 'held', refusal),
        () => holdByHand(store.db, row, '', now),
        () => reopen(store.db, row, 'x', now),
        () => done(store.db, row, 'i2'),
        () => markPublished(store.db, [row], now),
      ];
      for (const move of moves) await expect(move()).rejects.toMatchObject(bug);
    }
    expect(await takeDue(store.db, settled, worker)).toBeUndefined();
    expect(await fresh(settled)).toEqual(settled);
  });

  test('of several files that are placed at once, those that another has by now are left out', async () => {
    const [worker, other] = [await addWorker(store.db), await addWorker(store.db)];
    const seen = [await addSeen(store.db, worker, '1'), await addSeen(store.db, worker, '2')];
    const [, second] = seen;
    if (!second) throw new Error('not seen');
    const taken = await takeOver(store.db, second, other);
    const placed = seen.map((row) => ({ row, place: `work/${row.name}` }));
    const { done: claimed, lost } = await markAllClaimed(store.db, placed);
    expect(claimed).toEqual([{ ...seen[0], state: 'claimed', place: 'work/1' }]);
    expect(lost).toMatchObject([{ row: second, thrown: { code: 'LEASE_LOST' } }]);
    for (const row of claimed) expect(await fresh(row)).toEqual(row);
    expect(await fresh(second)).toEqual(taken);
    const settled = await Promise.all(claimed.map((row) => done(store.db, row, 'i1')));
    const moved = await markAllMoved(
      store.db,
      [{ row: second, place: 'done/2' }, ...at('done/1', settled)],
      now,
    );
    expect(moved).toMatchObject({
      done: [{ place: 'done/1', moved_at: now.toISOString() }],
      lost: [{ row: second }],
    });
    expect(await fresh(second)).toEqual(taken);
    expect(await markAllMoved(store.db, [], now)).toEqual({ done: [], lost: [] });
  });

  test('a move that the states do not allow is a bug, and changes nothing', async () => {
    const worker = await addWorker(store.db);
    const seen = await addSeen(store.db, worker, '1');
    await expect(done(store.db, seen, 'i1')).rejects.toMatchObject(bug);
    await expect(defer(store.db, seen, 'FILE_BUSY', '', now)).rejects.toMatchObject(bug);
    await expect(holdByHand(store.db, seen, '', now)).rejects.toMatchObject(bug);
    expect(await fresh(seen)).toEqual(seen);
  });

  test('a refused file says why, and waits to be moved', async () => {
    const worker = await addWorker(store.db);
    const row = await settleRefused(store.db, await claimed(worker, '1'), 'rejected', refusal);
    expect(row).toMatchObject({
      state: 'rejected',
      fault_code: 'PGP_UNSIGNED',
      detail: 'no signature',
      digest: 'd1',
      identity: null,
      settled_at: now.toISOString(),
      moved_at: null,
    });
    await markMoved(store.db, row, 'rejected/1', later(1));
    const moved = { ...row, place: 'rejected/1', moved_at: later(1).toISOString() };
    expect(await fresh(row)).toEqual(moved);
    const held = await holdByHand(store.db, moved, 'asked the sender', later(2));
    expect(held).toMatchObject({ state: 'held', detail: 'asked the sender', moved_at: null });
    await markMoved(store.db, held, null, later(3));
    expect((await fresh(row)).place).toBeNull();
  });

  test('a file that an operator releases begins anew', async () => {
    const worker = await addWorker(store.db);
    const attempted = await countCrash(
      store.db,
      await countAttempt(store.db, await claimed(worker, '1'), worker),
      worker,
    );
    const held = await settleRefused(store.db, attempted, 'held', refusal);
    await markMoved(store.db, held, 'hold/1', now);
    expect(await reopen(store.db, await fresh(held), 'work/1', later(9))).toMatchObject({
      state: 'deferred',
      attempts: 0,
      crashes: 0,
      place: 'work/1',
      settled_at: null,
      moved_at: null,
      next_try_at: later(9).toISOString(),
    });
    expect(names(await due(store.db, inbox, later(9), 10))).toEqual(['1']);
  });

  test('files whose time has come are due, the longest waiting first', async () => {
    const worker = await addWorker(store.db);
    for (const [name, seconds] of [
      ['a', 30],
      ['b', 10],
      ['c', 20],
      ['d', 31],
    ] as const) {
      await defer(store.db, await claimed(worker, name), 'FILE_BUSY', '', later(seconds));
    }
    await defer(store.db, await claimed(worker, 'e', anotherInbox), 'FILE_BUSY', '', later(1));
    await claimed(worker, 'f');
    expect(names(await due(store.db, inbox, later(30), 10))).toEqual(['b', 'c', 'a']);
    expect(names(await due(store.db, inbox, later(30), 2))).toEqual(['b', 'c']);
    expect(await due(store.db, inbox, later(9), 10)).toEqual([]);
  });

  test('a file that is due is taken by one worker', async () => {
    const [first, second] = [await addWorker(store.db), await addWorker(store.db)];
    const row = await defer(store.db, await claimed(first, '1'), 'FILE_BUSY', '', now);
    const rival = await store.again();
    expect(await takeDue(rival, row, second)).toMatchObject({ state: 'claimed', worker_id: second.id });
    expect(await takeDue(store.db, row, first)).toBeUndefined();
    expect(await fresh(row)).toMatchObject({ worker_id: second.id });
  });

  test('unfinished is what was not moved to its last folder, whoever holds it; what waits is not', async () => {
    const living = await addWorker(store.db);
    const dead = await addDeadWorker(store.db);
    const gone = await addDeadWorker(store.db, { pid: process.pid, pid_start: '1' });
    await addSeen(store.db, living, 'living');
    await claimed(living, 'living-claimed');
    await addSeen(store.db, dead, 'seen');
    await claimed(gone, 'claimed');
    await defer(store.db, await claimed(dead, 'deferred'), 'FILE_BUSY', '', now);
    await done(store.db, await claimed(dead, 'done'), 'i1');
    const moved = await settleRefused(store.db, await claimed(dead, 'moved'), 'rejected', refusal);
    await markMoved(store.db, moved, 'rejected/moved', now);
    await addSeen(store.db, dead, 'elsewhere', anotherInbox);
    const nobody = await claimed(dead, 'nobody');
    await store.db.updateTable('delivery').set({ worker_id: null }).where('id', '=', nobody.id).execute();

    expect(names(await unfinished(store.db, inbox))).toEqual([
      'living',
      'living-claimed',
      'seen',
      'claimed',
      'done',
      'nobody',
    ]);
    await reopenMove(store.db, await fresh(moved), 'work/moved');
    expect(names(await unfinished(store.db, inbox))).toContain('moved');
  });

  test('an unfinished file is taken over once, from the holder that was seen', async () => {
    const [first, second] = [await addWorker(store.db), await addWorker(store.db)];
    const row = await claimed(await addDeadWorker(store.db), 'x');
    const rival = await store.again();
    expect(await takeOver(rival, row, second)).toMatchObject({ worker_id: second.id, state: 'claimed' });
    expect(await takeOver(store.db, row, first)).toBeUndefined();
    expect(await fresh(row)).toMatchObject({ worker_id: second.id });
  });

  test('K05: a file is claimed once, whatever number each host has for its file server', async () => {
    const worker = await addWorker(store.db);
    const found = { inbox, name: 'x', mark: mark('1') };
    expect(await insertSeen(store.db, found, worker, now)).toBeDefined();
    const elsewhere = { ...found, mark: { ...mark('1'), dev: '52' } };
    expect(await insertSeen(await store.again(), elsewhere, await addWorker(store.db), now)).toBeUndefined();
    const other = { ...elsewhere, inbox: anotherInbox };
    expect(await insertSeen(store.db, other, worker, now)).toBeDefined();
  });

  test('whoever held a file that another has taken over changes nothing of it', async () => {
    const [first, second] = [await addWorker(store.db), await addWorker(store.db)];
    const [seen, row] = [await addSeen(store.db, first, 'seen'), await claimed(first, 'claimed')];
    const refused = await settleRefused(store.db, await claimed(first, 'refused'), 'rejected', refusal);
    const taken = await Promise.all([seen, row, refused].map((each) => takeOver(store.db, each, second)));
    const late = [
      () => markClaimed(store.db, seen, 'x'),
      () => countAttempt(store.db, row, first),
      () => countCrash(store.db, row, first),
      () => remark(store.db, row, mark('9')),
      () => defer(store.db, row, 'FILE_BUSY', '', now),
      () => settleRefused(store.db, row, 'rejected', refusal),
      () => done(store.db, row, 'i1'),
      () => markMoved(store.db, refused, 'rejected/refused', now),
    ];
    for (const change of late) await expect(change()).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await forgetSeen(store.db, seen);
    for (const each of taken) expect(await fresh(each as Delivery)).toEqual(each);
    await forgetSeen(store.db, taken[0] as Delivery);
    await expect(markClaimed(store.db, seen, 'x')).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });

  test('a companion is kept with its file, word for word', async () => {
    const worker = await addWorker(store.db);
    const companion = { suffix: '.ok', dev: '1', inode: '9007199254740993', content: '{"size": 3}\n\u00e9' };
    const row = await insertSeen(store.db, { inbox, name: 'x', mark: mark('1'), companion }, worker, now);
    expect(companionOf(await fresh(row as Delivery))).toEqual(companion);
    expect(companionOf(await addSeen(store.db, worker, '2'))).toBeUndefined();
  });

  test('a file that is allowed to be a duplicate stays so', async () => {
    const row = await claimed(await addWorker(store.db), '1');
    expect(row.reload).toBeNull();
    expect(await allowDuplicate(store.db, row)).toMatchObject({ reload: 1, state: 'claimed' });
    expect(await fresh(row)).toMatchObject({ reload: 1 });
  });

  test('a received file is found by its place, the newest when there were several', async () => {
    const worker = await addWorker(store.db);
    const first = await claimed(worker, '1');
    const second = await claimed(worker, '2');
    for (const row of [first, second]) await markMoved(store.db, row, 'done/x', now);
    expect(await deliveryAt(store.db, 'done/x')).toMatchObject({ id: second.id });
    expect(await deliveryAt(store.db, 'done/y')).toBeUndefined();
  });

  test('settled files are read page by page: those that have a last place', async () => {
    const worker = await addWorker(store.db);
    const settled = async (name: string, place: string | null, folder = inbox) => {
      const row = await settleRefused(store.db, await claimed(worker, name, folder), 'rejected', refusal);
      await markMoved(store.db, row, place, now);
      return row.id;
    };
    const ids = [await settled('a', 'rejected/a'), await settled('b', 'rejected/b')];
    await settled('lost', null);
    await settled('c', 'rejected/c', anotherInbox);
    await claimed(worker, 'd');
    ids.push(await settled('e', 'rejected/e'));
    expect((await settledAfter(store.db, inbox, 0, 2)).map((row) => row.id)).toEqual(ids.slice(0, 2));
    expect((await settledAfter(store.db, inbox, ids[1] ?? 0, 2)).map((row) => row.id)).toEqual(ids.slice(2));
    expect(await settledAfter(store.db, inbox, ids[2] ?? 0, 2)).toEqual([]);
  });

  test('a forgotten file is entered as processed, once for each identity', async () => {
    const file = { inbox, name: 'x', mark: mark('1'), digest: 'd1', identity: 'i1', place: 'done/x' };
    expect(await adoptDone(store.db, file, now)).toMatchObject({
      state: 'done',
      identity: 'i1',
      batch_id: null,
      moved_at: now.toISOString(),
    });
    expect(await adoptDone(store.db, { ...file, place: 'done/y' }, now)).toBeUndefined();
    expect(await wasDone(store.db, inbox, 'i1')).toMatchObject({ name: 'x', place: 'done/x' });
    expect(await adoptDone(store.db, { ...file, inbox: anotherInbox }, now)).toBeDefined();
  });

  test('the folders into which documents are published are known from the documents', async () => {
    const publication = { name: 'x', content: '', batchId: null, providerRequestId: null };
    for (const [folder, purpose] of [
      ['a', 'generic-request'],
      ['b', 'generic-response'],
      ['c', 'provider-request'],
    ] as const)
      await queuePublication(store.db, { ...publication, folder, purpose }, now);
    await queuePublication(
      store.db,
      { ...publication, name: 'y', folder: 'a', purpose: 'generic-request' },
      now,
    );
    expect((await publishedFolders(store.db, ['generic-request', 'generic-response'])).sort()).toEqual([
      'a',
      'b',
    ]);
  });

  test('files are listed newest first, by folder and states', async () => {
    const worker = await addWorker(store.db);
    await addSeen(store.db, worker, 'a');
    await claimed(worker, 'b');
    await claimed(worker, 'c', anotherInbox);
    const list = async (filter: Partial<Parameters<typeof listDeliveries>[1]>) =>
      names(await listDeliveries(store.db, { limit: 10, ...filter }));
    expect(await list({})).toEqual(['c', 'b', 'a']);
    expect(await list({ limit: 1 })).toEqual(['c']);
    expect(await list({ folder: inbox })).toEqual(['b', 'a']);
    expect(await list({ folder: inbox, states: ['claimed', 'done'] })).toEqual(['b']);
  });

  test('a row that a transaction has locked is taken over by nobody before it ends', async () => {
    const [worker, other] = [await addWorker(store.db), await addWorker(store.db)];
    const row = await settleRefused(store.db, await claimed(worker, 'x'), 'rejected', refusal);
    let taken: Promise<Delivery | undefined> | undefined;
    await inTransaction(store.db, async (trx) => {
      const locked = await lockDelivery(trx, row.id);
      expect(locked).toEqual(row);
      taken ??= takeOver(store.db, row, other);
      // Time enough for whoever does not have to wait.
      for (let look = 0; look < 50; look++) await findDelivery(trx, row.id);
      await markMoved(trx, row, row.place, later(1));
    });
    expect(await taken).toBeUndefined();
    expect(await lockDelivery(store.db, 999)).toBeUndefined();
  });
}
