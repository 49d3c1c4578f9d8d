import { importOrders, readCsvOrders, readJsonOrders } from '../../../shared/operator/import-orders.ts';
import { orderTable, orders as someOrders } from '../documents.ts';
import type { Kind } from '../input.ts';
import { mutatedBytes } from '../mutate/bytes.ts';
import { mutatedCsv } from '../mutate/csv.ts';
import type { Random } from '../random.ts';
import { andUndo, type Scene } from '../scene.ts';
import { changed } from './generic.ts';

/** Sales orders that an operator imports, as CSV and as JSON. */
export const orders = (scene: Scene): Kind => ({
  share: 20,
  mayWait: [],
  // The operator's own file, told to nobody else.
  maySay: () => true,
  make(random) {
    const way = random.chance(0.75) ? 'csv' : 'json';
    const bytes =
      way === 'csv' ? changedTable(random) : changed(random, someOrders, [...someOrders, ...someOrders]);
    return { kind: 'orders', way, name: `orders.${way}`, bytes };
  },
  run({ way, bytes }) {
    const operator = { who: 'fuzz', reason: 'fuzz', now: scene.rt.clock.now() };
    const list = way === 'csv' ? readCsvOrders(bytes) : readJsonOrders(bytes);
    return andUndo(scene, ({ db }) => importOrders(db, operator, list));
  },
});

function changedTable(random: Random): Buffer {
  const bytes = mutatedCsv(random, orderTable);
  return random.chance(0.75) ? bytes : mutatedBytes(random, bytes, bytes);
}
