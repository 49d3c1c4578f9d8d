import type { FaultCode } from '../runtime/fault-codes.ts';
import { Fault } from '../runtime/faults.ts';
import type { KeyPage } from './key-page.ts';
import { hasRowLocks } from './row-locks.ts';
import type { Db, Row } from './tables.ts';
import type { Worker } from './workers.ts';

/** Every call of a provider over HTTPS, kept with what came back: providers ask for that, and a crash leaves a trace. */

export type ProviderExchange = Row<'provider_exchange'>;

export interface NewExchange {
  readonly requestId: number;
  readonly providerId: string;
  readonly question: ProviderExchange['question'];
  readonly message: unknown;
}

/** Written before the call: one that never ends was cut off by the end of its process. */
export async function beginExchange(
  db: Db,
  exchange: NewExchange,
  worker: Worker,
  now: Date,
): Promise<ProviderExchange> {
  return db
    .insertInto('provider_exchange')
    .values({
      request_id: exchange.requestId,
      provider_id: exchange.providerId,
      question: exchange.question,
      worker_id: worker.id,
      message_json: JSON.stringify(exchange.message),
      started_at: now.toISOString(),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export interface ExchangeEnd {
  readonly status?: number;
  readonly body?: Uint8Array;
  readonly code?: FaultCode;
  readonly detail?: string;
}

/**
 * To be asked before anything follows from how a call went.
 *
 * @throws Fault LEASE_LOST when others have settled the call, as lost, since they took its process for dead
 */
export async function holdExchange(db: Db, { id }: ProviderExchange): Promise<void> {
  const open = await db
    .selectFrom('provider_exchange')
    .select('id')
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    // Who wants to settle it, too, waits for the end of this transaction.
    .$if(hasRowLocks(db), (query) => query.forUpdate())
    .executeTakeFirst();
  if (!open) throw new Fault('LEASE_LOST', `others have settled exchange ${id} as lost`);
}

export async function endExchange(db: Db, id: number, end: ExchangeEnd, now: Date): Promise<void> {
  await db
    .updateTable('provider_exchange')
    .set({
      ended_at: now.toISOString(),
      http_status: end.status ?? null,
      ...(end.body && asText(end.body)),
      fault_code: end.code ?? null,
      detail: end.detail ?? null,
    })
    .where('id', '=', id)
    .execute();
}

function asText(body: Uint8Array): Pick<ProviderExchange, 'answer' | 'answer_encoding'> {
  if (body.includes(0)) return asBase64(body); // A text of the store has no NUL.
  try {
    return {
      answer: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body),
      answer_encoding: 'utf8',
    };
  } catch {
    return asBase64(body);
  }
}

const asBase64 = (body: Uint8Array) =>
  ({ answer: Buffer.from(body).toString('base64'), answer_encoding: 'base64' }) as const;

/** Calls of a provider that have not ended, of processes other than these. */
export function abandonedExchanges(
  db: Db,
  providerId: string,
  aliveWorkers: readonly number[],
): Promise<ProviderExchange[]> {
  return db
    .selectFrom('provider_exchange')
    .selectAll()
    .where('provider_id', '=', providerId)
    .where('ended_at', 'is', null)
    .where('worker_id', 'not in', aliveWorkers)
    .orderBy('id')
    .execute();
}

/** Whether it is known what came of a call. */
export async function hasEnded(db: Db, id: number): Promise<boolean> {
  const row = await db
    .selectFrom('provider_exchange')
    .select('ended_at')
    .where('id', '=', id)
    .executeTakeFirst();
  return row?.ended_at != null;
}

/** Whether a call about a request is under way. */
export async function isBeingCalled(db: Db, requestId: number): Promise<boolean> {
  const row = await db
    .selectFrom('provider_exchange')
    .select('id')
    .where('request_id', '=', requestId)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  return row !== undefined;
}

/** The calls about one request, oldest first. */
export function exchangesOf(db: Db, requestId: number): Promise<ProviderExchange[]> {
  return db
    .selectFrom('provider_exchange')
    .selectAll()
    .where('request_id', '=', requestId)
    .orderBy('id')
    .execute();
}

/** A call as lists show it: what was sent and what came back may be long. */
export type ExchangeSummary = Omit<ProviderExchange, 'message_json' | 'answer' | 'answer_encoding'>;

const summaryColumns = [
  'id',
  'request_id',
  'provider_id',
  'question',
  'worker_id',
  'started_at',
  'ended_at',
  'http_status',
  'fault_code',
  'detail',
] as const satisfies readonly (keyof ExchangeSummary)[];

/** The calls about one request, newest first. */
export function listExchanges(
  db: Db,
  requestId: number,
  { before, limit }: KeyPage,
): Promise<ExchangeSummary[]> {
  let query = db
    .selectFrom('provider_exchange')
    .select(summaryColumns)
    .where('request_id', '=', requestId)
    .orderBy('id', 'desc')
    .limit(limit);
  if (before !== undefined) query = query.where('id', '<', before);
  return query.execute();
}

/** Calls that ended with a fault, of whichever provider, newest first. */
export function failedExchanges(
  db: Db,
  limit: number,
): Promise<(ExchangeSummary & { readonly transaction_id: string })[]> {
  return db
    .selectFrom('provider_exchange as exchange')
    .innerJoin('provider_request as request', 'request.id', 'exchange.request_id')
    .select(summaryColumns.map((column) => `exchange.${column}` as const))
    .select('request.transaction_id')
    .where('exchange.fault_code', 'is not', null)
    .orderBy('exchange.id', 'desc')
    .limit(limit)
    .execute();
}

export type ProviderRest = Row<'provider_rest'>;

/** How a provider fared of late; undefined when it never failed. */
export function restOf(db: Db, providerId: string): Promise<ProviderRest | undefined> {
  return db.selectFrom('provider_rest').selectAll().where('provider_id', '=', providerId).executeTakeFirst();
}

export async function saveRest(db: Db, rest: ProviderRest): Promise<void> {
  await db
    .insertInto('provider_rest')
    .values(rest)
    .onConflict((conflict) => conflict.column('provider_id').doUpdateSet(rest))
    .execute();
}

/** Every provider that ever failed, as it fared of late. */
export function listRests(db: Db): Promise<ProviderRest[]> {
  return db.selectFrom('provider_rest').selectAll().orderBy('provider_id').execute();
}

/** Providers that are left alone at present. */
export function restingProviders(db: Db, now: Date): Promise<ProviderRest[]> {
  return db
    .selectFrom('provider_rest')
    .selectAll()
    .where('rests_until', '>', now.toISOString())
    .orderBy('provider_id')
    .execute();
}
