import SqliteDatabase from 'better-sqlite3';

/** A large store, filled by SQL alone: rows as the daemons and jobs leave them, in the numbers of some years. */

export interface StoreSize {
  readonly devices: number;
  readonly files: number;
}

/** What the pages are asked for. */
export interface Landmarks {
  /** Has a hundredth of all devices, in hundreds of lines and dispatches, and hundreds of events. */
  readonly largeOrder: string;
  readonly largeBatch: number;
  readonly oldDevice: string;
  readonly rejectedFile: number;
  readonly rejectedPlace: string;
  readonly busyBatch: number;
}

export const providers = ['apple', 'google'] as const;
export const inboxes = ['inboundSalesOrderDispatch', 'inboundDeviceEnrolment'] as const;

const largeOrder = '700000001';
const ordersFrom = 500_000_000;
const oldDevice = 'DEV-1';
const day = 86_400;

/** Fills an empty store. Its indexes are made afterwards, as a restored store has them: nothing else is different. */
export function fillStore(file: string, size: StoreSize): Landmarks {
  const db = new SqliteDatabase(file);
  try {
    for (const pragma of ['synchronous = OFF', 'cache_size = -400000', 'temp_store = MEMORY'])
      db.pragma(pragma);
    db.pragma('foreign_keys = OFF');
    const indexes = db
      .prepare("select name, sql from sqlite_master where type = 'index' and sql is not null")
      .all() as { name: string; sql: string }[];
    db.transaction(() => {
      for (const { name } of indexes) db.exec(`drop index "${name}"`);
      insertAll(db, size);
      for (const { sql } of indexes) db.exec(sql);
    })();
    const broken = db.pragma('foreign_key_check') as object[];
    if (broken.length > 0)
      throw new Error(`rows without what they refer to: ${JSON.stringify(broken.slice(0, 3))}`);
    db.pragma('wal_checkpoint(truncate)');
    return landmarksOf(db);
  } finally {
    db.close();
  }
}

/** What `fillStore` returned, of a store that it has filled before. */
export function landmarksOf(db: SqliteDatabase.Database): Landmarks {
  const rejected = db
    .prepare("select id, place from delivery where direction = 'in' and state = 'rejected' limit 1")
    .get() as { id: number; place: string };
  const batch = (sql: string) => (db.prepare(sql).get() as { id: number }).id;
  return {
    largeOrder,
    largeBatch: batch('select id from batch order by record_count desc limit 1'),
    oldDevice,
    rejectedFile: rejected.id,
    rejectedPlace: rejected.place,
    busyBatch: batch('select batch_id as id from batch_stage where note is not null limit 1'),
  };
}

/** `n` from 1. */
const numbers = (count: number) =>
  `with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${Math.max(1, count)})`;

/** A time in the last `days`, the higher the number the later; of equal distance. */
const timeOf = (n: string, count: number, days: number) =>
  `strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || (${days * day} * 1.0 * (${count} - ${n}) / ${Math.max(1, count)}) || ' seconds')`;

const pick = (n: string, words: readonly string[]) =>
  `case ${n} % ${words.length} ${words.map((word, index) => `when ${index} then '${word}'`).join(' ')} end`;

function insertAll(db: SqliteDatabase.Database, { devices, files }: StoreSize): void {
  const [orders, large] = [Math.ceil(devices / 10), Math.ceil(devices / 100)];
  const run = (count: number, insert: string) => {
    if (count > 0) db.exec(`${insert.replace('FROM', `${numbers(count)} select`)} from numbers`);
  };
  db.exec(`insert into worker (daemon, host, pid, pid_start, started_at, heartbeat_at, stopped_at)
    values ('loader', 'elsewhere', 1, '1', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z')`);
  insertOrders(run, orders, large);
  insertBatches(run, files, devices);
  insertDevices(run, { devices, orders, large });
  insertRequests(run, orders, devices);
  insertProviderRequests(run, Math.ceil(devices / 20), devices);
  insertFiles(run, files);
  insertNotes(run, Math.ceil(devices / 10), large);
}

type Run = (count: number, insert: string) => void;

