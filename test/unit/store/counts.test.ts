import fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql, type Kysely } from 'kysely';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { deviceMovesSince, filesPerHour } from '../../../shared/store/activity.ts';
import { summariseInterfaces } from '../../../shared/store/batches.ts';
import { countFiles } from '../../../shared/store/delivery-lists.ts';
import { countByStatus } from '../../../shared/store/devices.ts';
import { openSqlite } from '../../../shared/store/sqlite/open-sqlite.ts';
import { deviceStatuses } from '../../../shared/store/states/device.ts';
import type { Db } from '../../../shared/store/tables.ts';
import { migrationNames } from '../../support/migrations.ts';
import { addDevices, later, now } from '../../support/store-examples.ts';
import { temporaryStore, type TemporaryStore } from '../../support/temporary-store.ts';

/** Counts that triggers keep are those that counting the rows gives, whatever was done and undone. */

let store: TemporaryStore;
beforeAll(async () => {
  store = await temporaryStore();
});
afterAll(() => store.close());

/** In an order of its own. */
const rowsOf = async (db: Db, query: string): Promise<string[]> =>
  (await sql.raw<object>(query).execute(db)).rows.map((row) => JSON.stringify(row)).sort();

/** What counting the rows gives, beside what is kept. */
async function compare(db: Db): Promise<void> {
  const pairs: [string, string][] = [
    ['select status, devices n from device_count', 'select status, count(*) n from device group by 1'],
    [
      'select hour, status, moves n from device_move_count',
      'select substr(at, 1, 13) hour, status, count(*) n from device_history group by 1, 2',
    ],
    [
      'select direction, folder, state, files n from file_count',
      'select direction, folder, state, count(*) n from delivery group by 1, 2, 3',
    ],
    [
      'select hour, state, files n from settled_file_count',
      `select substr(settled_at, 1, 13) hour, state, count(*) n from delivery
       where direction = 'in' and settled_at is not null group by 1, 2`,
    ],
    [
      'select direction, category, type, batches n, records, in_error, last_id from batch_count',
      `select direction, category, type, count(*) n, sum(record_count) records,
       sum(status = 'Error') in_error, max(id) last_id from batch group by 1, 2, 3`,
    ],
  ];
  for (const [kept, counted] of pairs) {
    const rows = await rowsOf(db, `select * from (${kept}) where n <> 0`);
    expect(rows).toEqual(await rowsOf(db, counted));
  }
}

const rowNumber = fc.nat({ max: 30 });
/** Few, so that a file is often settled anew in the state that it has. */
const states = ['seen', 'done', 'rejected'] as const;
const action = fc.oneof(
  fc.record({ do: fc.constant('move' as const), row: rowNumber, status: fc.constantFrom(...deviceStatuses) }),
  fc.record({ do: fc.constant('forget device' as const), row: rowNumber }),
  fc.record({
    do: fc.constant('file' as const),
    state: fc.constantFrom(...states),
    direction: fc.constantFrom('in', 'out'),
    hour: fc.nat({ max: 3 }),
  }),
  fc.record({
    do: fc.constant('settle' as const),
    row: rowNumber,
    state: fc.constantFrom(...states),
    hour: fc.option(fc.nat({ max: 3 })),
  }),
  fc.record({ do: fc.constant('forget file' as const), row: rowNumber }),
  fc.record({ do: fc.constant('batch' as const), type: fc.constantFrom('A', 'B') }),
  fc.record({
    do: fc.constant('change batch' as const),
    row: rowNumber,
    status: fc.constantFrom('Error', 'Complete', 'In progress'),
    records: fc.nat({ max: 9 }),
  }),
  fc.record({ do: fc.constant('forget batch' as const), row: rowNumber }),
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

const timeOf = (hour: number | null): string | null =>
  hour === null ? null : later(hour * 3600).toISOString();

/** The n-th row of a table, in turn. */
const nth = (table: string, row: number) =>
  sql`(select id from ${sql.table(table)} order by id limit 1 offset ${row} % max(1, (select count(*) from ${sql.table(table)})))`;

async function play(db: Db, each: Action, n: number): Promise<void> {
  switch (each.do) {
    case 'move':
      await sql`update device set status = ${each.status} where id = ${nth('device', each.row)}`.execute(db);
      await sql`insert into device_history (device, at, status, actor)
        select id, ${timeOf(n % 3)}, status, 'test' from device limit 1`.execute(db);
      return;
    case 'forget device':
      await sql`delete from device where id = ${nth('device', each.row)}
        and id not in (select device from device_history)`.execute(db);
      return;
    case 'file':
      await sql`insert into delivery (direction, folder, name, state, attempts, crashes, seen_at, settled_at)
        values (${each.direction}, 'folder', ${`file ${n}`}, ${each.state}, 0, 0, ${timeOf(0)}, ${timeOf(each.hour)})
        on conflict do nothing`.execute(db);
      return;
    case 'settle':
      await sql`update or ignore delivery set state = ${each.state}, settled_at = ${timeOf(each.hour)}
        where id = ${nth('delivery', each.row)}`.execute(db);
      return;
    case 'forget file':
      await sql`delete from delivery where id = ${nth('delivery', each.row)}`.execute(db);
      return;
    case 'batch':
      await sql`insert into batch (direction, category, type, version, stage, status, record_count,
        created_at, updated_at) values ('inbound', 'C', ${each.type}, 1, 'Batch', 'In progress', 0, '', '')`.execute(
        db,
      );
      return;
    case 'change batch':
      await sql`update batch set status = ${each.status}, record_count = ${each.records}
        where id = ${nth('batch', each.row)}`.execute(db);
      return;
    case 'forget batch':
      await sql`delete from batch where id = ${nth('batch', each.row)}
        and type in ('A', 'B')`.execute(db);
      return;
  }
}

test('after any changes, kept or rolled back', async () => {
  const { db } = store;
  await addDevices(db, '1', [{ deviceId: 'A' }, { deviceId: 'B' }, { deviceId: 'C' }]);
  let n = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(action, fc.boolean()), { maxLength: 30 }), async (actions) => {
      for (const [each, undone] of actions) {
        const played = db.transaction().execute(async (trx) => {
          await play(trx, each, n++);
          if (undone) throw new Error('undone');
        });
        if (undone) await expect(played).rejects.toThrow('undone');
        else await played;
      }
      await compare(db);
    }),
    { numRuns: 80 },
  );
}, 60_000);

