import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { discardFile, holdFile, releaseFile, retryFile } from '../../../shared/operator/file-actions.ts';
import { onFailPoint, type FailPoint } from '../../../shared/runtime/fail-point.ts';
import { Fault, toFault } from '../../../shared/runtime/faults.ts';
import type { Inbox } from '../../../shared/spool/inbox.ts';
import { InboxWorker } from '../../../shared/spool/inbox-worker.ts';
import type { Delivery } from '../../../shared/store/deliveries.ts';
import { countRejectedSince, filesInNeed, listDeliveries } from '../../../shared/store/delivery-lists.ts';
import { openStore } from '../../../shared/store/open-store.ts';
import { loadedTexts, loading } from '../../support/loading.ts';
import {
  drop,
  filesUnder,
  finalFiles,
  onlyRow,
  reasonOf,
  temporarySpool,
  withSettings,
  type TemporarySpool,
} from '../../support/temporary-spool.ts';
import { auditOf } from '../../support/store-lookups.ts';

let at: TemporarySpool;
let inbox: Inbox;
beforeEach(async () => {
  at = await temporarySpool();
  inbox = withSettings(at.inbox, { quietSeconds: 0 });
});
afterEach(async () => {
  onFailPoint(() => undefined);
  await at.close();
});

const never = new AbortController().signal;
const operator = () => ({ who: 'alice', reason: 'sent by mistake', now: at.clock.now() });

async function rounds(worker: InboxWorker): Promise<void> {
  for (let round = 0; round < 3; round++) {
    at.clock.advance(1);
    await worker.step(never);
  }
}

const broken = new Fault('JSON_MALFORMED', 'no JSON at byte 7');
const tooEarly = new Fault('UNKNOWN_TRANSACTION', 'not known yet');

/** A file that came, and stands there. */
async function standing(state: 'rejected' | 'held' | 'deferred'): Promise<Delivery> {
  await drop(inbox, 'x');
  const fault = state === 'deferred' ? tooEarly : broken;
  await rounds(new InboxWorker(inbox, () => Promise.reject(fault)));
  const row = await onlyRow(at.store.db);
  if (state !== 'held') return row;
  return holdFile(at.store.db, at.spool, { ...operator(), reason: 'wait' }, row.id);
}

const discard = (id: number) => discardFile(at.store.db, at.spool, operator(), id);

const expectDiscarded = async (id: number) => {
  const row = await onlyRow(at.store.db);
  expect(row).toMatchObject({ state: 'rejected', fault_code: 'DISCARDED', next_try_at: null });
  expect(row).toMatchObject({ place: expect.stringContaining('/rejected/'), moved_at: expect.any(String) });
  expect(await finalFiles(inbox)).toEqual([{ folder: 'rejected', path: 'x', content: 'content of x' }]);
  expect(await reasonOf(inbox, 'x')).toMatchObject({ code: 'DISCARDED', delivery: id });
  for (const folder of ['in', 'work', 'tmp', 'hold'] as const)
    expect(await filesUnder(inbox.folders[folder])).toEqual([]);
};

describe('a file that its process has refused, and is about to move', () => {
  test('is left to that one: no action is taken on it before it lies in its folder', async () => {
    await drop(inbox, 'x');
    const worker = new InboxWorker(inbox, () => Promise.reject(broken));
    const stopped = new Fault('IO_ERROR', 'the disk is away');
    onFailPoint((point) => {
      if (point === 'work.refused') throw stopped;
    });
    await rounds(worker).catch((thrown: unknown) => expect(thrown).toBe(stopped));
    onFailPoint(() => undefined);
    const row = await onlyRow(at.store.db);
    expect(row).toMatchObject({ state: 'rejected', moved_at: null });
    for (const act of [retryFile, holdFile, discardFile]) {
      await expect(act(at.store.db, at.spool, operator(), row.id)).rejects.toMatchObject({
        code: 'NOT_ALLOWED',
      });
    }
    expect(await onlyRow(at.store.db)).toEqual(row);
    expect(await filesUnder(inbox.folders.work)).toEqual([`${row.id}__x`]);
    await rounds(worker);
    expect(await retryFile(at.store.db, at.spool, operator(), row.id)).toMatchObject({ state: 'deferred' });
  });
});

