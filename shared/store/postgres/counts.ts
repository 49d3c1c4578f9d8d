import { sql, type Kysely } from 'kysely';

/**
 * Counts on PostgreSQL. Many hosts write at the same time: would each add to the row of a count, all of them would wait for
 * that row. So triggers only append how much a statement has changed a count, and a view adds that up; from time to time
 * what has gathered is added up for good (`condense-counts.ts`).
 */
export async function countOnPostgres(db: Kysely<unknown>): Promise<void> {
  for (const count of counts)
    for (const statement of statementsOf(count)) await sql.raw(statement).execute(db);
}

interface Count {
  readonly table: string;
  /** What is counted, and by which of its columns. */
  readonly of: string;
  readonly keys: Readonly<Record<string, string>>;
  /** What is added up, of a row of the counted table. */
  readonly sums: Readonly<Record<string, string>>;
  /** Rows that count. */
  readonly where?: string;
  /** Columns of the view that are no sums. */
  readonly also?: string;
}

const counts: readonly Count[] = [
  { table: 'device_count', of: 'device', keys: { status: 'status' }, sums: { devices: '1' } },
  {
    table: 'device_move_count',
    of: 'device_history',
    keys: { hour: 'substr(at, 1, 13)', status: 'status' },
    sums: { moves: '1' },
  },
  {
    table: 'file_count',
    of: 'delivery',
    keys: { direction: 'direction', folder: 'folder', state: 'state' },
    sums: { files: '1' },
  },
  {
    table: 'settled_file_count',
    of: 'delivery',
    keys: { hour: 'substr(settled_at, 1, 13)', state: 'state' },
    sums: { files: '1' },
    where: `direction = 'in' and settled_at is not null`,
  },
  {
    table: 'batch_count',
    of: 'batch',
    keys: { direction: 'direction', category: 'category', type: 'type' },
    sums: { batches: '1', records: 'record_count', in_error: `(status = 'Error')::int` },
    // By the index of a type's batches; an interface is the only one of its type, or one of two.
    also: `(select id from batch where batch.type = change.type and batch.direction = change.direction
            and batch.category = change.category order by id desc limit 1) as last_id`,
  },
];

/** @returns table of changes, view, function and triggers of one count, and what is there already */
function statementsOf(count: Count): string[] {
  const { table, of, also } = count;
  const keys = Object.keys(count.keys);
  const sums = Object.keys(count.sums);
  const list = [...keys, ...sums].join(', ');
  const columns = [
    ...keys.map((key) => `${key} text collate "C" not null`),
    ...sums.map((sum) => `${sum} bigint not null`),
  ];
  const added = sums.map((sum) => `sum(${sum})::bigint as ${sum}`);
  const trigger = (event: string, transitions: string) =>
    `create trigger ${table}_${event} after ${event} on ${of} referencing ${transitions}
     for each statement execute function ${table}_changed()`;
  return [
    `create table ${table}_change (${columns.join(', ')})`,
    `create view ${table} as
     select ${[...keys, ...added, ...(also === undefined ? [] : [also])].join(', ')}
     from ${table}_change as change group by ${keys.join(', ')}`,
    `insert into ${table}_change (${list}) ${changes(count, [[of, '']])}`,
    `create function ${table}_changed() returns trigger language plpgsql as $$
     begin
       if tg_op = 'INSERT' then
         insert into ${table}_change (${list}) ${changes(count, [['added', '']])};
       elsif tg_op = 'DELETE' then
         insert into ${table}_change (${list}) ${changes(count, [['removed', '-']])};
       else
         insert into ${table}_change (${list}) ${changes(count, [
           ['added', ''],
           ['removed', '-'],
         ])};
       end if;
       return null;
     end $$`,
    trigger('insert', 'new table as added'),
    trigger('update', 'old table as removed new table as added'),
    trigger('delete', 'old table as removed'),
  ];
}

/** What rows come to, those with a minus taken away; nothing of a count that stays as it is. */
function changes(
  { keys, sums, where = 'true' }: Count,
  rows: readonly (readonly [from: string, sign: '' | '-'])[],
): string {
  const names = Object.keys(keys);
  const each = rows.map(([from, sign]) => {
    const values = [
      ...Object.entries(keys).map(([name, value]) => `${value} as ${name}`),
      ...Object.entries(sums).map(([name, value]) => `${sign}(${value}) as ${name}`),
    ];
    return `select ${values.join(', ')} from ${from} where ${where}`;
  });
  const totals = Object.keys(sums).map((name) => `sum(${name})`);
  return `select ${[...names, ...totals].join(', ')} from (${each.join(' union all ')}) as row
    group by ${names.join(', ')} having ${totals.map((total) => `${total} <> 0`).join(' or ')}`;
}
