import { randomBytes } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import fc from 'fast-check';
import { sql } from 'kysely';

import { copyStore, type CopiedStore } from '../../../shared/operator/copy-store.ts';
import { toFault } from '../../../shared/runtime/faults.ts';
import { compareRows } from '../../../shared/store/copy/compare-rows.ts';
import { copyRows } from '../../../shared/store/copy/copy-rows.ts';
import { copyPlan } from '../../../shared/store/copy/plan.ts';
import { recordAudit } from '../../../shared/store/audit.ts';
import { connectStore, inTransaction } from '../../../shared/store/open-store.ts';
import type { Db } from '../../../shared/store/tables.ts';
import { signOff } from '../../../shared/store/workers.ts';
import { addBatch, addDevices, addWorker, newBatch, now, numbers } from '../../support/store-examples.ts';
import { patiently, PostgresStores } from '../../support/temporary-postgres.ts';
import { temporaryStore, type TemporaryStore } from '../../support/temporary-store.ts';

let stores: PostgresStores;
beforeAll(async () => {
  stores = await PostgresStores.start();
});
afterAll(() => stores.close());

let source: TemporaryStore;
let url: string;
let target: Db;
beforeEach(async () => {
  source = await temporaryStore();
  await useTarget(await stores.create());
});
afterEach(async () => {
  await target.destroy();
  await stores.drop(url);
  await source.close();
});

async function useTarget(newUrl: string): Promise<void> {
  url = newUrl;
  target = await connectStore(patiently(url), false);
}

const copy = (): Promise<CopiedStore> => copyStore(source.db, target, () => undefined);
const refusal = () =>
  copy().then(
    () => undefined,
    (thrown: unknown) => toFault(thrown),
  );
const rowsOf = ({ tables }: CopiedStore) =>
  Object.fromEntries(tables.filter(({ rows }) => rows > 0).map(({ table, rows }) => [table, rows]));

/** As somebody else does, who knows nothing of our types. */
function bySql(work: (db: SqliteDatabase.Database) => void): void {
  const db = new SqliteDatabase(source.file);
  try {
    work(db);
  } finally {
    db.close();
  }
}

/** Tables of the target that have rows, of whatever kind. */
async function left(): Promise<string[]> {
  const { tables } = await copyPlan(source.db, target);
  const found: string[] = [];
  for (const { name } of tables) {
    const { rows } = await sql`select 1 from ${sql.table(name)} limit 1`.execute(target);
    if (rows.length > 0) found.push(name);
  }
  return found;
}

describe('a copy', () => {
  test('has every row, by its id, and the counts', async () => {
    await addDevices(source.db, '1', [{ deviceId: 'SER1' }, { deviceId: 'SER2' }]);
    await addBatch(source.db, { items: [{ customerReference: '1', description: '', payload: { n: 1 } }] });
    const result = await copy();
    expect(result.copied).toBe(true);
    expect(rowsOf(result)).toMatchObject({ device: 2, batch_item: 1, sales_order: 1, device_history: 2 });
    const ids = (db: Db) =>
      db.selectFrom('device').select(['id', 'device_id', 'dispatch_id']).orderBy('id').execute();
    expect(await ids(target)).toEqual(await ids(source.db));
    expect(await target.selectFrom('device_count').selectAll().execute()).toEqual(
      await source.db.selectFrom('device_count').selectAll().execute(),
    );
  });

  test('has tables with more rows than are read at once, by a number and by a text', async () => {
    const many = numbers(4500);
    bySql((db) => {
      const setting = db.prepare(`insert into job_setting (job, updated_at, updated_by) values (?, '', '')`);
      const note = db.prepare(`insert into audit (at, who, action, subject) values ('', '', '', ?)`);
      // As text: 10 stands before 9.
      for (const n of many) setting.run(`job ${n}`);
      for (const n of many) note.run(`ä${n}`);
    });
    const result = await copy();
    expect(result.copied).toBe(true);
    expect(rowsOf(result)).toEqual({ audit: 4500, job_setting: 4500 });
    const subjects = await target.selectFrom('audit').select('subject').orderBy('id').execute();
    expect(subjects.map(({ subject }) => subject)).toEqual(many.map((n) => `ä${n}`));
  });

  test('goes on with numbers that the source never gave, also where the last row is gone', async () => {
    for (const subject of ['one', 'two', 'three'])
      await recordAudit(
        source.db,
        { who: 'a', action: 'b', subject, reason: null, before: null, after: null },
        now,
      );
    await source.db.deleteFrom('audit').where('id', '=', 3).execute();
    await copy();
    await recordAudit(
      target,
      { who: 'a', action: 'b', subject: 'four', reason: null, before: null, after: null },
      now,
    );
    const ids = await target.selectFrom('audit').select(['id', 'subject']).orderBy('id').execute();
    expect(ids).toEqual([
      { id: 1, subject: 'one' },
      { id: 2, subject: 'two' },
      { id: 4, subject: 'four' },
    ]);
    expect((await addBatch(target)).id).toBe(1);
  });

  test('makes the tables of a database that has none', async () => {
    await addBatch(source.db);
    await target.destroy();
    await stores.drop(url);
    await useTarget(stores.server.url(await stores.server.createDatabase()));
    expect((await copy()).copied).toBe(true);
    expect(await target.selectFrom('batch').select('id').execute()).toEqual([{ id: 1 }]);
  });

  test('leaves the source as it is', async () => {
    await addDevices(source.db, '1', [{ deviceId: 'SER1' }]);
    const dump = () => {
      const db = new SqliteDatabase(source.file);
      const names = db
        .prepare(`select name from sqlite_master where type = 'table' order by name`)
        .pluck()
        .all();
      const rows = (names as string[]).map((name) => [name, db.prepare(`select * from "${name}"`).all()]);
      db.close();
      return rows;
    };
    const before = dump();
    await copy();
    expect(dump()).toEqual(before);
  });

  test('lets nobody write into the source while it lasts', async () => {
    await addBatch(source.db);
    const refusals = new Set<unknown>();
    await copyStore(source.db, target, () => {
      const db = new SqliteDatabase(source.file, { timeout: 0 });
      try {
        db.exec(`insert into audit (at, who, action, subject) values ('', '', '', '')`);
      } catch (error) {
        refusals.add((error as { code?: unknown }).code);
      } finally {
        db.close();
      }
    });
    expect([...refusals]).toEqual(['SQLITE_BUSY']);
    expect(await target.selectFrom('audit').select('id').execute()).toEqual([]);
  });
});

