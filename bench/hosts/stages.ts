import { sql } from 'kysely';

import { apple, answers, inbox as answerInbox, outbox as responseOutbox } from '../measure/adaptor.ts';
import { outbox as requestOutbox, prepareBatches } from '../measure/extractor.ts';
import { PgpPool } from '../pgp/pool.ts';
import { dispatchInbox, named, sealDispatches } from '../scene/drop.ts';
import { published, received } from '../scene/ledger.ts';
import { withStore } from '../scene/store.ts';
import { publishedOutcome, type Stage } from './stage.ts';

/** Sealed at once. */
const portion = 2000;

const dropped: Stage['release'] = (_, waiting, __, count) => {
  waiting.drop(count);
  return Promise.resolve();
};

/** Dispatches of ten devices, dropped; every batch ready, every file archived. */
const loader: Stage = {
  daemon: 'loader',
  settings: [],
  ends: received(dispatchInbox),
  inbox: dispatchInbox,
  prepare: (host, count) =>
    PgpPool.with(host.received, async (pool) => {
      const files: [string, Uint8Array][] = [];
      for (let from = 0; from < count; from += portion) {
        const sealed = await sealDispatches(pool, from + 1, Math.min(portion, count - from));
        for (const file of named(sealed, from)) files.push(file);
      }
      return files;
    }),
  release: dropped,
  outcome: async (db) => {
    const { rows } = await sql<{ things: number; results: number }>`
      select count(distinct customer_reference) as things, count(*) as results from batch_item`.execute(db);
    return rows[0] ?? { things: 0, results: 0 };
  },
};

/** Prepared batches of ten devices; every file published. */
const extractor: Stage = {
  daemon: 'extractor',
  settings: [],
  ends: published(requestOutbox),
  inbox: dispatchInbox,
  prepare: (host, count) =>
    withStore(host, async ({ db }) => {
      await prepareBatches(db, 1, count);
      await sql`update batch set status = 'In progress'`.execute(db);
      return [];
    }),
  release: async (db, _, from, count) => {
    await sql`
      update batch set status = 'Complete'
      where id in (select id from batch order by id offset ${from} limit ${count})`.execute(db);
  },
  outcome: (db, home) => publishedOutcome(db, home, requestOutbox, 'generic-request', 'batch_id'),
};

/** Apple's results for ten devices, dropped; every sealed response published. */
const adaptor: Stage = {
  daemon: 'adaptor',
  settings: [[['providers'], { apple }]],
  ends: published(responseOutbox),
  inbox: answerInbox,
  prepare: answers,
  release: dropped,
  outcome: (db, home) =>
    publishedOutcome(db, home, responseOutbox, 'generic-response', 'provider_request_id'),
};

export const stages: readonly Stage[] = [loader, extractor, adaptor];