test('a file that is settled at another time counts there', async () => {
  const other = await temporaryStore();
  try {
    await play(other.db, { do: 'file', state: 'rejected', direction: 'in', hour: 0 }, 0);
    await play(other.db, { do: 'settle', row: 0, state: 'rejected', hour: 2 }, 1);
    await compare(other.db);
    expect(await filesPerHour(other.db, later(7200))).toMatchObject([{ state: 'rejected', count: 1 }]);
  } finally {
    await other.close();
  }
});

test('the pages read them', async () => {
  const other = await temporaryStore();
  try {
    await addDevices(other.db, '1', [{ deviceId: 'A' }, { deviceId: 'B' }]);
    expect(await countByStatus(other.db)).toEqual({ 'Enrol Pending': 2 });
    expect(await deviceMovesSince(other.db, now)).toEqual({ 'Enrol Pending': 2 });
    expect(await deviceMovesSince(other.db, later(3600))).toEqual({});
    expect(await summariseInterfaces(other.db)).toMatchObject([
      { batches: 1, records: 0, inError: 0, last: { id: 1 } },
    ]);
    expect(await countFiles(other.db)).toEqual([]);
    expect(await filesPerHour(other.db, now)).toEqual([]);
  } finally {
    await other.close();
  }
});

test('rows that are there before the triggers are counted by the migration', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'counts-'));
  const db = openSqlite({ file: join(folder, 'enrol.db'), busySeconds: 5, create: true });
  try {
    const up = async (name: string) => {
      const module = (await import(`../../../shared/store/migrations/${name}.ts`)) as {
        up: (db: Kysely<unknown>) => Promise<void>;
      };
      await module.up(db as unknown as Kysely<unknown>);
    };
    const at = migrationNames.indexOf('0012-console-lists');
    for (const name of migrationNames.slice(0, at)) await up(name);
    await addDevices(db, '1', [{ deviceId: 'A' }, { deviceId: 'B' }]);
    for (const [index, state] of (['done', 'rejected'] as const).entries()) {
      await play(db, { do: 'file', state, direction: 'in', hour: index }, index);
    }
    await play(db, { do: 'batch', type: 'A' }, 0);
    await play(db, { do: 'change batch', row: 1, status: 'Error', records: 5 }, 0);
    await up('0012-console-lists');
    await compare(db);
    expect(await countByStatus(db)).toEqual({ 'Enrol Pending': 2 });
  } finally {
    await db.destroy();
    await rm(folder, { recursive: true });
  }
});
