import type { Db, Row } from './tables.ts';

/** Requests that people want settled by what they saw at the provider. The adaptor grants a wish, or refuses it. */

export type SettlementWish = Row<'settlement_wish'>;

/** A later wish takes the place of an earlier one that was not granted yet. */
export async function wishSettlement(db: Db, wish: SettlementWish): Promise<void> {
  const { request_id: _, ...change } = wish;
  await db
    .insertInto('settlement_wish')
    .values(wish)
    .onConflict((conflict) => conflict.column('request_id').doUpdateSet(change))
    .execute();
}

export function findSettlementWish(db: Db, request: number): Promise<SettlementWish | undefined> {
  return db.selectFrom('settlement_wish').selectAll().where('request_id', '=', request).executeTakeFirst();
}

/** Oldest first. */
export function listSettlementWishes(db: Db): Promise<SettlementWish[]> {
  return db.selectFrom('settlement_wish').selectAll().orderBy('wished_at').orderBy('request_id').execute();
}

export async function forgetSettlementWish(db: Db, request: number): Promise<void> {
  await db.deleteFrom('settlement_wish').where('request_id', '=', request).execute();
}
