import { sql, type Kysely } from 'kysely';

/** Counts on SQLite: a row for each, which triggers add to and take from. One process writes at a time. */
export async function countOnSqlite(db: Kysely<unknown>): Promise<void> {
  await countTables(db);
  await countPresent(db);
  for (const trigger of [...deviceTriggers, ...fileTriggers, ...batchTriggers]) {
    await sql.raw(trigger).execute(db);
  }
}

async function countTables(db: Kysely<unknown>): Promise<void> {
  const create = (name: string) => db.schema.createTable(name).modifyEnd(sql`strict`);
  await create('device_count')
    .addColumn('status', 'text', (c) => c.primaryKey().notNull())
    .addColumn('devices', 'integer', (c) => c.notNull())
    .execute();
  await create('device_move_count')
    .addColumn('hour', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('moves', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('device_move_count_key', ['hour', 'status'])
    .execute();
  await create('file_count')
    .addColumn('direction', 'text', (c) => c.notNull())
    .addColumn('folder', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('files', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('file_count_key', ['direction', 'folder', 'state'])
    .execute();
  await create('settled_file_count')
    .addColumn('hour', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('files', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('settled_file_count_key', ['hour', 'state'])
    .execute();
  await create('batch_count')
    .addColumn('direction', 'text', (c) => c.notNull())
    .addColumn('category', 'text', (c) => c.notNull())
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('batches', 'integer', (c) => c.notNull())
    .addColumn('records', 'integer', (c) => c.notNull())
    .addColumn('in_error', 'integer', (c) => c.notNull())
    .addColumn('last_id', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('batch_count_key', ['direction', 'category', 'type'])
    .execute();
}

/** The rows that are there before the triggers are. */
async function countPresent(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `insert into device_count select status, count(*) from device group by status`,
    `insert into device_move_count
     select substr(at, 1, 13), status, count(*) from device_history group by 1, 2`,
    `insert into file_count
     select direction, folder, state, count(*) from delivery group by direction, folder, state`,
    `insert into settled_file_count
     select substr(settled_at, 1, 13), state, count(*) from delivery
     where direction = 'in' and settled_at is not null group by 1, 2`,
    `insert into batch_count
     select direction, category, type, count(*), sum(record_count), sum(status = 'Error'), max(id)
     from batch group by direction, category, type`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const addDevice = `
  insert into device_count (status, devices) values (new.status, 1)
  on conflict (status) do update set devices = devices + 1;`;
const dropDevice = `update device_count set devices = devices - 1 where status = old.status;`;

const deviceTriggers = [
  `create trigger device_counted after insert on device begin ${addDevice} end`,
  `create trigger device_recounted after update of status on device when old.status <> new.status
   begin ${dropDevice} ${addDevice} end`,
  `create trigger device_uncounted after delete on device begin ${dropDevice} end`,
  `create trigger device_move_counted after insert on device_history begin
     insert into device_move_count (hour, status, moves) values (substr(new.at, 1, 13), new.status, 1)
     on conflict (hour, status) do update set moves = moves + 1;
   end`,
];

const addFile = `
  insert into file_count (direction, folder, state, files) values (new.direction, new.folder, new.state, 1)
  on conflict (direction, folder, state) do update set files = files + 1;`;
const dropFile = `
  update file_count set files = files - 1
  where direction = old.direction and folder = old.folder and state = old.state;`;
const addSettled = `
  insert into settled_file_count (hour, state, files)
  select substr(new.settled_at, 1, 13), new.state, 1 where new.direction = 'in' and new.settled_at is not null
  on conflict (hour, state) do update set files = files + 1;`;
const dropSettled = `
  update settled_file_count set files = files - 1
  where old.direction = 'in' and hour = substr(old.settled_at, 1, 13) and state = old.state;`;

const fileTriggers = [
  `create trigger file_counted after insert on delivery begin ${addFile} ${addSettled} end`,
  `create trigger file_recounted after update of state, settled_at on delivery
   when old.state <> new.state or old.settled_at is not new.settled_at
   begin ${dropFile} ${dropSettled} ${addFile} ${addSettled} end`,
  `create trigger file_uncounted after delete on delivery begin ${dropFile} ${dropSettled} end`,
];

const sameInterface = (row: 'old' | 'new') =>
  `direction = ${row}.direction and category = ${row}.category and type = ${row}.type`;

const batchTriggers = [
  `create trigger batch_counted after insert on batch begin
     insert into batch_count (direction, category, type, batches, records, in_error, last_id)
     values (new.direction, new.category, new.type, 1, new.record_count, new.status = 'Error', new.id)
     on conflict (direction, category, type) do update set
       batches = batches + 1, records = records + excluded.records,
       in_error = in_error + excluded.in_error, last_id = excluded.last_id;
   end`,
  `create trigger batch_recounted after update of status, record_count on batch begin
     update batch_count set
       records = records + new.record_count - old.record_count,
       in_error = in_error + (new.status = 'Error') - (old.status = 'Error')
     where ${sameInterface('new')};
   end`,
  `create trigger batch_uncounted after delete on batch begin
     update batch_count set
       batches = batches - 1, records = records - old.record_count,
       in_error = in_error - (old.status = 'Error'),
       last_id = coalesce((select max(id) from batch where ${sameInterface('old')}), 0)
     where ${sameInterface('old')};
   end`,
];
