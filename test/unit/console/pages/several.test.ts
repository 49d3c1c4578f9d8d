import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { Fault } from '../../../../shared/runtime/faults.ts';
import { findDelivery } from '../../../../shared/store/deliveries.ts';
import { requireBatch } from '../../../../shared/store/batches.ts';
import { addBatch, addSeen, numbers } from '../../../support/store-examples.ts';
import { linkOf, PagesScene, rowsOf, wordsOf } from './pages-scene.ts';

let scene: PagesScene;
beforeEach(async () => {
  scene = await PagesScene.open();
});
afterEach(() => scene.close());

const refused = async (name: string, code: 'JSON_MALFORMED' | 'PGP_NO_KEY' = 'JSON_MALFORMED') =>
  (await scene.refused(name, new Fault(code, 'no good'))).id;
const stateOf = async (id: number) => {
  const row = await findDelivery(scene.rt.db, id);
  return [row?.state, row?.fault_code];
};

/** Numbers of those that a form of the page would act on. */
const idsIn = (page: string, action: string): string | undefined =>
  new RegExp(`action="${action}"[^]*?name="ids" value="([^"]*)"`).exec(page)?.[1];

const post = async (path: string, fields: Record<string, string>) => {
  const { status, text } = await (await scene.as('operator')).post(path, fields);
  return { status, page: wordsOf(/<main[^]*<\/main>/.exec(text)?.[0] ?? '') };
};

describe('several files', () => {
  test('that were ticked are tried again, each with an audit row of its own', async () => {
    const [one, two, three] = [await refused('one'), await refused('two'), await refused('three')];
    const list = await scene.page('/files', 'operator');
    expect(list).toContain(`name="file.${two}"`);
    expect(await scene.page('/files')).not.toContain('type="checkbox"');
    const page = await scene.page(`/files/several?file.${one}=1&file.${three}=1`, 'operator');
    expect(wordsOf(page)).toContain('2 file(s) are chosen.');
    expect(rowsOf(page).map(([id]) => id)).toEqual([String(three), String(one)]);
    expect(idsIn(page, '/files/several/retry')).toBe(`${three} ${one}`);
    expect(idsIn(page, '/files/several/release')).toBeUndefined();
    const ids = `${three} ${one}`;
    const { status, page: result } = await post('/files/several/retry', { ids, reason: 'the key is here' });
    expect([status, result]).toEqual([200, expect.stringContaining('Done with 2 of 2.')]);
    expect(await Promise.all([one, two, three].map(stateOf))).toEqual([
      ['deferred', 'JSON_MALFORMED'],
      ['rejected', 'JSON_MALFORMED'],
      ['deferred', 'JSON_MALFORMED'],
    ]);
    expect((await scene.audited()).map(({ action, subject }) => [action, subject])).toEqual([
      ['file.retry', `file ${three}`],
      ['file.retry', `file ${one}`],
    ]);
  });

  test('that match the filter are chosen, and no others', async () => {
    const [one, two] = [await refused('one', 'PGP_NO_KEY'), await refused('two')];
    const list = await scene.page('/files?code=PGP_NO_KEY', 'operator');
    const address = linkOf(list, 'Go on with all files that match…');
    const page = await scene.page(address, 'operator');
    expect(idsIn(page, '/files/several/discard')).toBe(String(one));
    await post('/files/several/discard', { ids: String(one), reason: 'sent by mistake' });
    expect([await stateOf(one), await stateOf(two)]).toEqual([
      ['rejected', 'DISCARDED'],
      ['rejected', 'JSON_MALFORMED'],
    ]);
    // What was discarded is chosen only when somebody asks for it.
    const all = await scene.page('/files/several?all=1&state=rejected', 'operator');
    expect(idsIn(all, '/files/several/retry')).toBe(String(two));
    const again = await scene.page('/files/several?all=1&code=DISCARDED', 'operator');
    expect(idsIn(again, '/files/several/retry')).toBe(String(one));
  });

  test('are done as far as they can be, and the others are told with why', async () => {
    const [one, two] = [await refused('one'), await refused('two')];
    await scene.act(`/files/${two}/hold`, { reason: 'somebody was faster' });
    const { page } = await post('/files/several/hold', { ids: `${two} ${one} 999`, reason: 'wait' });
    expect(page).toContain('Done with 1 of 3.');
    expect(page).toContain(`${two} NOT_ALLOWED file ${two} (two) is held`);
    expect(page).toContain('999 NOT_FOUND there is no received file 999');
    expect((await stateOf(one))[0]).toBe('held');
  });

  test('are at most a thousand at a time', async () => {
    const ids = numbers(1001).join(' ');
    expect(await post('/files/several/retry', { ids, reason: 'x' })).toMatchObject({
      status: 400,
      page: expect.stringContaining('at most 1000 at a time'),
    });
    const worker = scene.rt.worker;
    await scene.rt.db.transaction().execute(async (trx) => {
      for (const n of numbers(1002)) await addSeen(trx, worker, `f${n}`);
      await trx.updateTable('delivery').set({ state: 'rejected', fault_code: 'EMPTY_FILE' }).execute();
    });
    const page = await scene.page('/files/several?all=1', 'operator');
    expect(wordsOf(page)).toContain('1000 file(s) are chosen.');
    expect(wordsOf(page)).toContain('More match: these are the newest 1000 files');
    expect(idsIn(page, '/files/several/discard')?.split(' ')).toHaveLength(1000);
    expect(wordsOf(page)).toContain('And 950 others.');
  });

  test('O11 need a reason and an operator: else nothing is done', async () => {
    const id = await refused('one');
    const ids = String(id);
    expect((await scene.refusal('/files/several/discard', { ids }, 'operator'))[0]).toBe(400);
    expect((await scene.refusal('/files/several/discard', { ids, reason: 'x' }, 'viewer'))[0]).toBe(403);
    expect((await scene.refusal('/files/several/discard', { reason: 'x' }, 'operator'))[0]).toBe(400);
    expect((await scene.refusal('/files/several/discard', { ids: '1 x', reason: 'x' }, 'operator'))[0]).toBe(
      400,
    );
    expect((await (await scene.as('viewer')).get('/files/several?all=1')).status).toBe(403);
    const browser = await scene.as('operator');
    expect((await browser.get('/files/several?all=1&state=done')).status).toBe(400);
    expect((await browser.get('/files/several?file.x=1')).status).toBe(400);
    expect(await scene.read('/files/several', 'operator')).toContain('No file is chosen.');
    expect(await stateOf(id)).toEqual(['rejected', 'JSON_MALFORMED']);
    expect(await scene.audited()).toEqual([]);
  });
});

