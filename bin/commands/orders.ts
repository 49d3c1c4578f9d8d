import type { Command } from 'commander';
import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';

import { importOrders, readCsvOrders, readJsonOrders } from '../../shared/operator/import-orders.ts';
import { overrideOrder, voidOrder, type OrderActionResult } from '../../shared/operator/order-actions.ts';
import { errnoOf, Fault } from '../../shared/runtime/faults.ts';
import type { NewOrder } from '../../shared/store/orders.ts';
import { examples, pair, sessionOf } from '../session.ts';

/** Orders are read whole: a thousand times what a person imports at once. */
const maxOrderBytes = 64 * 1024 * 1024;

const reasonOption = ['--reason <text>', 'why; kept in the audit'] as const;

export function orderCommands(enrol: Command): void {
  const orders = enrol.command('orders').description('sales orders');

  orders
    .command('import <file>')
    .description('bring sales orders in, from .json or .csv: all of them or none')
    .addHelpText(
      'after',
      examples('enrol orders import config/samples/orders.json', 'enrol orders import orders.csv --json'),
    )
    .action(async (file: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const { read, tellsItsEnd } = formatOf(file);
      const list = read(await readInput(file, maxOrderBytes));
      await session.withStore((db) => importOrders(db, session.operator(`import of ${file}`), list));
      const ids = list.map((order) => order.id);
      const lines = list.reduce((sum, order) => sum + order.lines.length, 0);
      session.print({ imported: ids, lines, ...(!tellsItsEnd && { flags: [unverifiedLength] }) }, [
        `Imported ${ids.length} order(s), ${lines} line(s): ${ids.join(', ')}`,
        ...(tellsItsEnd
          ? []
          : [`${unverifiedLength}: a CSV file does not say how many rows it has; compare.`]),
      ]);
    });

  orders
    .command('void <order>')
    .description('take a whole order back from its provider')
    .requiredOption(...reasonOption)
    .addHelpText('after', examples('enrol orders void 884210 --reason "customer withdrew"'))
    .action(async (order: string, { reason }: { reason: string }, command: Command) => {
      const session = sessionOf(command);
      const result = await session.withStore((db) => voidOrder(db, session.operator(reason), order));
      session.print(result, describe('void', result));
    });

  orders
    .command('override <order>')
    .description('replace what the provider has of an order, after a correction')
    .option('--organisation <provider=id>', 'new organisation id at a provider (repeatable)', pair, {})
    .option('--purchase-order <number>', 'new purchase order number')
    .option('--drop <device...>', 'devices that leave the order')
    .requiredOption(...reasonOption)
    .addHelpText(
      'after',
      examples('enrol orders override 884210 --organisation apple=7100456 --reason "wrong customer"'),
    )
    .action(async (order: string, options: OverrideOptions, command: Command) => {
      const session = sessionOf(command);
      const changes = {
        organisations: options.organisation,
        purchaseOrderNumber: options.purchaseOrder,
        drop: options.drop ?? [],
      };
      const result = await session.withStore((db) =>
        overrideOrder(db, session.operator(options.reason), order, changes),
      );
      session.print(result, describe('override', result));
    });
}

interface OverrideOptions {
  readonly organisation: Record<string, string>;
  readonly purchaseOrder?: string;
  readonly drop?: string[];
  readonly reason: string;
}

function describe(what: string, { order, devices }: OrderActionResult): string {
  const counts = Object.entries(devices).map(([status, count]) => `${count} ${status}`);
  return `Order ${order}: ${what}; devices: ${counts.join(', ') || 'none changed'}`;
}

/** Said of a file that may have been cut without a trace. */
const unverifiedLength = 'UNVERIFIED_LENGTH';

interface OrderFormat {
  readonly read: (bytes: Uint8Array) => NewOrder[];
  /** A file that is cut anywhere is not well-formed. */
  readonly tellsItsEnd: boolean;
}

/** @throws Fault BAD_INPUT */
function formatOf(file: string): OrderFormat {
  switch (extname(file).toLowerCase()) {
    case '.json':
      return { read: readJsonOrders, tellsItsEnd: true };
    case '.csv':
      return { read: readCsvOrders, tellsItsEnd: false };
    default:
      throw new Fault('BAD_INPUT', `${file}: orders are imported from .json or .csv`);
  }
}

/** @throws Fault NOT_FOUND, BAD_INPUT, TOO_LARGE (before it is read) */
export async function readInput(file: string, maxBytes = Infinity): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size > maxBytes) throw new Fault('TOO_LARGE', `${file}: ${size} bytes; the limit is ${maxBytes}`);
    return await readFile(file);
  } catch (error) {
    if (error instanceof Fault) throw error;
    const code = errnoOf(error);
    if (code === 'ENOENT') throw new Fault('NOT_FOUND', `there is no file ${file}`, { cause: error });
    throw new Fault('BAD_INPUT', `${file} cannot be read (${code ?? 'unknown error'})`, { cause: error });
  }
}
