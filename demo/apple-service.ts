import { z } from 'zod';

import { serviceError, type ServiceError } from './apple-errors.ts';
import { OrderBook } from './apple-order-book.ts';
import {
  accountErrors,
  checkShape,
  enrolShape,
  requestErrors,
  showShape,
  type EnrolRequest,
} from './apple-request-check.ts';
import { spoil, summary, type Result } from './apple-results.ts';
import type { Surroundings } from './service.ts';

/**
 * The service behind Apple's reseller API as far as a reseller can see it, in memory: which device is enrolled with
 * which order, and the results of transactions. As strict as the real one is reported to be. Time and ids are passed in.
 */

const refusal = z.strictObject({ errorCode: z.string(), errorMessage: z.string() });
const counter = z.number().int().min(0);

/** Failures on request, and what the real service does now and then. */
export const rulesSchema = z.strictObject({
  /** By device, in the result. */
  refuseDevices: z.record(z.string(), refusal).default({}),
  /** By the customer's organisation, in the result. */
  refuseOrganisations: z.record(z.string(), refusal).default({}),
  /** The first so many transactions as a whole. */
  refuseTransactions: counter.default(0),
  /** The code for that. */
  refusalCode: z.string().default('GRX-50072'),
  /** The first so many questions about transactions, with DEP-ERR-4005. */
  refuseQuestions: counter.default(0),
  /** The shape of errors: else as it comes, and refused transactions take turns with all three. */
  errorShape: z.enum(['object', 'array', 'bare']).optional(),
  /** So many questions about each transaction are answered with "in progress". */
  pendingQuestions: counter.default(1),
  ordersPerTransaction: counter.default(1000),
  devicesPerTransaction: counter.default(1000),
  /** The reseller ids that the caller may use; empty: any. */
  resellerIds: z.array(z.string()).default([]),
  /** Devices that another reseller has enrolled. */
  otherResellersDevices: z.array(z.string()).default([]),
  /** Devices that are missing in results. */
  omitDevices: z.array(z.string()).default([]),
  /** `complete on top`: the status of the whole hides the errors inside. */
  quirks: z.array(z.enum(['complete on top', 'blank before status', 'no transaction id'])).default([]),
});
export type Rules = z.infer<typeof rulesSchema>;
export const noRules: Rules = rulesSchema.parse({});

export const questions = ['bulk-enroll-devices', 'check-transaction-status', 'show-order-details'] as const;
export type Question = (typeof questions)[number];

type ErrorKey = 'enrollDeviceErrorResponse' | 'checkTransactionErrorResponse' | 'showOrderErrorResponse';

interface Transaction {
  readonly result: Result;
  readonly asked: number;
}

export class AppleService {
  readonly #surroundings: Surroundings;
  readonly #book = new OrderBook();
  readonly #usedIds = new Set<string>();
  readonly #transactions = new Map<string, Transaction>();
  #refused = 0;
  #refusedQuestions = 0;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** The order that a device is enrolled with. */
  orderOf(deviceId: string): string | undefined {
    return this.#book.holderOf(deviceId)?.orderNumber;
  }

  /** Device -> the customer for whom it is enrolled. */
  enrolled(): Record<string, string> {
    return this.#book.customers();
  }

  /** The answer of the service to one document. */
  answer(question: Question, document: unknown, rules: Rules): object {
    switch (question) {
      case 'bulk-enroll-devices':
        return this.#enrol(document, rules);
      case 'check-transaction-status':
        return this.#check(document, rules);
      case 'show-order-details':
        return this.#show(document, rules);
    }
  }

  /** The answer to something that is not even JSON, or not of the right shape: a bare error. */
  bareError(error: ServiceError): object {
    return { ...error, transactionId: `${this.#surroundings.newId()}-${this.#milliseconds()}` };
  }

  #enrol(document: unknown, rules: Rules): object {
    if (this.#refused < rules.refuseTransactions) return this.#refuseOnRequest(rules);
    const read = enrolShape.safeParse(document);
    if (!read.success) return this.bareError(misshapen(read.error));
    const [accountError] = accountErrors(read.data);
    if (accountError) return this.bareError(accountError);
    const errors = [...permissionErrors(read.data.depResellerId, rules), ...requestErrors(read.data, rules)];
    if (errors.length > 0) return this.#errors('enrollDeviceErrorResponse', errors, rules);
    return this.#accept(read.data, rules);
  }

  /** Takes turns with the three shapes in which the real service refuses, unless one is asked for. */
  #refuseOnRequest(rules: Rules): object {
    const errorMessage = 'Refused by the rules of the simulator';
    const errors = [{ errorCode: rules.refusalCode, errorMessage }, serviceError('DEP-ERR-3003')];
    const inTurn = (['object', 'array', 'bare'] as const)[this.#refused++ % 3] ?? 'object';
    const errorShape = rules.errorShape ?? inTurn;
    return this.#errors('enrollDeviceErrorResponse', errors, { errorShape });
  }