describe('a copy is refused', () => {
  test('while a process of the installation lives', async () => {
    const worker = await addWorker(source.db, 'loader');
    expect(await refusal()).toMatchObject({
      code: 'NOT_ALLOWED',
      detail: expect.stringContaining(`loader (`),
    });
    expect(await left()).toEqual([]);
    await signOff(source.db, worker, now);
    expect(await refusal()).toBeUndefined();
  });

  test('into a store that has rows, and leaves these', async () => {
    await addBatch(target);
    expect(await refusal()).toMatchObject({
      code: 'NOT_ALLOWED',
      detail: expect.stringContaining('rows in batch'),
    });
    expect(await left()).toEqual(['batch', 'batch_stage']);
  });

  test('into a store of another version', async () => {
    await sql`delete from kysely_migration where name like '0014%'`.execute(target);
    expect(await refusal()).toMatchObject({ code: 'STORE_SCHEMA' });
  });

  test('into a database of somebody else', async () => {
    await target.destroy();
    await stores.drop(url);
    await useTarget(stores.server.url(await stores.server.createDatabase()));
    await sql`create table customer (id bigint)`.execute(target);
    expect(await refusal()).toMatchObject({
      code: 'NOT_ALLOWED',
      detail: expect.stringContaining('customer'),
    });
  });

  test('of a store that is on a server', async () => {
    const other = await stores.open();
    await expect(copyStore(other.db, target, () => undefined)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    await other.close();
  });
});

describe('what differs is found', () => {
  const byHand = (statement: string) => stores.server.query(statement, new URL(url).pathname.slice(1));

  test('when somebody changes, removes and adds rows by hand between copy and check', async () => {
    await addDevices(
      source.db,
      '1',
      numbers(3000).map((n) => ({ deviceId: `SER${n}` })),
    );
    const plan = await copyPlan(source.db, target);
    for (const table of plan.tables)
      await inTransaction(target, (to) => copyRows(source.db, to, table, () => undefined));
    await byHand(`update device set model = 'another', status = 'Enrolled' where id = 2500`);
    await byHand(`delete from device_history where id = 7`);
    await byHand(
      `insert into batch_stage (id, batch_id, stage, status, at, actor) select 99, min(id), 'x', 'x', '', '' from batch`,
    );
    const found = [];
    for (const table of [...plan.tables, ...plan.counts])
      found.push(await compareRows(source.db, target, table, () => undefined));
    expect(found.flatMap(({ first }) => first)).toEqual([
      { table: 'batch_stage', row: 'id=99', what: 'not in the source' },
      { table: 'device', row: 'id=2500', what: 'another model' },
      { table: 'device', row: 'id=2500', what: 'another status' },
      { table: 'device_history', row: 'id=7', what: 'missing' },
      { table: 'device_count', row: 'status=Enrol Pending', what: 'another devices' },
      { table: 'device_count', row: 'status=Enrolled', what: 'not in the source' },
      expect.objectContaining({ table: 'device_move_count', what: 'another moves' }),
    ]);
  });

  test.each([
    ['changes a row', `new.model := 'another'; return new;`, 'another model'],
    ['drops a row', `return null;`, 'missing'],
  ])('when a trigger of the target %s; then nothing is left there', async (_, body, what) => {
    await addDevices(source.db, '1', [{ deviceId: 'SER1' }, { deviceId: 'SER2' }]);
    await byHand(`create function meddle() returns trigger language plpgsql as $$ begin ${body} end $$`);
    await byHand(
      `create trigger meddle before insert on device for each row when (new.device_id = 'SER2') execute function meddle()`,
    );
    // What refers to the row is refused by the database itself.
    await source.db.deleteFrom('device_history').where('device', '=', 2).execute();
    const result = await copy();
    expect(result.copied).toBe(false);
    expect(result.tables.flatMap(({ first }) => first)).toEqual([{ table: 'device', row: 'id=2', what }]);
    expect(await left()).toEqual([]);
    expect((await addBatch(target)).id).toBe(1);
  });
});

describe('strange values', () => {
  const whole = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const text = fc
    .oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '',
        ' ',
        '"',
        '\\',
        "'",
        '{}',
        'NULL',
        'null',
        '{a,"b"}',
        '\\N',
        '\t\r\n',
        '\ufffd',
        '\u{10ffff}',
        'é',
        'e\u0301',
      ),
    )
    .filter((value) => !value.includes('\0') && value.isWellFormed());
  const real = fc.oneof(
    fc.double({ noNaN: true }),
    fc.constantFrom(0.1, -0, 5e-324, 1.7976931348623157e308, Infinity),
  );
  const row = fc.record({ text, other: fc.option(text), whole, real: fc.option(real) });

  test('are the same afterwards', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(row, { selector: (each) => each.text, maxLength: 20 }),
        async (rows) => {
          bySql((db) => {
            db.exec(`delete from job_setting; delete from probe_change`);
            const setting = db.prepare(
              `insert into job_setting (job, priority, schedule_json, updated_at, updated_by) values (?, ?, ?, '', '')`,
            );
            const change = db.prepare(
              `insert into probe_change (id, probe, at, after, value, unit, sentence, link) values (?, ?, '', 'red', ?, '', '', '')`,
            );
            for (const each of rows) setting.run(each.text, each.whole, each.other);
            for (const [n, each] of rows.entries()) change.run(n + 1, each.text, each.real);
          });
          await sql`truncate job_setting, probe_change`.execute(target);
          expect((await copy()).copied).toBe(true);
          const settings = await sql<{ job: string; priority: string; other: string | null }>`
          select job, priority::text as priority, schedule_json as other from job_setting`.execute(target);
          expect(new Map(settings.rows.map((each) => [each.job, [each.priority, each.other]]))).toEqual(
            new Map(rows.map((each) => [each.text, [String(each.whole), each.other]])),
          );
          const changes = await target
            .selectFrom('probe_change')
            .select(['probe', 'value'])
            .orderBy('id')
            .execute();
          // A zero has no sign in SQLite.
          expect(changes).toEqual(
            rows.map((each) => ({ probe: each.text, value: each.real === 0 ? 0 : each.real })),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each([
    ['a NUL character', `'a' || char(0) || 'b'`, 'a NUL character'],
    ['bytes that are no UTF-8', `cast(x'61ff62' as text)`, 'bytes that are no UTF-8'],
  ])('%s end the copy, and are named; nothing is left', async (_, value, what) => {
    await addBatch(
      source.db,
      newBatch({ items: [{ customerReference: '1', description: '', payload: {} }] }),
    );
    bySql((db) => db.exec(`update batch_item set description = '\ufffd', error = ${value}`));
    expect(await refusal()).toMatchObject({
      code: 'STORE_ROW',
      detail: `batch_item, row batch_id=1, sequence=1, error: ${what}`,
    });
    expect(await left()).toEqual([]);
  });

  test('a text that is too long for an index of the server ends the copy, and its row is named', async () => {
    bySql((db) => {
      const note = db.prepare(`insert into audit (at, who, action, subject) values ('', '', '', ?)`);
      for (const n of numbers(10)) note.run(n === 7 ? randomBytes(10_000).toString('hex') : 'short');
    });
    expect(await refusal()).toMatchObject({
      code: 'STORE_ROW',
      detail: expect.stringMatching(/^audit, row id=7: index row/),
    });
    expect(await left()).toEqual([]);
  });

  test('a row of many megabytes is read by itself', async () => {
    bySql((db) => {
      const note = db.prepare(
        `insert into audit (at, who, action, subject, reason) values ('', '', '', '', ?)`,
      );
      for (const n of numbers(8)) note.run(String(n).repeat(6_000_000));
    });
    expect((await copy()).copied).toBe(true);
    const { rows } = await sql<{ length: number }>`select length(reason) from audit order by id`.execute(
      target,
    );
    expect(rows).toEqual(numbers(8).map(() => ({ length: 6_000_000 })));
  });
});
