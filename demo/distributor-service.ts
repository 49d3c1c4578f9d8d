import { z } from 'zod';

import { readSheet, writeSheet, type SheetRow } from './distributor-sheets.ts';
import { tokenRules } from './oauth2.ts';

/** A distributor who takes sheets of devices, in memory. It stands for partners whose format is a matter of settings. */

const refusal = z.strictObject({ code: z.string(), text: z.string() });

export const distributorRules = z.strictObject({
  ...tokenRules,
  /** By device, in the result. */
  refuseDevices: z.record(z.string(), refusal).default({}),
  /** Devices that are missing in results. */
  omitDevices: z.array(z.string()).default([]),
  /** So many questions find every device open. */
  pendingPolls: z.number().int().min(0).default(1),
  /** Answers with the result in place of an acknowledgement. Over the spool it always does. */
  answer: z.enum(['later', 'at once']).default('later'),
  devicesPerSheet: z.number().int().min(1).default(1000),
  /** Order API: orders that exist; empty: all. */
  orders: z.array(z.number()).default([]),
  /** Order API: how an order ends that does not end as `Finished`. */
  orderEnds: z.record(z.string(), z.string()).default({}),
});
export type DistributorRules = z.infer<typeof distributorRules>;

interface Sheet {
  readonly reference: string;
  readonly results: readonly (SheetRow & { readonly error: z.infer<typeof refusal> | undefined })[];
  readonly polls: number;
}

const resultColumns = ['Transaction', 'Reference', 'Order', 'Device', 'Result', 'Code', 'Text'];
const acknowledgementColumns = ['Transaction', 'Reference', 'Status', 'Code', 'Text'];

export class DistributorService {
  readonly #customerOf = new Map<string, string>();
  readonly #sheets = new Map<string, Sheet>();

  /** The customer for whom a device is enrolled. */
  customerOf(device: string): string | undefined {
    return this.#customerOf.get(device);
  }

  /** Device -> the customer for whom it is enrolled. */
  enrolled(): Record<string, string> {
    return Object.fromEntries(this.#customerOf);
  }

  /** Takes a sheet and works it off; the answer is a sheet, too. */
  take(text: string, rules: DistributorRules): string {
    const rows = readSheet(text);
    if (typeof rows === 'string') return refuse('', 'UNREADABLE', rows);
    const transaction = rows[0]?.Transaction ?? '';
    if (this.#sheets.has(transaction))
      return refuse(transaction, 'DUPLICATE', 'The transaction was sent before');
    if (rows.length > rules.devicesPerSheet)
      return refuse(transaction, 'TOO-MANY', `At most ${rules.devicesPerSheet} devices`);
    const reference = `DIST-${String(this.#sheets.size + 1).padStart(6, '0')}`;
    const results = rows.map((row) => ({ ...row, error: this.#move(row, rules) }));
    this.#sheets.set(transaction, { reference, results, polls: 0 });
    return rules.answer === 'at once'
      ? this.#result(transaction, { ...rules, pendingPolls: 0 })
      : writeSheet(acknowledgementColumns, [[transaction, reference, 'RECEIVED', '', '']]);
  }

  /** The result of a sheet, or that there is none of that transaction. Every question brings it on. */
  poll(transaction: string, rules: DistributorRules): string {
    return this.#sheets.has(transaction)
      ? this.#result(transaction, rules)
      : refuse(transaction, 'NO-SUCH-TRANSACTION', 'There is no such transaction');
  }

  #result(transaction: string, { pendingPolls, omitDevices }: DistributorRules): string {
    const sheet = this.#sheets.get(transaction) ?? { reference: '', results: [], polls: 0 };
    this.#sheets.set(transaction, { ...sheet, polls: sheet.polls + 1 });
    const open = sheet.polls < pendingPolls;
    const told = sheet.results
      .filter(({ Device }) => !omitDevices.includes(Device))
      .map(({ Order, Device, error }) => {
        const outcome = open
          ? ['OPEN', '', '']
          : error
            ? ['FAILED', error.code, error.text]
            : ['DONE', '', ''];
        return [transaction, sheet.reference, Order, Device, ...outcome];
      });
    return writeSheet(resultColumns, told);
  }

  #move({ Action, Device, Customer }: SheetRow, rules: DistributorRules) {
    if (rules.refuseDevices[Device]) return rules.refuseDevices[Device];
    const holder = this.#customerOf.get(Device);
    if (Action === 'ENROL') {
      if (holder !== undefined && holder !== Customer)
        return { code: 'TAKEN', text: 'The device is enrolled for another customer' };
      this.#customerOf.set(Device, Customer);
      return undefined;
    }
    if (holder !== Customer)
      return { code: 'NOT-HELD', text: 'The device is not enrolled for this customer' };
    this.#customerOf.delete(Device);
    return undefined;
  }
}

const refuse = (transaction: string, code: string, text: string): string =>
  writeSheet(acknowledgementColumns, [[transaction, '', 'REFUSED', code, text]]);