  /** Errors in one of the three shapes. Several come as a list, unless the rules ask for less. */
  #errors(
    key: ErrorKey,
    errors: readonly ServiceError[],
    { errorShape }: { readonly errorShape?: Rules['errorShape'] },
  ): object {
    const [first = serviceError('GRX-16001')] = errors;
    const shape = errorShape ?? (errors.length > 1 ? 'array' : 'object');
    if (shape === 'bare') return this.bareError(first);
    return { [key]: shape === 'array' ? errors : first };
  }

  /** Does the work at once, but keeps the result back: a reseller must not count on it. */
  #accept(request: EnrolRequest, rules: Rules): object {
    const { transactionId = '', depResellerId = '', orders = [] } = request;
    if (this.#usedIds.has(transactionId)) {
      const errorMessage = 'The transaction id was used before';
      return this.#errors('enrollDeviceErrorResponse', [{ errorCode: 'DEP-ERR-3001', errorMessage }], rules);
    }
    this.#usedIds.add(transactionId);
    const id = `${this.#surroundings.newId()}_${this.#milliseconds()}`;
    const posted = orders.map((order) => this.#book.post(order, depResellerId, rules));
    const result = {
      deviceEnrollmentTransactionID: id,
      transactionId,
      completedOn: this.#seconds(),
      statusCode: summary(
        posted.map((order) => order.orderPostStatus),
        'COMPLETE_WITH_ERRORS',
      ),
      orders: posted,
    };
    this.#transactions.set(id, { result, asked: 0 });
    return {
      deviceEnrollmentTransactionId: id,
      enrollDevicesResponse: { statusCode: 'SUCCESS', statusMessage: 'Queued' },
    };
  }

  #check(document: unknown, rules: Rules): object {
    const read = checkShape.safeParse(document);
    if (!read.success) return this.bareError(misshapen(read.error));
    const [accountError] = accountErrors(read.data);
    if (accountError) return this.bareError(accountError);
    const { deviceEnrollmentTransactionId: id = '' } = read.data;
    const [error] = [
      ...permissionErrors(read.data.depResellerId, rules),
      ...(id === '' ? [serviceError('DEP-ERR-4001')] : []),
      ...(id.length > 100 ? [serviceError('DEP-ERR-4002')] : []),
      ...(this.#refusedQuestions < rules.refuseQuestions ? [serviceError('DEP-ERR-4005')] : []),
    ];
    if (error?.errorCode === 'DEP-ERR-4005') this.#refusedQuestions += 1;
    return error ? this.#errors('checkTransactionErrorResponse', [error], rules) : this.#resultOf(id, rules);
  }

  #resultOf(id: string, rules: Rules): object {
    const transaction = this.#transactions.get(id);
    if (!transaction)
      return this.#errors('checkTransactionErrorResponse', [serviceError('DEP-ERR-4004')], rules);
    if (transaction.asked >= rules.pendingQuestions) return spoil(transaction.result, rules);
    this.#transactions.set(id, { ...transaction, asked: transaction.asked + 1 });
    const errors = [serviceError('DEP-ERR-4003')];
    const inProgress = { errorShape: rules.errorShape ?? ('array' as const) };
    return {
      deviceEnrollmentTransactionID: id,
      ...this.#errors('checkTransactionErrorResponse', errors, inProgress),
    };
  }

  #show(document: unknown, rules: Rules): object {
    const read = showShape.safeParse(document);
    if (!read.success) return this.bareError(misshapen(read.error));
    const [accountError] = accountErrors(read.data);
    if (accountError) return this.bareError(accountError);
    const { depResellerId = '', orderNumbers = [] } = read.data;
    const [error] = [
      ...permissionErrors(read.data.depResellerId, rules),
      ...(orderNumbers.length === 0 || orderNumbers.includes('') ? [serviceError('DEP-ERR-5001')] : []),
    ];
    if (error) return this.#errors('showOrderErrorResponse', [error], rules);
    return {
      statusCode: 'COMPLETE',
      respondedOn: this.#seconds(),
      orders: orderNumbers.map((orderNumber) => this.#book.show(orderNumber, depResellerId)),
    };
  }

  #milliseconds(): number {
    return this.#surroundings.now().getTime();
  }

  #seconds(): string {
    return this.#surroundings.now().toISOString().replace(/\.\d+/, '');
  }
}

/** Does the caller speak for a reseller that it may speak for? */
function permissionErrors(resellerId: string | undefined, { resellerIds }: Rules): ServiceError[] {
  if (!resellerId) return [serviceError('GRX-1056')];
  const permitted = resellerIds.length === 0 || resellerIds.includes(resellerId);
  return permitted ? [] : [serviceError('GRX-90004')];
}

/** Wrong type, or a key that the service does not know: spelling and case count. */
function misshapen(error: z.ZodError): ServiceError {
  const issue = error.issues[0];
  return { errorCode: 'GRX-5004', errorMessage: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` };
}
