import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { faultRow } from '../../../shared/runtime/fault-codes.ts';
import { workPath } from '../../../shared/spool/claim.ts';
import { markOf } from '../../../shared/spool/files.ts';
import { finishMove } from '../../../shared/spool/settle.ts';
import { findDelivery, settleDone, settleRefused, type Delivery } from '../../../shared/store/deliveries.ts';
import {
  drop,
  dropPath,
  filesUnder,
  reasonOf,
  temporarySpool,
  type TemporarySpool,
} from '../../support/temporary-spool.ts';
import { claim } from '../../support/one-file.ts';

let at: TemporarySpool;
beforeEach(async () => {
  at = await temporarySpool();
});
afterEach(() => at.close());

async function claimed(name: string, content = `content of ${name}`): Promise<Delivery> {
  await drop(at.inbox, name, content);
  const path = dropPath(at.inbox, name);
  const mark = await markOf(path);
  const row = mark && (await claim(at.inbox, { path, name, mark }));
  if (row === undefined) throw new Error(`${name} was not claimed`);
  return row;
}

const rejected = (row: Delivery): Promise<Delivery> =>
  settleRefused(at.store.db, row, 'rejected', {
    code: 'EMPTY_FILE',
    detail: 'the file has no bytes',
    digest: 'abc',
    at: at.clock.now(),
  });

async function done(row: Delivery): Promise<Delivery> {
  const file = { row, digest: `${row.id}`, identity: `${row.id}`, batchId: null };
  const [settled] = await settleDone(at.store.db, [file], at.clock.now());
  return settled?.row ?? row;
}

async function settled(row: Delivery): Promise<Delivery | undefined> {
  await finishMove(at.inbox, row);
  return findDelivery(at.store.db, row.id);
}

const text = (...path: string[]) => readFile(join(at.spool, at.inbox.name, ...path), 'utf8');

describe('the last folder', () => {
  test('of a processed file is that of its day', async () => {
    const row = await settled(await done(await claimed('x')));
    expect(row).toMatchObject({
      place: `${at.inbox.name}/done/2026/05/06/x`,
      moved_at: at.clock.now().toISOString(),
    });
    expect(await text('done/2026/05/06/x')).toBe('content of x');
    expect(await filesUnder(at.inbox.folders.work)).toEqual([]);
  });

  test('of a refused file has the reason beside it', async () => {
    const row = await rejected(await claimed('x'));
    await settled(row);
    expect(await filesUnder(at.inbox.folders.rejected)).toEqual(['x', 'x.reason.json']);
    expect(await reasonOf(at.inbox, 'x')).toEqual({
      code: 'EMPTY_FILE',
      stage: `inbox ${at.inbox.name}`,
      what: faultRow('EMPTY_FILE').what,
      detail: 'the file has no bytes',
      action: faultRow('EMPTY_FILE').action,
      digest: 'abc',
      time: at.clock.now().toISOString(),
      delivery: row.id,
    });
    expect(await filesUnder(at.inbox.folders.tmp)).toEqual([]);
  });
});

describe('K06: a name that is taken', () => {
  test('in done/ gets the number behind it, and nothing is overwritten', async () => {
    await settled(await done(await claimed('x', 'one')));
    const second = await settled(await done(await claimed('x', 'two')));
    expect(second?.place).toBe(`${at.inbox.name}/done/2026/05/06/x.2`);
    expect([await text('done/2026/05/06/x'), await text('done/2026/05/06/x.2')]).toEqual(['one', 'two']);
  });

  test('in rejected/ as well, and each has its own reason', async () => {
    const [one, two] = [await rejected(await claimed('x', 'one')), await rejected(await claimed('x', 'two'))];
    await settled(one);
    await settled(two);
    expect([await text('rejected/x'), await text('rejected/x.2')]).toEqual(['one', 'two']);
    expect((await reasonOf(at.inbox, 'x')).delivery).toBe(one.id);
    expect((await reasonOf(at.inbox, 'x.2')).delivery).toBe(two.id);
  });

  test('with its number too is counted on', async () => {
    await writeFile(join(at.inbox.folders.rejected, 'x'), 'one');
    await writeFile(join(at.inbox.folders.rejected, 'x.1'), 'two');
    await settled(await rejected(await claimed('x', 'three')));
    expect(await text('rejected/x.1.2')).toBe('three');
    expect([await text('rejected/x'), await text('rejected/x.1')]).toEqual(['one', 'two']);
  });

  test('a sender’s file that looks like a reason is not overwritten by one', async () => {
    await settled(await rejected(await claimed('x.reason.json', 'a sender’s')));
    await settled(await rejected(await claimed('x', 'one')));
    expect(await text('rejected/x.reason.json.1')).toBe('a sender’s');
    expect((await reasonOf(at.inbox, 'x')).delivery).toBe(2);
  });

  test('A22: names that differ in case only are two archived files', async () => {
    await settled(await done(await claimed('x', 'small')));
    await settled(await done(await claimed('X', 'large')));
    expect([await text('done/2026/05/06/x'), await text('done/2026/05/06/X')]).toEqual(['small', 'large']);
  });

  test('by two processes at once', async () => {
    const rows = [await done(await claimed('x', 'one')), await done(await claimed('x', 'two'))];
    await Promise.all(rows.map(settled));
    expect(await filesUnder(at.inbox.folders.done)).toHaveLength(2);
  });
});