function insertOrders(run: Run, orders: number, large: number): void {
  const order = (id: string, at: string, purchase: string) =>
    `FROM ${id}, 'Complete', 'Customer ' || (n % 5000), ${at}, ${purchase}, 1, null, ${at}, ${at}`;
  run(
    orders,
    `insert into sales_order ${order(`cast(${ordersFrom} + n as text)`, timeOf('n', orders, 700), `'PO-' || (n / 10)`)}`,
  );
  run(1, `insert into sales_order ${order(`'${largeOrder}'`, timeOf('n', 1, 1), `'PO-LARGE'`)}`);
  run(
    orders,
    `insert into sales_order_organisation FROM cast(${ordersFrom} + n as text), 'apple', '0012345'`,
  );
  run(orders, `insert into sales_order_line FROM cast(${ordersFrom} + n as text), 1, 'phone', 10, 'apple'`);
  run(
    Math.ceil(large / 10),
    `insert into sales_order_line FROM '${largeOrder}', n, 'phone ' || n, 10, ${pick('n', providers)}`,
  );
}

function insertBatches(run: Run, files: number, devices: number): void {
  const columns = 'direction, category, type, version, stage, status, record_count, created_at, updated_at';
  const types = ['Sales Order Dispatch', 'Device Enrolment Request', 'Device Enrolment Response'];
  const at = timeOf('n', files, 700);
  run(
    files,
    `insert into batch (${columns}) FROM case n % 3 when 1 then 'outbound' else 'inbound' end,
     case n % 3 when 0 then 'Sales Order' else 'Device Enrolment' end, ${pick('n', types)}, 1.2,
     'Extract/Load', case when n % 50 = 0 then 'Error' else 'Complete' end, 3, ${at}, ${at}`,
  );
  run(
    1,
    `insert into batch (${columns}) FROM 'inbound', 'Sales Order', 'Sales Order Dispatch', 1.2,
     'Extract/Load', 'Complete', ${Math.ceil(devices / 10)}, ${timeOf('n', 1, 1)}, ${timeOf('n', 1, 1)}`,
  );
  const item = (batch: string, sequence: string) =>
    `insert into batch_item FROM ${batch}, ${sequence}, cast(${ordersFrom} + n as text), 'order ' || n,
     '{"id":"' || n || '","lines":[]}', case when n % 200 = 0 then 'Error' else 'Complete' end,
     case when n % 200 = 0 then 'SCHEMA_VIOLATION: no such order' end`;
  run(files * 3, item('(n - 1) / 3 + 1', '(n - 1) % 3 + 1'));
  run(Math.ceil(devices / 10), item(String(files + 1), 'n'));
  run(
    files * 2,
    `insert into batch_stage (batch_id, stage, status, at, actor, note)
     FROM (n - 1) / 2 + 1, 'Extract/Load', 'Complete', ${timeOf('n', files * 2, 700)}, 'loader@host/1', null`,
  );
  run(
    2000,
    `insert into batch_stage (batch_id, stage, status, at, actor, note)
     FROM 50, 'Extract/Load', ${pick('n', ['Complete', 'Error'])}, ${timeOf('n', 2000, 20)}, 'job', 'reprocessed'`,
  );
}

const statuses = [
  'Enrolled',
  'Enrolled',
  'Enrolled',
  'Enrol Requested',
  'Enrol Failed',
  'Not Required',
  'Unenrolled',
];

