import type { Kysely } from 'kysely';

interface Requests {
  provider_request: { id: number; body_json: string };
}

/**
 * Requests that travel over HTTPS: the whole message instead of its body, when it may go out, every exchange with a
 * provider, and whether a provider is left alone at present. Devices keep the provider's own number of them.
 */
export async function up(db: Kysely<Requests>): Promise<void> {
  await wholeMessages(db);
  const request = () => db.schema.alterTable('provider_request');
  await request()
    .addColumn('preparatory', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await request()
    .addColumn('attempts', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await request()
    .addColumn('not_found', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await request().addColumn('release_at', 'text').execute();
  await request()
    .addColumn('replaces_id', 'integer', (c) => c.references('provider_request.id'))
    .execute();
  await db.schema
    .createIndex('provider_request_release')
    .on('provider_request')
    .columns(['provider_id', 'state', 'release_at'])
    .execute();
  await db.schema
    .createIndex('provider_request_order_order')
    .on('provider_request_order')
    .column('order_id')
    .execute();

  await db.schema.alterTable('provider_request_device').addColumn('provider_record_id', 'text').execute();
  await db.schema
    .createIndex('provider_request_device_provider_device')
    .on('provider_request_device')
    .column('provider_device_id')
    .execute();

  await db.schema
    .createTable('provider_exchange')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('request_id', 'integer', (c) => c.notNull().references('provider_request.id'))
    .addColumn('provider_id', 'text', (c) => c.notNull())
    .addColumn('question', 'text', (c) => c.notNull())
    .addColumn('worker_id', 'integer', (c) => c.notNull().references('worker.id'))
    .addColumn('message_json', 'text', (c) => c.notNull())
    .addColumn('started_at', 'text', (c) => c.notNull())
    .addColumn('ended_at', 'text')
    .addColumn('http_status', 'integer')
    .addColumn('answer', 'text')
    .addColumn('answer_encoding', 'text')
    .addColumn('fault_code', 'text')
    .addColumn('detail', 'text')
    .execute();
  await db.schema
    .createIndex('provider_exchange_request')
    .on('provider_exchange')
    .column('request_id')
    .execute();
  await db.schema
    .createIndex('provider_exchange_open')
    .on('provider_exchange')
    .columns(['ended_at', 'provider_id'])
    .execute();

  await db.schema
    .createTable('provider_rest')
    .addColumn('provider_id', 'text', (c) => c.primaryKey())
    .addColumn('failures', 'integer', (c) => c.notNull())
    .addColumn('rests', 'integer', (c) => c.notNull())
    .addColumn('rests_until', 'text')
    .addColumn('fault_code', 'text')
    .addColumn('detail', 'text')
    .addColumn('changed_at', 'text', (c) => c.notNull())
    .execute();
}

/** Until now every request was one of Apple's, and only its body was kept. */
async function wholeMessages(db: Kysely<Requests>): Promise<void> {
  const rows = await db.selectFrom('provider_request').select(['id', 'body_json']).execute();
  await db.schema.alterTable('provider_request').renameColumn('body_json', 'message_json').execute();
  const messages = db as unknown as Kysely<{ provider_request: { id: number; message_json: string } }>;
  for (const { id, body_json: content } of rows) {
    const stem = 'bulk-enroll-devices';
    const message = {
      stem,
      method: 'POST',
      path: `/enroll-service/1.0/${stem}`,
      mediaType: 'application/json',
      content,
    };
    await messages
      .updateTable('provider_request')
      .set({ message_json: JSON.stringify(message) })
      .where('id', '=', id)
      .execute();
  }
}
