import { afterEach, expect, test } from '@jest/globals';

import { configSchema } from '../../../shared/runtime/config-schema.ts';
import { recordAudit } from '../../../shared/store/audit.ts';
import type { Row } from '../../../shared/store/tables.ts';
import { addBatch, addProviderRequest } from '../../support/store-examples.ts';
import { RetentionScene } from './retention-scene.ts';

/** Old rows: the audit, what was said in calls, and due times. */

let scene: RetentionScene;
afterEach(() => scene.close());

const audited = async () =>
  (await scene.rt.db.selectFrom('audit').select('action').orderBy('id').execute()).map((row) => row.action);

test('rows of the audit go when they are old, after a dry run that counts them', async () => {
  scene = await RetentionScene.open({ auditDays: 400 });
  for (const days of [500, 401, 399, 0]) {
    const entry = { who: 'a', action: `${days} days`, subject: 'x', reason: null, before: null, after: null };
    await recordAudit(scene.rt.db, entry, scene.at(days));
  }
  await scene.run();
  expect(await audited()).toHaveLength(4);
  await scene.dryRun();
  expect(await audited()).toHaveLength(4);
  await scene.run();
  expect(await audited()).toEqual(['399 days', '0 days']);
  const runs = await scene.rt.db.selectFrom('retention_run').select('report_json').orderBy('id').execute();
  const counts = runs.map((run) => (JSON.parse(run.report_json ?? '{}') as { rows: object }).rows);
  expect(counts).toEqual(Array(2).fill({ audit: 2, exchanges: 0, jobRuns: 0 }));
});

test('the audit is kept a year at least', async () => {
  scene = await RetentionScene.open({});
  expect(configSchema.safeParse({ retention: { auditDays: 364 } }).error?.issues[0]?.path).toEqual([
    'retention',
    'auditDays',
  ]);
  for (const auditDays of [0, 365]) {
    expect(configSchema.safeParse({ retention: { auditDays } }).success).toBe(true);
  }
});

test('what was said in a call goes when its request ended long ago; that there was a call stays', async () => {
  scene = await RetentionScene.open({ exchangeDays: 30 });
  const { db, worker } = scene.rt;
  const call = async (name: string, finished: number | null, ended: boolean) => {
    const id = await addProviderRequest(db, name);
    const at = finished === null ? null : scene.at(finished).toISOString();
    await db.updateTable('provider_request').set({ finished_at: at }).where('id', '=', id).execute();
    const row = {
      request_id: id,
      provider_id: 'apple',
      question: 'request' as const,
      worker_id: worker.id,
      message_json: '{"content":"secret"}',
      started_at: scene.at(90).toISOString(),
      ended_at: ended ? scene.at(90).toISOString() : null,
      http_status: 200,
      answer: 'an answer',
      answer_encoding: 'utf8' as const,
    };
    await db.insertInto('provider_exchange').values(row).execute();
  };
  await call('old', 31, true);
  await call('young', 29, true);
  await call('open', null, true);
  await call('under way', 31, false);
  await scene.dryRun();
  await scene.run();
  const rows = await db.selectFrom('provider_exchange').selectAll().orderBy('id').execute();
  expect(rows.map((row) => [row.message_json, row.answer, row.http_status])).toEqual([
    ['{}', null, 200],
    ...Array<unknown>(3).fill(['{"content":"secret"}', 'an answer', 200]),
  ]);
});

test('runs of jobs that had nothing to do go; not what refers to a batch, failed, is young or is the last of its job', async () => {
  scene = await RetentionScene.open({ jobRunDays: 30 });
  const { db, worker } = scene.rt;
  const ran = async (job: string, days: number, own: Partial<Row<'job_run'>> = {}) => {
    const at = scene.at(days).toISOString();
    const row = { job, cause: 'schedule' as const, state: 'complete' as const, worker_id: worker.id };
    const { id } = await db
      .insertInto('job_run')
      .values({ ...row, started_at: at, finished_at: at, ...own })
      .returning('id')
      .executeTakeFirstOrThrow();
    return id;
  };
  const idle = [await ran('request', 50), await ran('request', 31)];
  const worked = await ran('request', 40);
  const batch = await addBatch(db);
  await db.insertInto('job_run_batch').values({ run_id: worked, batch_id: batch.id, what: 'made' }).execute();
  const ticked = await ran('request', 40);
  const due = scene.at(40).toISOString();
  const tick = {
    job: 'request',
    due_at: due,
    state: 'run' as const,
    late: 0,
    run_id: ticked,
    recorded_at: due,
  };
  await db.insertInto('job_tick').values(tick).execute();
  const kept = [
    worked,
    ticked,
    await ran('request', 40, { state: 'error', fault_code: 'BUG' }),
    await ran('request', 29),
    await ran('response', 500),
  ];
  const left = async () =>
    (
      await db
        .selectFrom('job_run')
        .select('id')
        .where('job', 'in', ['request', 'response'])
        .orderBy('id')
        .execute()
    ).map(({ id }) => id);
  await scene.dryRun();
  expect(await left()).toEqual([...idle, ...kept].sort((one, other) => one - other));
  await scene.run();
  expect(await left()).toEqual(kept.toSorted((one, other) => one - other));
});
