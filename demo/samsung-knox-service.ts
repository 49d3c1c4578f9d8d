import { z } from 'zod';

import { tokenRules } from './oauth2.ts';
import type { KnoxError, KnoxErrors } from './samsung-knox-errors.ts';
import { isValidDevice, type KnoxRequest } from './samsung-knox-request-check.ts';

/** The Knox Deployment Program as a reseller sees it, in memory. Both generations work on the same devices. */

const counter = z.number().int().min(0);

export const knoxRules = z.strictObject({
  ...tokenRules,
  /** By device, in the result. */
  refuseDevices: z.record(z.string(), z.strictObject({ code: z.number(), message: z.string() })).default({}),
  /** Resellers and customers that exist; empty: all. */
  resellers: z.array(z.string()).default([]),
  customers: z.array(z.string()).default([]),
  /** Devices in the inventory of another reseller. */
  othersDevices: z.array(z.string()).default([]),
  /** Devices that are missing in results. */
  omitDevices: z.array(z.string()).default([]),
  /** So many questions find the transaction in progress. */
  pendingPolls: counter.default(1),
  devicesPerRequest: counter.default(100_000),
  /** Refused requests come with HTTP 200 in place of the status of their code. */
  rejectedWith200: z.boolean().default(false),
  /** The first so many requests are taken, and rejected as a whole in the status only. */
  rejectLater: counter.default(0),
  /** A question for an unknown transaction: an error, or a list without it. */
  unknownTransaction: z.enum(['error', 'empty']).default('error'),
  /** How codes are written; else numbers in the first generation, texts in the second save in its errors. */
  codes: z.enum(['number', 'text']).optional(),
});
export type KnoxRules = z.infer<typeof knoxRules>;

export interface DeviceVerdict {
  readonly id: string;
  readonly kind: KnoxRequest['kind'];
  readonly error?: { readonly code: number; readonly message: string } | undefined;
}

export interface Transaction {
  readonly request: KnoxRequest;
  readonly state: 'Complete' | 'Rejected';
  readonly devices: readonly DeviceVerdict[];
  readonly polls: number;
}

/** A device in the inventory. */
interface Holding {
  readonly resellerId: string;
  readonly customerId: string;
  readonly transactionId: string;
  readonly kind: KnoxRequest['kind'];
}

export class KnoxService {
  readonly #inventory = new Map<string, Holding>();
  readonly #transactions = new Map<string, Transaction>();
  #rejectedLater = 0;

  /** The customer for whom a device is uploaded. */
  customerOf(device: string): string | undefined {
    return this.#inventory.get(device)?.customerId;
  }

  /** Device -> the customer for whom it is uploaded. */
  enrolled(): Record<string, string> {
    return Object.fromEntries([...this.#inventory].map(([device, { customerId }]) => [device, customerId]));
  }

  /** Takes a request, and does it at once; undefined, or why it is refused as a whole. */
  take(request: KnoxRequest, errors: KnoxErrors, rules: KnoxRules): KnoxError | undefined {
    const { resellerId, customerId, removeTransactionId } = request;
    const exists = (list: readonly string[], id: string) => list.length === 0 || list.includes(id);
    if (resellerId === '') return errors.resellerMissing;
    if (!exists(rules.resellers, resellerId)) return errors.resellerUnknown;
    if (customerId === '' || !exists(rules.customers, customerId)) return errors.customerUnknown;
    if (request.devices.length > rules.devicesPerRequest) return errors.tooLarge;
    const key = keyOf(request);
    if (this.#transactions.has(key)) return errors.transactionExists;
    const earlier = keyOf({ ...request, transactionId: removeTransactionId ?? '' });
    if (removeTransactionId !== undefined && !this.#transactions.has(earlier))
      return errors.transactionUnknown;
    const rejected = this.#rejectedLater < rules.rejectLater;
    if (rejected) this.#rejectedLater += 1;
    const wanted = removeTransactionId === undefined ? request.devices : this.#broughtIn(earlier);
    this.#transactions.set(key, {
      request,
      state: rejected ? 'Rejected' : 'Complete',
      devices: rejected ? [] : wanted.map((id) => this.#move(id, request, errors, rules)),
      polls: 0,
    });
    return undefined;
  }

  /** A transaction as its caller finds it; every question brings it on. */
  poll(
    asked: Pick<KnoxRequest, 'resellerId' | 'transactionId'>,
    { pendingPolls }: KnoxRules,
  ): { readonly transaction: Transaction; readonly pending: boolean } | undefined {
    const transaction = this.#transactions.get(keyOf(asked));
    if (!transaction) return undefined;
    const pending = transaction.polls < pendingPolls;
    this.#transactions.set(keyOf(asked), { ...transaction, polls: transaction.polls + 1 });
    return { transaction, pending };
  }

  /** The devices that an upload has brought in and that are still there. */
  #broughtIn(key: string): string[] {
    const found = [...this.#inventory].filter(([, holding]) => keyOf(holding) === key);
    return found.map(([device]) => device);
  }

  #move(id: string, request: KnoxRequest, errors: KnoxErrors, rules: KnoxRules): DeviceVerdict {
    const { resellerId, customerId, transactionId } = request;
    const held = this.#inventory.get(id);
    const kind = request.removeTransactionId === undefined ? request.kind : (held?.kind ?? 'IMEI');
    const fail = (error: DeviceVerdict['error']): DeviceVerdict => ({ id, kind, error });
    if (!isValidDevice(id, kind)) return fail(errors.deviceInvalid);
    if (rules.refuseDevices[id]) return fail(rules.refuseDevices[id]);
    if (request.operation === 'upload') {
      if (held || rules.othersDevices.includes(id)) return fail(errors.deviceExists);
      this.#inventory.set(id, { resellerId, customerId, transactionId, kind });
      return { id, kind };
    }
    const ours = held?.resellerId === resellerId && held.customerId === customerId;
    if (!ours) return fail(errors.deviceUnknown);
    this.#inventory.delete(id);
    return { id, kind };
  }
}

const keyOf = ({ resellerId, transactionId }: Pick<KnoxRequest, 'resellerId' | 'transactionId'>): string =>
  JSON.stringify([resellerId, transactionId]);
