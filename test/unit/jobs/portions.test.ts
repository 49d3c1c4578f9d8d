import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';

import type { JobContext, JobResult } from '../../../jobs/job.ts';
import { processBatches, type ItemHandler } from '../../../jobs/process-batches.ts';
import { jobNamed } from '../../../jobs/registry.ts';
import { runJob } from '../../../jobs/run-job.ts';
import { onFailPoint } from '../../../shared/runtime/fail-point.ts';
import { batchHistory, batchItems } from '../../../shared/store/batches.ts';
import { lastRun } from '../../../shared/store/job-runs.ts';
import { recordAudit } from '../../../shared/store/audit.ts';
import type { Db } from '../../../shared/store/tables.ts';
import { numbers } from '../../support/store-examples.ts';
import { auditOf, eventsOf } from '../../support/store-lookups.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';
import { dispatchedOrder, loadDispatch, loadResponse, run, sent, standing, statuses } from './scenes.ts';

/** Many items in one transaction, each for itself. */

let rt: TestRuntime;
let passed: string[];
beforeEach(async () => {
  rt = await testRuntime();
  passed = [];
  onFailPoint((point) => passed.push(point.replace('job.', '')));
});
afterEach(async () => {
  onFailPoint(() => undefined);
  await rt.close();
});

const job = jobNamed('salesOrderDispatch');
/** A run that applies the items of dispatches in a way of its own. */
const work = async (handle: ItemHandler): Promise<JobResult> => {
  const handling = { ...job, run: (context: JobContext) => processBatches(context, job.name, handle) };
  return (await runJob(rt, handling, 'operator')).result;
};
const note = (trx: Db, subject: string) =>
  recordAudit(
    trx,
    { who: 'pat', action: 'x', subject, reason: null, before: null, after: null },
    rt.clock.now(),
  );
const outcomes = async (batch: number) => (await batchItems(rt.db, batch)).map(({ status }) => status);
const times = (point: string) => passed.filter((one) => one === point).length;