function insertDevices(
  run: Run,
  { devices, orders, large }: { devices: number; orders: number; large: number },
): void {
  run(
    orders,
    `insert into dispatch (order_id, delivery_number, warehouse_id, dispatched_at, batch_id)
     FROM cast(${ordersFrom} + n as text), 'DN-' || n, 'WH1', ${timeOf('n', orders, 700)}, 1`,
  );
  run(
    Math.ceil(large / 10),
    `insert into dispatch (order_id, delivery_number, warehouse_id, dispatched_at, batch_id)
     FROM '${largeOrder}', 'DNL-' || n, 'WH1', ${timeOf('n', large, 1)}, 1`,
  );
  const columns = `device_id, order_id, line_number, dispatch_id, provider_id, serial_number, imei, imei2,
    manufacturer, model, status, created_at, updated_at`;
  run(
    devices,
    `insert into device (${columns}) FROM 'DEV-' || n,
     case when n % 100 = 7 then '${largeOrder}' else cast(${ordersFrom} + 1 + (n - 1) / 10 as text) end,
     1, 1 + (n - 1) / 10, ${pick('n', providers)}, 'SER' || (n * 7919 % 1000003) || 'X' || n,
     cast(350000000000000 + n * 104729 % 999999999 as text), cast(360000000000000 + n as text),
     'Example', 'Phone 5', ${pick('n', statuses)}, ${timeOf('n', devices, 700)}, ${timeOf('n', devices, 30)}`,
  );
  const columnsOfHistory = 'device, at, status, actor, note, batch_id';
  run(
    devices * 2,
    `insert into device_history (${columnsOfHistory}) FROM (n - 1) / 2 + 1, ${timeOf('n', devices * 2, 30)},
     case n % 2 when 1 then 'Enrol Pending' else 'Enrolled' end, 'job', null, 1 + n % 50`,
  );
  run(
    2000,
    `insert into device_history (${columnsOfHistory}) FROM 1, ${timeOf('n', 2000, 60)},
     ${pick('n', ['Enrol Requested', 'Enrol Failed'])}, 'job', 'attempt ' || n, 1 + n % 50`,
  );
}

function insertRequests(run: Run, orders: number, devices: number): void {
  run(
    orders,
    `insert into enrolment_request (batch_id, order_id, provider_id, request_type, created_at, answered_at)
     FROM 1 + n % 50, cast(${ordersFrom} + n as text), 'apple', 'ORDER', ${timeOf('n', orders, 700)},
     case when n % 20 = 0 then null else ${timeOf('n', orders, 699)} end`,
  );
  run(
    2000,
    `insert into enrolment_request (batch_id, order_id, provider_id, request_type, created_at, answered_at)
     FROM 1 + n % 50, '${largeOrder}', 'apple', 'OVERRIDE', ${timeOf('n', 2000, 30)}, ${timeOf('n', 2000, 30)}`,
  );
  run(
    devices,
    `insert into enrolment_request_device (request_id, device, role, outcome)
     FROM (n - 1) / 10 + 1, n, 'enrol', ${pick('n', ['succeeded', 'succeeded', 'failed', 'open'])}`,
  );
}

function insertProviderRequests(run: Run, requests: number, devices: number): void {
  const states = [
    'finished',
    'finished',
    'finished',
    'finished',
    'refused',
    'sent',
    'pending',
    'queued',
    'unknown',
  ];
  run(
    requests,
    `insert into provider_request (provider_id, batch_id, transaction_id, provider_transaction_id, state,
       queries, created_at, sent_at, finished_at)
     FROM ${pick('n', providers)}, 1 + n % 50, 'tx-' || n, 'theirs-' || n, ${pick('n', states)},
     1, ${timeOf('n', requests, 700)},
     ${timeOf('n', requests, 700)}, case when n % ${states.length} < 5 then ${timeOf('n', requests, 699)} end`,
  );
  run(
    requests,
    `insert into provider_request_message (request_id, message_json)
     FROM n, '{"stem":"bulk","content":"' || hex(zeroblob(500)) || '"}'`,
  );
  run(
    requests,
    `insert into provider_request_order (request_id, order_id, order_number, request_type, outcome)
     FROM n, ${ordersFrom} + n, 'ORDER-' || n, 'ORDER', 'succeeded'`,
  );
  run(
    Math.ceil(devices / 2),
    `insert into provider_request_device (request_id, order_id, device_id, provider_device_id, outcome)
     FROM (n - 1) / 10 + 1, ${ordersFrom} + 1 + (n - 1) / 10, 'DEV-' || n, 'P' || n, 'succeeded'`,
  );
  run(
    requests,
    `insert into provider_exchange (request_id, provider_id, question, worker_id, message_json, started_at,
       ended_at, http_status, answer, answer_encoding, fault_code, detail)
     FROM n, ${pick('n', providers)}, 'request', 1, '{}', ${timeOf('n', requests, 700)},
     ${timeOf('n', requests, 700)}, 200, hex(zeroblob(300)), 'utf8',
     case when n % 30 = 0 then 'HTTPS_STATUS' end, case when n % 30 = 0 then 'answered with 503' end`,
  );
}