describe('several batches', () => {
  const inError = { stage: 'Batch', status: 'Error' } as const;
  const failed = (type?: string) =>
    addBatch(scene.rt.db, { standing: inError, ...(type !== undefined && { type }) });
  const statusOf = async (id: number) => (await requireBatch(scene.rt.db, id)).status;

  test('in error are reprocessed: ticked, or all of an interface', async () => {
    const [one, two, other] = [await failed(), await failed(), await failed('Other')];
    const well = await addBatch(scene.rt.db);
    const list = await scene.page('/interfaces', 'operator');
    expect(list).toContain(`name="batch.${one.id}"`);
    expect(list).not.toContain(`name="batch.${well.id}"`);
    const address = linkOf(
      await scene.page('/interfaces?type=Other', 'operator'),
      'Go on with all batches in error that match…',
    );
    expect(idsIn(await scene.page(address, 'operator'), '/interfaces/several/reprocess')).toBe(
      String(other.id),
    );
    const ticked = await scene.page(`/interfaces/several?batch.${one.id}=1&batch.${well.id}=1`, 'operator');
    expect(wordsOf(ticked)).toContain('2 batch(es) are chosen.');
    const ids = `${one.id} ${well.id}`;
    const { page } = await post('/interfaces/several/reprocess', { ids, reason: 'imported' });
    expect(page).toContain('Done with 1 of 2.');
    expect(page).toContain(`${well.id} NOT_ALLOWED`);
    expect([await statusOf(one.id), await statusOf(two.id)]).toEqual(['Complete', 'Error']);
    expect((await scene.audited()).map(({ action, subject }) => [action, subject])).toEqual([
      ['batch.reprocess', `batch ${one.id}`],
    ]);
  });

  test('O11 need a reason and an operator: else nothing is done', async () => {
    const { id } = await failed();
    const ids = String(id);
    expect((await scene.refusal('/interfaces/several/reprocess', { ids }, 'operator'))[0]).toBe(400);
    expect((await scene.refusal('/interfaces/several/reprocess', { ids, reason: 'x' }, 'viewer'))[0]).toBe(
      403,
    );
    expect(await scene.read('/interfaces/several', 'operator')).toContain('No batch is chosen.');
    expect(await statusOf(id)).toBe('Error');
    expect(await scene.audited()).toEqual([]);
  });
});
