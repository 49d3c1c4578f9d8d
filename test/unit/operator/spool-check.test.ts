import { link, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { adoptForgotten, checkSpool } from '../../../shared/operator/spool-check.ts';
import { inboxFolder, inboxNames, spoolFolder } from '../../../shared/runtime/paths.ts';
import { markOf } from '../../../shared/spool/files.ts';
import type { Inbox } from '../../../shared/spool/inbox.ts';
import { InboxWorker } from '../../../shared/spool/inbox-worker.ts';
import { checkInbox, makeInbox } from '../../../shared/spool/layout.ts';
import { loadedTexts, loading } from '../../support/loading.ts';
import { drop, dropPath, filesUnder, ledger } from '../../support/temporary-spool.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';
import { auditOf } from '../../support/store-lookups.ts';
import { claim } from '../../support/one-file.ts';

const name = 'inboundSalesOrderDispatch';
const settings = {
  quietSeconds: 0,
  maxFileMegabytes: 1,
  encryption: 'none',
  signature: 'forbidden',
  marker: '.ok',
} as const;

let rt: TestRuntime;
let inbox: Inbox;

async function open(own: object = {}): Promise<void> {
  rt = await testRuntime({ inboxes: { [name]: { ...settings, ...own } } });
  for (const each of inboxNames(rt.loaded.config)) await makeInbox(inboxFolder(rt.loaded, each));
  const { db, worker, lease, clock, emit, loaded } = rt;
  const { retry, inboxes } = loaded.config;
  const folders = await checkInbox(inboxFolder(loaded, name));
  const spool = spoolFolder(loaded);
  inbox = { name, folders, spool, settings: inboxes[name], retry, db, worker, lease, clock, emit };
}
beforeEach(() => open());
afterEach(() => rt.close());

/** Drops a file with its marker, and works off what is there. */
async function receive(file: string, text: string, marker = ''): Promise<void> {
  await drop(inbox, file, text);
  await drop(inbox, `${file}.ok`, marker);
  await work();
}

async function work(): Promise<void> {
  const worker = new InboxWorker(inbox, loading);
  for (let looks = 0; looks < 2; looks++) await worker.step(new AbortController().signal);
}

const operator = () => ({ who: 'alice', reason: 'restored', now: rt.clock.now() });
const check = () => checkSpool(rt.loaded, rt.db);
const adopt = () => adoptForgotten(rt.loaded, rt.db, operator());
/** Of each difference: what it is, which row, and where, in the inbox. */
const differences = async () =>
  (await check()).differences.map(({ kind, file, place }) => [kind, file, place.slice(name.length + 1)]);
const at = (path: string) => join(rt.loaded.home, 'spool', name, path);
const forget = (id: number) => rt.db.deleteFrom('delivery').where('id', '=', id).execute();
const day = 'done/2026/05/06';

describe('K14: enrol spool check', () => {
  test('K14: with everything in its place finds nothing', async () => {
    expect(await check()).toEqual({ files: 0, rows: 0, differences: [] });
    await receive('x', 'one', '{"size": 3}');
    await receive('x', 'two', '{"size": 4}');
    await receive('y', '');
    await receive('a b', 'one more');
    await symlink('/nowhere', dropPath(inbox, 'link'));
    await drop(inbox, 'link.ok', '');
    await work();
    const states = (await ledger(rt.db)).map((row) => row.fault_code).sort();
    expect(states).toEqual(['BAD_NAME', 'EMPTY_FILE', 'MANIFEST_MISMATCH', 'NOT_REGULAR', null]);
    // Each with its marker, four with a reason.
    expect(await check()).toEqual({ files: 5 * 2 + 4, rows: 5, differences: [] });
  });

  test('K14: names files that the ledger does not know, in each of the folders', async () => {
    await receive('x', 'one');
    for (const path of [`${day}/forgotten`, 'rejected/refused', 'rejected/refused.reason.json', 'hold/held'])
      await writeFile(at(path), path);
    await writeFile(at('hold/gone.reason.json'), 'a reason of nothing');
    expect((await differences()).sort()).toEqual([
      ['unknown', null, `${day}/forgotten`],
      ['unknown', null, 'hold/gone.reason.json'],
      ['unknown', null, 'hold/held'],
      ['unknown', null, 'rejected/refused'],
    ]);
  });

  test('K14: names rows whose file is gone, or has other bytes', async () => {
    await receive('gone', 'one');
    await receive('other', 'two');
    await receive('bad', '');
    await rm(at(`${day}/gone`));
    await writeFile(at(`${day}/other`), 'TWO');
    await rm(at('rejected/bad'));
    expect((await differences()).sort()).toEqual([
      ['changed', 2, `${day}/other`],
      ['missing', 1, `${day}/gone`],
      ['missing', 3, 'rejected/bad'],
      ['unknown', null, 'rejected/bad.reason.json'],
    ]);
  });

  test('K14: a file that was moved by hand within done/ is known by its bytes; its row misses it', async () => {
    await receive('x', 'one');
    await mkdir(at('done/elsewhere'));
    await rename(at(`${day}/x`), at('done/elsewhere/x'));
    await rm(at(`${day}/x.ok`));
    expect(await differences()).toEqual([['missing', 1, `${day}/x`]]);
  });

  test('K14: what a daemon is just moving is no difference', async () => {
    await drop(inbox, 'x', 'one');
    const mark = await markOf(dropPath(inbox, 'x'));
    const row = mark && (await claim(inbox, { path: dropPath(inbox, 'x'), name: 'x', mark }));
    if (!row) throw new Error('not claimed');
    await link(join(inbox.spool, row.place ?? ''), at('rejected/x'));
    const settle = { state: 'rejected', settled_at: rt.clock.now().toISOString() } as const;
    await rt.db.updateTable('delivery').set(settle).where('id', '=', row.id).execute();
    expect(await differences()).toEqual([]);
  });

  test('K14: a file that the restored store believes in work/ is forgotten, too', async () => {
    await receive('x', 'one');
    await rt.db
      .updateTable('delivery')
      .set({ state: 'claimed', place: `${name}/work/1__x`, moved_at: null, settled_at: null, identity: null })
      .execute();
    expect(await differences()).toEqual([['unknown', null, `${day}/x`]]);
    expect(await adopt()).toHaveLength(1);
    await work();
    expect((await ledger(rt.db)).map((row) => [row.state, row.fault_code])).toEqual([
      ['rejected', 'LOST_BY_OPERATOR'],
      ['done', null],
    ]);
    expect(await loadedTexts(rt.db)).toEqual(['one']);
  });

  test('K14: changes nothing', async () => {
    await receive('x', 'one');
    await forget(1);
    const before = await filesUnder(dirname(inbox.folders.in));
    await check();
    expect(await filesUnder(dirname(inbox.folders.in))).toEqual(before);
    expect(await ledger(rt.db)).toEqual([]);
  });
});

describe('K14: enrol spool adopt', () => {
  test('K14: what is adopted is a duplicate when it comes again, and is not loaded', async () => {
    await receive('x', 'one');
    await forget(1);
    const [adopted, ...others] = await adopt();
    expect(others).toEqual([]);
    expect(adopted).toMatchObject({ name: 'x', state: 'done', batch_id: null, place: `${name}/${day}/x` });
    expect(await differences()).toEqual([]);
    expect(await auditOf(rt.db, `file ${adopted?.id ?? 0}`)).toMatchObject([
      { who: 'alice', action: 'spool.adopt', reason: 'restored' },
    ]);
    await receive('again', 'one');
    expect((await ledger(rt.db)).at(-1)).toMatchObject({ state: 'rejected', fault_code: 'DUPLICATE' });
    expect(await loadedTexts(rt.db)).toEqual(['one']);
    expect(await adopt()).toEqual([]);
  });

  test('K14: only files of done/ are adopted, and neither reasons nor markers', async () => {
    await receive('x', 'one', '{"size": 3}');
    await forget(1);
    for (const path of ['rejected/refused', 'hold/held']) await writeFile(at(path), path);
    expect((await adopt()).map((row) => row.name)).toEqual(['x']);
    expect((await differences()).map(([kind, , place]) => [kind, place])).toEqual([
      ['unknown', 'rejected/refused'],
      ['unknown', 'hold/held'],
    ]);
  });

  test('K14: of two copies that are forgotten one is adopted', async () => {
    await mkdir(at(day), { recursive: true });
    for (const file of ['x', 'y']) await writeFile(at(`${day}/${file}`), 'one');
    expect(await adopt()).toHaveLength(1);
    expect(await differences()).toEqual([]);
  });

  test('K14: where names count, a file is adopted under the name that it came with', async () => {
    await rt.close();
    await open({ duplicate: 'name and content' });
    await receive('x', 'one');
    await receive('x', 'two');
    await receive('v.1', 'three');
    expect(await filesUnder(at(day))).toEqual(['v.1', 'v.1.ok', 'x', 'x.2', 'x.2.ok', 'x.ok']);
    for (const id of [2, 3]) await forget(id);
    expect((await adopt()).map((row) => row.name).sort()).toEqual(['v.1', 'x']);
    await receive('x', 'two');
    expect((await ledger(rt.db)).at(-1)).toMatchObject({ fault_code: 'DUPLICATE' });
    await receive('z', 'two');
    expect((await ledger(rt.db)).at(-1)).toMatchObject({ state: 'done' });
  });

  test('K14: a file that was done is known by its row, whatever its batch', async () => {
    await receive('x', 'one');
    const [row] = await ledger(rt.db);
    expect(await adopt()).toEqual([]);
    expect(await ledger(rt.db)).toEqual([row]);
  });
});