describe('a portion', () => {
  test('holds many batches; one bad item among them is the only one in error, and its batch', async () => {
    const orders = numbers(5).map(String);
    for (const id of orders) await dispatchedOrder(rt, id, [`A${id}`, `B${id}`]);
    await run(rt, 'deviceEnrolmentRequest');
    const batches: number[] = [];
    for (const id of [1, 2, 99, 3, 4, 5]) batches.push(await loadResponse(rt, { id }));
    passed = [];
    expect(await run(rt, 'deviceEnrolmentResponse')).toMatchObject({
      batches: 6,
      records: 6,
      problems: [expect.stringContaining('order 99 has no open request')],
    });
    expect(await Promise.all(batches.map((batch) => standing(rt, batch)))).toEqual(
      numbers(6).map((n) => (n === 3 ? 'Batch · Error' : 'Batch · Complete')),
    );
    for (const id of orders) {
      expect(await statuses(rt, id)).toEqual({ [`A${id}`]: 'Enrolled', [`B${id}`]: 'Enrolled' });
    }
    // All was written before anything was committed, and every point was passed once for each.
    const fives = (point: string) => numbers(5).map(() => point);
    expect(passed).toEqual([
      'started',
      ...numbers(6).map(() => 'batch-taken'),
      ...fives('item-written'),
      ...fives('item-committed'),
      ...numbers(6).map(() => 'batch-settled'),
      'worked',
    ]);
  });

  test('has one item about an order: two answers about it, in one run, come one after the other', async () => {
    await dispatchedOrder(rt, '12', ['A', 'B']);
    await run(rt, 'deviceEnrolmentRequest');
    const errors = [{ id: 'E-1', errorMessage: 'refused' }];
    const first = await loadResponse(rt, { id: 12, devices: [{ deviceId: 'A', errors }] });
    const second = await loadResponse(rt, { id: 12, devices: [{ deviceId: 'B' }] });
    const again = await loadResponse(rt, { id: 12, devices: [{ deviceId: 'B' }] });
    await run(rt, 'deviceEnrolmentResponse');
    expect(await statuses(rt, '12')).toEqual({ A: 'Enrol Failed', B: 'Enrolled' });
    expect(await Promise.all([first, second, again].map((batch) => standing(rt, batch)))).toEqual([
      'Batch · Complete',
      'Batch · Complete',
      'Batch · Error',
    ]);
    const [asked] = await rt.db
      .selectFrom('batch_item')
      .innerJoin('batch', 'batch.id', 'batch_id')
      .select(['batch_item.status', 'error'])
      .where('direction', '=', 'outbound')
      .execute();
    expect(asked).toEqual({ status: 'Error', error: 'A: E-1 refused' });
    expect(await eventsOf(rt.db, '12')).toHaveLength(1);
  });

  test('is a part of a large batch, which is taken once and settled once', async () => {
    const records = numbers(250).map((n) => sent(String(n), [`D${n}`]));
    const empty = await loadDispatch(rt);
    const large = await loadDispatch(rt, ...records);
    const small = await loadDispatch(rt, sent('1', ['X']), sent('251', ['Y']));
    const seen: string[] = [];
    const result = await work(async (trx, { id }, item) => {
      rt.pass(0.002); // So that the run notes now and then how far it is.
      seen.push(`${id}/${item.sequence}`);
      await note(trx, `${id}/${item.sequence}`);
    });
    expect(result).toEqual({ batches: 3, records: 252, problems: [] });
    expect(seen).toEqual([
      ...numbers(250).map((n) => `${large}/${n}`),
      ...numbers(2).map((n) => `${small}/${n}`),
    ]);
    for (const batch of [empty, large, small]) {
      const stages = (await batchHistory(rt.db, batch))
        .slice(2)
        .map(({ stage, status }) => `${stage} · ${status}`);
      expect(stages).toEqual(['Batch · In progress', 'Batch · Complete']);
    }
    expect(passed.join(' ')).toMatch(
      /^(started) (batch-taken ){2}(item-written ){100}(item-committed ){100}/,
    );
    expect([times('batch-taken'), times('item-committed'), times('batch-settled')]).toEqual([3, 252, 3]);
  });

  test('ends early where its items take long, so that others can write; the run notes how far it is', async () => {
    const batch = await loadDispatch(rt, ...['1', '2', '3'].map((id) => sent(id, [])));
    const progress: unknown[] = [];
    await work(async (trx) => {
      const { progress_done: done, progress_total: total } = (await lastRun(trx, job.key)) ?? {};
      progress.push([done, total]);
      rt.pass(2);
    });
    expect(passed.join(' ')).toBe(
      'started batch-taken item-written item-committed item-written item-committed item-written item-committed ' +
        'batch-settled worked',
    );
    expect(progress).toEqual([
      [null, null],
      [1, 3],
      [2, 3],
    ]);
    expect(await standing(rt, batch)).toBe('Batch · Complete');
  });

  test('lets timers and signals have their turn before the next one', async () => {
    await loadDispatch(rt, ...numbers(250).map((n) => sent(String(n), [])));
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const before: number[] = [];
    await work(async (_trx, _batch, item) => {
      if (item.sequence === 201) before.push(turns);
      await Promise.resolve();
    });
    clearInterval(timer);
    expect(before[0]).toBeGreaterThan(0);
  });

  test('tells nothing of an item that was undone but its failure', async () => {
    const batch = await loadDispatch(rt, ...['1', '2', '3'].map((id) => sent(id, [])));
    await work(async (_trx, _batch, item, emit) => {
      emit('workflow.event', { type: 'T', eventCode: 'C', reference: String(item.sequence), batch });
      if (item.sequence === 2) throw new Error('no');
      await Promise.resolve();
    });
    expect(await outcomes(batch)).toEqual(['Complete', 'Error', 'Complete']);
    expect(rt.events.slice(1, -1)).toMatchObject([
      { name: 'workflow.event', fields: { reference: '1' } },
      { name: 'item.failed', fields: { item: 2 } },
      { name: 'workflow.event', fields: { reference: '3' } },
    ]);
  });

  test('tells nothing, and leaves nothing, when the disk is full and the store has undone all of it', async () => {
    const batch = await loadDispatch(rt, ...['1', '2', '3'].map((id) => sent(id, [])));
    const tell = (full: boolean) =>
      work(async (trx, _batch, item, emit) => {
        await note(trx, `item ${item.sequence}`);
        emit('workflow.event', { type: 'T', eventCode: 'C', reference: String(item.sequence), batch });
        if (full && item.sequence === 2) {
          await sql`pragma max_page_count = 1`.execute(trx); // No more than there are.
          await note(trx, 'x'.repeat(1_000_000));
        }
      });
    await expect(tell(true)).rejects.toMatchObject({ code: 'NO_SPACE' });
    await sql`pragma max_page_count = 1000000`.execute(rt.db);
    expect(await standing(rt, batch)).toBe('Extract/Load · Complete');
    expect(await outcomes(batch)).toEqual(['Open', 'Open', 'Open']);
    expect(await auditOf(rt.db, 'item 1')).toEqual([]);
    const told = () => rt.events.filter(({ name }) => name === 'workflow.event').length;
    expect(told()).toBe(0);
    expect(await tell(false)).toEqual({ batches: 1, records: 3, problems: [] });
    expect(await outcomes(batch)).toEqual(['Complete', 'Complete', 'Complete']);
    for (const n of numbers(3)) expect(await auditOf(rt.db, `item ${n}`)).toHaveLength(1);
    expect(told()).toBe(3);
  });
});