describe('a discarded file', () => {
  test.each(['rejected', 'held', 'deferred'] as const)(
    'that was %s lies in rejected/ with its reason, and needs nobody any more',
    async (state) => {
      const { id } = await standing(state);
      const before = await onlyRow(at.store.db);
      expect(await filesInNeed(at.store.db, { limit: 10 })).toHaveLength(1);
      const changed = await discard(id);
      expect(changed).toMatchObject({ state: 'rejected', moved_at: expect.any(String) });
      await expectDiscarded(id);
      const { detail } = await onlyRow(at.store.db);
      expect(detail).toContain('discarded by alice: sent by mistake');
      expect(detail).toContain(before.fault_code);
      expect(await filesInNeed(at.store.db, { limit: 10 })).toEqual([]);
      expect(await countRejectedSince(at.store.db, new Date(0))).toBe(0);
      expect(await listDeliveries(at.store.db, { limit: 10, code: 'DISCARDED' })).toHaveLength(1);
      expect((await auditOf(at.store.db, `file ${id}`)).at(-1)).toMatchObject({
        action: 'file.discard',
        who: 'alice',
        reason: 'sent by mistake',
        before_json: JSON.stringify({ state, code: before.fault_code }),
        after_json: JSON.stringify({ state: 'rejected', code: 'DISCARDED' }),
      });
    },
  );

  test('is tried again when somebody wants it after all, and is discarded no longer', async () => {
    const { id } = await standing('rejected');
    await discard(id);
    expect(await retryFile(at.store.db, at.spool, operator(), id)).toMatchObject({
      state: 'deferred',
      fault_code: null,
    });
    await rounds(new InboxWorker(inbox, loading));
    expect(await loadedTexts(at.store.db)).toEqual(['content of x']);
    expect(await finalFiles(inbox)).toMatchObject([{ folder: 'done', content: 'content of x' }]);
  });

  test('is neither discarded once more nor held', async () => {
    const { id } = await standing('held');
    await discard(id);
    await expect(discard(id)).rejects.toThrow('is discarded already; enrol file retry takes it back');
    await expect(holdFile(at.store.db, at.spool, operator(), id)).rejects.toThrow('is discarded already');
    await expect(releaseFile(at.store.db, at.spool, operator(), id)).rejects.toThrow('needed: held');
    await expectDiscarded(id);
    expect(await auditOf(at.store.db, `file ${id}`)).toHaveLength(2);
  });

  test('was none that is done, or that nobody knows', async () => {
    await drop(inbox, 'x');
    await rounds(new InboxWorker(inbox, loading));
    const { id } = await onlyRow(at.store.db);
    await expect(discard(id)).rejects.toThrow(`file ${id} (x) is done; needed: rejected or held or deferred`);
    await expect(discard(id + 1)).rejects.toThrow('there is no received file');
    expect(await auditOf(at.store.db, `file ${id}`)).toEqual([]);
  });
});

const points: readonly FailPoint[] = [
  'settle.linked',
  'settle.unlinked',
  'settle.reason-drafted',
  'settle.reason-written',
  'settle.moved',
];

describe('the way to rejected/ is cut off', () => {
  test.each(
    points.flatMap((point) => (['rejected', 'held', 'deferred'] as const).map((state) => [point, state])),
  )('K01 at %s, of a file that was %s: its daemon brings it there', async (point, state) => {
    const { id } = await standing(state as 'rejected' | 'held' | 'deferred');
    onFailPoint((passed) => {
      if (passed === point) throw new Error('cut off');
    });
    await expect(discard(id)).rejects.toThrow('cut off');
    onFailPoint(() => undefined);
    expect(await onlyRow(at.store.db)).toMatchObject({ state: 'rejected', moved_at: null });
    await rounds(new InboxWorker(inbox, loading));
    await expectDiscarded(id);
  });
});

test('a daemon that looks meanwhile cannot take the file: they would be in each other’s way', async () => {
  const { id } = await standing('held');
  const db = await openStore({ file: at.store.file, busySeconds: 0.1 });
  const daemon = new InboxWorker({ ...inbox, db }, loading);
  await daemon.step(never);
  let look: Promise<unknown> | undefined;
  onFailPoint((point) => {
    if (point === 'settle.reason-drafted')
      look ??= daemon.step(never).catch((thrown: unknown) => toFault(thrown).code);
  });
  await discard(id);
  expect(await look).toBe('STORE_BUSY');
  await rounds(daemon);
  await expectDiscarded(id);
  await db.destroy();
});