function insertFiles(run: Run, files: number): void {
  const states = ['done', 'done', 'done', 'done', 'done', 'done', 'done', 'rejected', 'held', 'deferred'];
  const state = pick('n', states);
  const settled = `case when n % 10 < 9 then ${timeOf('n', files, 30)} end`;
  const folder = pick('n / 10', inboxes);
  run(
    files,
    `insert into delivery (direction, folder, name, state, attempts, crashes, dev, inode, size, mtime_ns, digest,
       identity, place, fault_code, detail, next_try_at, batch_id, seen_at, settled_at, moved_at)
     FROM 'in', ${folder}, 'file-' || n || '.json.pgp', ${state}, 1, 0, '1', cast(n as text), 20000, '1', hex(n),
     hex(n), ${folder} || case n % 10 when 7 then '/rejected/' when 8 then '/hold/' when 9 then '/work/'
       else '/done/2026/01/02/' end || 'file-' || n || '.json.pgp',
     case when n % 10 > 6 then case n % 3 when 0 then 'JSON_MALFORMED' else 'SCHEMA_VIOLATION' end end,
     case when n % 10 > 6 then 'line 1: unexpected end' end,
     case when n % 10 = 9 then ${timeOf('n', files, 1)} end, n, ${timeOf('n', files, 30)}, ${settled}, ${settled}`,
  );
  run(
    Math.ceil(files / 5),
    `insert into delivery (direction, folder, name, state, attempts, crashes, size, digest, place, purpose,
       batch_id, seen_at, settled_at, moved_at)
     FROM 'out', 'outboundDeviceEnrolment/in', 'request-' || n, 'done', 1, 0, 20000, hex(n),
     'outboundDeviceEnrolment/in/request-' || n, 'generic-request', 1 + n % 50,
     ${timeOf('n', files, 30)}, ${timeOf('n', files, 30)}, ${timeOf('n', files, 30)}`,
  );
}

function insertNotes(run: Run, count: number, large: number): void {
  run(
    count,
    `insert into audit (at, who, action, subject, reason, before_json, after_json)
     FROM ${timeOf('n', count, 700)}, 'user ' || (n % 20), ${pick('n', ['file.retry', 'order.void', 'job.run'])},
     case n % 10 when 0 then 'order ${largeOrder}' when 1 then 'job deviceEnrolmentRequest' when 2 then 'batch 50'
       else 'file ' || n end,
     'a reason', '{"state":"rejected"}', '{"state":"deferred"}'`,
  );
  const event = (count: number, order: string) =>
    run(
      count,
      `insert into workflow_event (event_type, event_code, reference_number, notes, batch_id, created_at)
       FROM 'ENR', 'FAIL', ${order}, 'the provider refused the device', 1 + n % 50, ${timeOf('n', count, 700)}`,
    );
  event(count, `cast(${ordersFrom} + n as text)`);
  event(large, `'${largeOrder}'`);
  const runs = Math.ceil(count / 5);
  run(
    runs,
    `insert into job_run (job, cause, state, worker_id, started_at, finished_at, result_json, fault_code, detail)
     FROM ${pick('n', ['deviceEnrolmentRequest', 'deviceEnrolmentResponse', 'salesOrderDispatch'])}, 'schedule',
     case when n % 40 = 0 then 'error' else 'complete' end, 1, ${timeOf('n', runs, 700)},
     ${timeOf('n', runs, 700)}, case when n % 40 <> 0 then '{"batches":1,"records":10,"problems":[]}' end,
     case when n % 40 = 0 then 'STORE_BUSY' end, case when n % 40 = 0 then 'the store was busy' end`,
  );
  run(
    Math.floor(runs / 3),
    `insert into job_tick (job, due_at, state, late, run_id, recorded_at)
     FROM 'deviceEnrolmentRequest', ${timeOf('n', runs, 700)} || n, 'run', 0, 3 * n, ${timeOf('n', runs, 700)}`,
  );
}