describe('a move that a crash cut off', () => {
  test('K03: before the link', async () => {
    const row = await done(await claimed('x'));
    expect((await settled(row))?.place).toBe(`${at.inbox.name}/done/2026/05/06/x`);
  });

  test('K04 K08: after the link, and after the removal, ends at the same place', async () => {
    const row = await done(await claimed('x'));
    const first = await settled(row);
    const archived = join(at.spool, first?.place ?? '');
    expect((await settled(row))?.place).toBe(first?.place);
    await link(archived, workPath(at.inbox, row));
    expect((await settled(row))?.place).toBe(first?.place);
    expect(await filesUnder(at.inbox.folders.done)).toEqual(['2026/05/06/x']);
    expect(await filesUnder(at.inbox.folders.work)).toEqual([]);
  });

  test('K04: with a number, after the removal', async () => {
    await settled(await done(await claimed('x')));
    const row = await done(await claimed('x', 'two'));
    const first = await settled(row);
    expect((await settled(row))?.place).toBe(first?.place);
    expect(at.events).toEqual([]);
  });

  test('while the reason was written: it is written again', async () => {
    const row = await rejected(await claimed('x'));
    await settled(row);
    await rm(join(at.inbox.folders.rejected, 'x.reason.json'));
    await writeFile(join(at.inbox.folders.tmp, `${row.id}.reason`), '{"code":');
    await settled(row);
    expect((await reasonOf(at.inbox, 'x')).code).toBe('EMPTY_FILE');
    expect(await filesUnder(at.inbox.folders.tmp)).toEqual([]);
  });
});

describe('A19: a file that has other names', () => {
  const linked = (fields: object) => ({ name: 'file.linked', fields: { folder: at.inbox.name, ...fields } });

  test.each([1, 2])('A19: is accepted, and told of once, when it is settled (%i)', async (otherNames) => {
    await drop(at.inbox, 'other', 'one');
    if (otherNames > 1) await link(dropPath(at.inbox, 'other'), dropPath(at.inbox, 'third'));
    await link(dropPath(at.inbox, 'other'), dropPath(at.inbox, 'x'));
    const path = dropPath(at.inbox, 'x');
    const mark = await markOf(path);
    const row = mark && (await claim(at.inbox, { path, name: 'x', mark }));
    if (row === undefined) throw new Error('not claimed');
    expect(await settled(await done(row))).toMatchObject({ state: 'done' });
    expect(await text('done/2026/05/06/x')).toBe('one');
    expect(at.events).toEqual([linked({ file: 'x', delivery: row.id, otherNames })]);
  });

  test('A19: and has lost them by then is not worth a word', async () => {
    await drop(at.inbox, 'other', 'one');
    await link(dropPath(at.inbox, 'other'), dropPath(at.inbox, 'x'));
    const path = dropPath(at.inbox, 'x');
    const mark = await markOf(path);
    const row = mark && (await claim(at.inbox, { path, name: 'x', mark }));
    if (row === undefined) throw new Error('not claimed');
    await rm(dropPath(at.inbox, 'other'));
    await settled(await done(row));
    expect(at.events).toEqual([]);
  });

  test('A19: the names of a move that a crash cut off are no others', async () => {
    const row = await done(await claimed('x'));
    const first = await settled(row);
    await link(join(at.spool, first?.place ?? ''), workPath(at.inbox, row));
    await settled(row);
    expect(at.events).toEqual([]);
  });
});

test('K13: a file that is nowhere is told once, and its row has no place', async () => {
  const row = await rejected(await claimed('x'));
  await rm(workPath(at.inbox, row));
  expect(await settled(row)).toMatchObject({ place: null, moved_at: at.clock.now().toISOString() });
  expect(at.events).toEqual([
    { name: 'file.lost', fields: { folder: at.inbox.name, file: 'x', delivery: row.id } },
  ]);
  expect(await filesUnder(at.inbox.folders.rejected)).toEqual([]);
});
