import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { importOrders, readJsonOrders } from '../../shared/operator/import-orders.ts';
import { loadKeyRing, type KeyRing } from '../../shared/pgp/key-ring.ts';
import type { Db } from '../../shared/store/tables.ts';
import { ordersFile, type OrderInHand } from '../support/dispatches.ts';
import { install, type TestInstallation } from '../support/installation.ts';
import { TestProvider } from '../support/provider.ts';
import type { PostgresStores } from '../support/temporary-postgres.ts';
import { orders, providerRules } from './fixtures.ts';
import { runWell } from './run.ts';

export const dispatchInbox = 'inboundSalesOrderDispatch';
export const requestInbox = 'outboundDeviceEnrolment';
export const answerInbox = 'provider/apple/inbound';
export const responseInbox = 'inboundDeviceEnrolment';

/** A file outside the spool. */
export interface LooseFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The installation that goes from stage to stage; each stage is played in copies of it. Between two steps none of its
 * processes runs, and no connection to its store is open.
 */
export interface Trunk {
  readonly installation: TestInstallation;
  readonly provider: TestProvider;
  readonly warehouse: KeyRing;
  readonly unknown: KeyRing;
  readonly own: KeyRing;
}

export async function plantTrunk(stores?: PostgresStores): Promise<Trunk> {
  const installation = await install(stores);
  // Only what a test asks for is asked: a second question would depend on how long everything takes.
  await installation.configure([[['providers', 'apple', 'poll', 'everySeconds'], 3600]]);
  const warehouse = await installation.addPartner('warehouse');
  const unknown = await installation.addPartner('unknown', { known: false });
  const passphrase = await readFile(join(installation.home, 'var', 'secrets', 'pgp-passphrase'), 'utf8');
  const own = await loadKeyRing({ folder: installation.keys, passphrase: passphrase.trim() });
  const provider = new TestProvider(installation);
  provider.rules = providerRules;
  await enterOrders(installation, Object.values(orders));
  return { installation, provider, warehouse, unknown, own };
}

/** Orders as an operator imports them, but without a file, in which their numbers would lie about. */
export async function enterOrders(
  installation: TestInstallation,
  list: readonly OrderInHand[],
): Promise<void> {
  const operator = { who: 'test', reason: 'test', now: new Date() };
  const read = readJsonOrders(Buffer.from(ordersFile(list)));
  await withDb(installation, (db) => importOrders(db, operator, read));
}

async function withDb<T>(installation: TestInstallation, work: (db: Db) => Promise<T>): Promise<T> {
  const db = await installation.store();
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

/** A copy in which files are dropped that are to be worked off. */
export async function branch(
  { installation }: Trunk,
  inbox: string,
  dropped: readonly LooseFile[],
): Promise<TestInstallation> {
  const copy = await installation.copy();
  await dropAll(copy, inbox, dropped);
  return copy;
}

export async function dropAll(
  installation: TestInstallation,
  inbox: string,
  files: readonly LooseFile[],
): Promise<void> {
  for (const { name, bytes } of files) await installation.drop(inbox, name, bytes);
}

/** Runs daemons one after the other, each until it has worked off what is there. */
export async function runDaemons(
  installation: TestInstallation,
  ...daemons: readonly string[]
): Promise<void> {
  for (const daemon of daemons) await runWell(installation, [daemon, '--once']);
}

/** Takes a file out of a drop folder. */
export async function takeOut(
  installation: TestInstallation,
  inbox: string,
  name: string,
): Promise<LooseFile> {
  const path = installation.spool(inbox, 'in', name);
  const bytes = await readFile(path);
  await rm(path);
  return { name, bytes };
}

/** What the store knows of an order on its way to the provider and back. */
export interface Traces {
  /** Number of its outbound batch. */
  readonly batch: number;
  /** Names of the files that its request and its answers have had so far. */
  readonly requestFile: string;
  readonly responseFile: string | undefined;
  readonly transaction: string | undefined;
}

export const tracesOf = ({ installation }: Trunk, order: OrderInHand): Promise<Traces> =>
  withDb(installation, async (db) => {
    const { batch_id: batch } = await db
      .selectFrom('enrolment_request')
      .select('batch_id')
      .where('order_id', '=', order.id)
      .executeTakeFirstOrThrow();
    const files = await db
      .selectFrom('delivery')
      .select(['name', 'purpose'])
      .where('direction', '=', 'out')
      .where('batch_id', '=', batch)
      .execute();
    const request = await db
      .selectFrom('provider_request')
      .select('transaction_id')
      .where('batch_id', '=', batch)
      .executeTakeFirst();
    const named = (purpose: string) => files.find((file) => file.purpose === purpose)?.name;
    return {
      batch,
      requestFile: named('generic-request') ?? '',
      responseFile: named('generic-response'),
      transaction: request?.transaction_id,
    };
  });
