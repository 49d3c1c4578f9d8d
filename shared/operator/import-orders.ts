import { z } from 'zod';

import { ProblemList } from '../formats/problem-list.ts';
import { readCsv, type CsvRow } from '../formats/read-csv.ts';
import { readJson } from '../generic/read-json.ts';
import { Fault } from '../runtime/faults.ts';
import { insertOrder, type NewOrder } from '../store/orders.ts';
import { inTransaction } from '../store/open-store.ts';
import type { Db } from '../store/tables.ts';
import { audit, type Operator } from './operator.ts';

/** Sales orders as operators bring them in: a JSON list, or a CSV with a row for each line. */

const date = z.iso.datetime({ offset: true });
const word = z.string().min(1).max(64);

const lineSchema = z.strictObject({
  lineNumber: z.number().int().min(1),
  product: z.string().max(200).optional(),
  quantity: z.number().int().min(1),
  provider: word.optional(),
});

const orderSchema = z
  .strictObject({
    id: z.string().min(1).max(32),
    customer: z.string().max(200).optional(),
    orderDate: date,
    purchaseOrderNumber: z.string().max(100).optional(),
    enrolmentRequired: z.boolean(),
    organisations: z.record(word, word).default({}),
    // Counted before they are looked at: what is wrong with each of a million lines takes memory.
    lines: z.array(z.unknown()).min(1).max(10_000).pipe(z.array(lineSchema)),
  })
  .superRefine((order, context) => {
    const complain = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    if (order.enrolmentRequired && !/^(0|[1-9]\d{0,14})$/.test(order.id)) {
      complain(['id'], 'an order with enrolment needs a whole number of at most 15 digits');
    }
    const seen = new Set<number>();
    order.lines.forEach((line, index) => {
      if (seen.has(line.lineNumber)) {
        complain(['lines', index, 'lineNumber'], `line ${line.lineNumber} stands twice`);
      }
      seen.add(line.lineNumber);
      const needs = order.enrolmentRequired ? line.provider : undefined;
      if (needs !== undefined && !Object.hasOwn(order.organisations, needs)) {
        complain(['organisations'], `no organisation id at ${needs}, which line ${line.lineNumber} needs`);
      }
    });
  });

type ImportedOrder = z.infer<typeof orderSchema>;

/** @throws Fault BAD_INPUT with the problems; DocumentProblem of the JSON */
export function readJsonOrders(bytes: Uint8Array): NewOrder[] {
  return check(listOf(readJson(bytes)), (index) => `order ${index + 1}`);
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

const columns = [
  'order_id',
  'customer',
  'order_date',
  'purchase_order_number',
  'enrolment_required',
  'line_number',
  'product',
  'quantity',
  'provider',
  'organisation_id',
] as const;

type OrderRow = CsvRow<(typeof columns)[number]>;

/**
 * Rows of one order follow each other in any order; what is said of the order must be the same in each of its rows.
 *
 * @throws Fault BAD_INPUT with the problems; ENCODING, CONTROL_CHAR, CSV_MALFORMED, TOO_LARGE
 */
export function readCsvOrders(bytes: Uint8Array): NewOrder[] {
  const groups = [...Map.groupBy(readCsv(bytes, columns), (row) => row.order_id)];
  const problems = new ProblemList();
  for (const [id, rows] of groups) {
    for (const name of contradictions(rows)) problems.add(`${label(id)}: its rows differ in ${name}`);
  }
  return check(
    groups.map(([, rows]) => fromRows(rows)),
    (index) => label(groups[index]?.[0] ?? ''),
    problems,
  );
}

/** In a damaged file an id may be anything. */
const label = (id: string): string => `order ${id.slice(0, 60)}`;

const orNothing = (text: string): string | undefined => (text === '' ? undefined : text);
const toNumber = (text: string): unknown => (/^\d{1,9}$/.test(text) ? Number(text) : text);
const toBoolean = (text: string): unknown => (text === 'true' ? true : text === 'false' ? false : text);

const ofOrder = ['customer', 'order_date', 'purchase_order_number', 'enrolment_required'] as const;

/** What the rows of one order should agree in, and do not. */
function contradictions(rows: readonly OrderRow[]): string[] {
  const inOrder = ofOrder.filter((name) => new Set(rows.map((row) => row[name])).size > 1);
  const named = rows.filter((row) => row.organisation_id !== '');
  const atProviders = [...Map.groupBy(named, (row) => row.provider)]
    .filter(([, group]) => new Set(group.map((row) => row.organisation_id)).size > 1)
    .map(([provider]) => `organisation_id at ${provider.slice(0, 60)}`);
  return [...inOrder, ...atProviders];
}

function fromRows(rows: readonly OrderRow[]): unknown {
  const [first] = rows as [OrderRow];
  return {
    id: first.order_id,
    customer: orNothing(first.customer),
    orderDate: first.order_date,
    purchaseOrderNumber: orNothing(first.purchase_order_number),
    enrolmentRequired: toBoolean(first.enrolment_required),
    organisations: Object.fromEntries(
      rows.filter((row) => row.organisation_id !== '').map((row) => [row.provider, row.organisation_id]),
    ),
    lines: rows.map((row) => ({
      lineNumber: toNumber(row.line_number),
      product: orNothing(row.product),
      quantity: toNumber(row.quantity),
      provider: orNothing(row.provider),
    })),
  };
}

/** @throws Fault BAD_INPUT with the problems, these included */
function check(
  orders: readonly unknown[],
  labelOf: (index: number) => string,
  problems = new ProblemList(),
): NewOrder[] {
  const good: NewOrder[] = [];
  orders.forEach((order, index) => {
    const checked = orderSchema.safeParse(order);
    if (checked.success) good.push(toNewOrder(checked.data));
    else {
      for (const { path, message } of checked.error.issues) {
        problems.add(`${labelOf(index)}: ${path.join('.') || 'order'}: ${message}`);
      }
    }
  });
  for (const [id, same] of Map.groupBy(good, (order) => order.id)) {
    if (same.length > 1) problems.add(`order ${id}: stands in the file ${same.length} times`);
  }
  if (!problems.isEmpty) throw new Fault('BAD_INPUT', String(problems));
  return good;
}

function toNewOrder(order: ImportedOrder): NewOrder {
  return {
    id: order.id,
    customer: order.customer ?? null,
    orderDate: new Date(order.orderDate).toISOString(),
    purchaseOrderNumber: order.purchaseOrderNumber ?? null,
    enrolmentRequired: order.enrolmentRequired,
    organisations: order.organisations,
    lines: order.lines.map((line) => ({
      lineNumber: line.lineNumber,
      product: line.product ?? null,
      quantity: line.quantity,
      providerId: line.provider ?? null,
    })),
  };
}

/** All of them, or none. @throws Fault NOT_ALLOWED when one is in the store already */
export async function importOrders(db: Db, operator: Operator, orders: readonly NewOrder[]): Promise<void> {
  await inTransaction(db, async (trx) => {
    for (const order of orders) {
      await insertOrder(trx, order, operator.now);
      await audit(trx, operator, {
        action: 'order.import',
        subject: `order ${order.id}`,
        before: null,
        after: { lines: order.lines.length, enrolmentRequired: order.enrolmentRequired },
      });
    }
  });
}
