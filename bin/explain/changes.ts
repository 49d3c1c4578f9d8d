import type { DeliveryPurpose, Db } from '../../shared/store/tables.ts';

/** What a transaction has changed, told within it: before it is rolled back. */

/** Where the tables ended, and where the open requests of a provider stood. */
export interface Mark {
  readonly batch: number;
  readonly stage: number;
  readonly delivery: number;
  readonly request: number;
  readonly device: number;
  readonly event: number;
  readonly requests: ReadonlyMap<number, string>;
}

/** @param provider whose requests may change; undefined: none can */
export async function markOf(trx: Db, provider: string | undefined): Promise<Mark> {
  const requests =
    provider === undefined
      ? []
      : await trx
          .selectFrom('provider_request')
          .select(['id', 'state'])
          .where('provider_id', '=', provider)
          .where('state', 'not in', ['finished', 'refused'])
          .execute();
  return {
    batch: await lastOf(trx, 'batch'),
    stage: await lastOf(trx, 'batch_stage'),
    delivery: await lastOf(trx, 'delivery'),
    request: await lastOf(trx, 'provider_request'),
    device: await lastOf(trx, 'device_history'),
    event: await lastOf(trx, 'workflow_event'),
    requests: new Map(requests.map(({ id, state }) => [id, state])),
  };
}

type Counted =
  'batch' | 'batch_stage' | 'delivery' | 'provider_request' | 'device_history' | 'workflow_event';

async function lastOf(trx: Db, table: Counted): Promise<number> {
  const found = await trx.selectFrom(table).select('id').orderBy('id', 'desc').limit(1).executeTakeFirst();
  return found?.id ?? 0;
}

/** One line for each change. Ids and states alone: nothing of a document. */
export async function changesSince(trx: Db, mark: Mark): Promise<string[]> {
  return [
    ...(await newBatches(trx, mark)),
    ...(await movedBatches(trx, mark)),
    ...(await newRequests(trx, mark)),
    ...(await movedRequests(trx, mark)),
    ...(await publications(trx, mark)),
    ...(await movedDevices(trx, mark)),
    ...(await events(trx, mark)),
  ];
}

async function newBatches(trx: Db, mark: Mark): Promise<string[]> {
  const rows = await trx.selectFrom('batch').selectAll().where('id', '>', mark.batch).execute();
  return rows.map(({ type, record_count: records }) => `A batch is made: ${type}, ${records} record(s).`);
}

async function movedBatches(trx: Db, mark: Mark): Promise<string[]> {
  const rows = await trx
    .selectFrom('batch_stage')
    .select(['batch_id', 'stage', 'status', 'note'])
    .where('id', '>', mark.stage)
    .orderBy('id')
    .execute();
  // The last is where it then stands.
  const last = new Map(rows.map((row) => [row.batch_id, row]));
  return [...last].map(([id, { stage, status, note }]) => {
    const which = id > mark.batch ? 'The batch' : `Batch ${id}`;
    return `${which} stands at ${stage} · ${status}${note === null ? '' : ` (${note})`}.`;
  });
}

async function newRequests(trx: Db, mark: Mark): Promise<string[]> {
  const rows = await trx
    .selectFrom('provider_request')
    .select(['provider_id', 'transaction_id', 'state'])
    .where('id', '>', mark.request)
    .orderBy('id')
    .execute();
  return rows.map(
    ({ provider_id: provider, transaction_id: id, state }) =>
      `Request ${id} to ${provider} is made, and ${state}.`,
  );
}

async function movedRequests(trx: Db, mark: Mark): Promise<string[]> {
  const ids = [...mark.requests.keys()];
  const rows: { id: number; transaction_id: string; state: string }[] = [];
  for (let from = 0; from < ids.length; from += 500) {
    rows.push(
      ...(await trx
        .selectFrom('provider_request')
        .select(['id', 'transaction_id', 'state'])
        .where('id', 'in', ids.slice(from, from + 500))
        .execute()),
    );
  }
  return rows
    .filter(({ id, state }) => mark.requests.get(id) !== state)
    .map(({ id, transaction_id: transaction, state }) => {
      return `Request ${transaction} was ${mark.requests.get(id) ?? ''}, and is ${state}.`;
    });
}

const called: Readonly<Record<DeliveryPurpose, string>> = {
  'generic-request': 'generic request',
  'generic-response': 'generic response',
  'provider-request': 'request file',
  'provider-query': 'question',
};

async function publications(trx: Db, mark: Mark): Promise<string[]> {
  const rows = await trx
    .selectFrom('delivery')
    .select(['folder', 'purpose', ({ fn }) => fn.countAll<number>().as('count')])
    .where('id', '>', mark.delivery)
    .where('direction', '=', 'out')
    .groupBy(['folder', 'purpose'])
    .execute();
  return rows.map(
    ({ folder, purpose, count }) =>
      `${count} ${purpose === null ? 'file' : called[purpose]}(s) are published into ${folder}.`,
  );
}

async function movedDevices(trx: Db, mark: Mark): Promise<string[]> {
  const rows = await trx
    .selectFrom('device_history')
    .select(['status', ({ fn }) => fn.countAll<number>().as('count')])
    .where('id', '>', mark.device)
    .groupBy('status')
    .execute();
  return rows.map(({ status, count }) => `${count} device(s) become ${status}.`);
}

async function events(trx: Db, mark: Mark): Promise<string[]> {
  const rows = await trx
    .selectFrom('workflow_event')
    .select(['event_type', 'event_code', 'reference_number'])
    .where('id', '>', mark.event)
    .orderBy('id')
    .execute();
  return rows.map(
    ({ event_type: type, event_code: code, reference_number: order }) =>
      `Workflow event ${type}/${code} is raised about order ${order}.`,
  );
}
