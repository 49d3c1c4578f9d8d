import { z } from 'zod';

import {
  accountErrors,
  checkShape,
  deliveryError,
  deviceError,
  enrolShape,
  orderError,
  requestErrors,
  serviceError,
  type EnrolRequest,
  type PostedDelivery,
  type PostedDevice,
  type PostedOrder,
  type ServiceError,
} from './apple-request-check.ts';

/**
 * The service behind Apple's reseller API as far as a reseller can see it, in memory: which device is enrolled with
 * which order, and the results of transactions. As strict as the real one is reported to be. Time and ids are passed in.
 */

const refusal = z.strictObject({ errorCode: z.string(), errorMessage: z.string() });

/** Failures on request: by device, by the customer's organisation, and the first so many transactions as a whole. */
export const rulesSchema = z.strictObject({
  refuseDevices: z.record(z.string(), refusal).default({}),
  refuseOrganisations: z.record(z.string(), refusal).default({}),
  refuseTransactions: z.number().int().min(0).default(0),
});
export type Rules = z.infer<typeof rulesSchema>;
export const noRules: Rules = rulesSchema.parse({});

export const questions = ['bulk-enroll-devices', 'check-transaction-status'] as const;
export type Question = (typeof questions)[number];

/** What the service needs of the world. */
interface Surroundings {
  now(): Date;
  /** A unique text for ids of the service. */
  newId(): string;
}

/** An order on file. A return remembers from which order it took each device. */
interface FiledOrder {
  readonly header: string;
  readonly takenFrom: ReadonlyMap<string, string>;
}

interface Transaction {
  readonly result: object;
  readonly asked: boolean;
}

export class AppleService {
  readonly #surroundings: Surroundings;
  readonly #orders = new Map<string, FiledOrder>();
  readonly #enrolledWith = new Map<string, string>();
  readonly #usedIds = new Set<string>();
  readonly #transactions = new Map<string, Transaction>();
  #refused = 0;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** The order that a device is enrolled with. */
  orderOf(deviceId: string): string | undefined {
    return this.#enrolledWith.get(deviceId);
  }

  /** The answer of the service to one document. */
  answer(question: Question, document: unknown, rules: Rules): object {
    return question === 'bulk-enroll-devices' ? this.#enrol(document, rules) : this.#check(document);
  }

  /** The answer to something that is not even JSON, or not of the right shape: a bare error. */
  bareError(error: ServiceError): object {
    return { ...error, transactionId: `${this.#surroundings.newId()}-${this.#milliseconds()}` };
  }

  #enrol(document: unknown, rules: Rules): object {
    if (this.#refused < rules.refuseTransactions) return this.#refuseOnRequest();
    const read = enrolShape.safeParse(document);
    if (!read.success) return this.bareError(misshapen(read.error));
    const [accountError] = accountErrors(read.data);
    if (accountError) return this.bareError(accountError);
    const errors = requestErrors(read.data);
    if (errors.length > 0) return { enrollDeviceErrorResponse: errors.length === 1 ? errors[0] : errors };
    return this.#accept(read.data, rules);
  }

  /** Takes turns with the three shapes in which the real service refuses. */
  #refuseOnRequest(): object {
    const error = { errorCode: 'GRX-50072', errorMessage: 'Refused by the rules of the simulator' };
    const shapes = [
      { enrollDeviceErrorResponse: error },
      { enrollDeviceErrorResponse: [error, serviceError('DEP-ERR-3003')] },
      this.bareError(error),
    ];
    return shapes[this.#refused++ % shapes.length] ?? {};
  }

  /** Does the work at once, but keeps the result back: a reseller must not count on it. */
  #accept(request: EnrolRequest, rules: Rules): object {
    const { transactionId = '', orders = [] } = request;
    if (this.#usedIds.has(transactionId)) {
      const errorMessage = 'The transaction id was used before';
      return { enrollDeviceErrorResponse: { errorCode: 'DEP-ERR-3001', errorMessage } };
    }
    this.#usedIds.add(transactionId);
    const id = `${this.#surroundings.newId()}_${this.#milliseconds()}`;
    const posted = orders.map((order) => this.#post(order, rules));
    const result = {
      deviceEnrollmentTransactionID: id,
      transactionId,
      completedOn: this.#surroundings.now().toISOString().replace(/\.\d+/, ''),
      statusCode: summary(
        posted.map((order) => order.orderPostStatus),
        'COMPLETE_WITH_ERRORS',
      ),
      orders: posted,
    };
    this.#transactions.set(id, { result, asked: false });
    return {
      deviceEnrollmentTransactionId: id,
      enrollDevicesResponse: { statusCode: 'SUCCESS', statusMessage: 'Queued' },
    };
  }

  #check(document: unknown): object {
    const read = checkShape.safeParse(document);
    if (!read.success) return this.bareError(misshapen(read.error));
    const [accountError] = accountErrors(read.data);
    if (accountError) return this.bareError(accountError);
    const { depResellerId, deviceEnrollmentTransactionId: id } = read.data;
    if (!depResellerId) return { checkTransactionErrorResponse: serviceError('GRX-1056') };
    if (!id) return { checkTransactionErrorResponse: serviceError('DEP-ERR-4001') };
    return this.#resultOf(id);
  }

  #resultOf(id: string): object {
    const transaction = this.#transactions.get(id);
    if (!transaction) return { checkTransactionErrorResponse: serviceError('DEP-ERR-4004') };
    if (transaction.asked) return transaction.result;
    this.#transactions.set(id, { ...transaction, asked: true });
    return {
      deviceEnrollmentTransactionID: id,
      checkTransactionErrorResponse: [serviceError('DEP-ERR-4003')],
    };
  }

  #post(order: PostedOrder, rules: Rules) {
    const { orderNumber = '', customerId = '' } = order;
    const error = orderError(order) ?? rules.refuseOrganisations[customerId] ?? this.#orderConflict(order);
    if (error) {
      return { orderNumber, orderPostStatus: error.errorCode, orderPostStatusMessage: error.errorMessage };
    }
    if (order.orderType === 'VD') {
      this.#undo(orderNumber);
      return { orderNumber, orderPostStatus: 'COMPLETE' };
    }
    return this.#postDeliveries(order, rules);
  }

  /** What the order cannot do, because of what is on file. */
  #orderConflict({ orderNumber = '', orderType, ...order }: PostedOrder): ServiceError | undefined {
    const filed = this.#orders.get(orderNumber);
    if (orderType === 'VD' || orderType === 'OV') {
      if (!filed) return serviceError('DEP-ERR-OR-4109');
      return this.#hasReturns(orderNumber) ? serviceError('DEP-ERR-OR-4114') : undefined;
    }
    const mayExist = orderType === 'OR' && filed?.header === headerOf(order);
    return filed && !mayExist ? serviceError('DEP-ERR-OR-4110') : undefined;
  }

  #hasReturns(orderNumber: string): boolean {
    return [...this.#orders.values()].some(({ takenFrom }) => [...takenFrom.values()].includes(orderNumber));
  }

  /** Reverses an order: its devices leave, and those that it had taken as a return come back. */
  #undo(orderNumber: string): void {
    for (const [device, order] of this.#enrolledWith) {
      if (order === orderNumber) this.#enrolledWith.delete(device);
    }
    this.#orders.get(orderNumber)?.takenFrom.forEach((from, device) => this.#enrolledWith.set(device, from));
    this.#orders.delete(orderNumber);
  }

  #postDeliveries(order: PostedOrder, rules: Rules) {
    const { orderNumber = '', orderDate, orderType, deliveries = [] } = order;
    const usable = deliveries.some((delivery) => !deliveryError(delivery, orderDate));
    if (orderType === 'OV' && usable) this.#undo(orderNumber);
    const takenFrom = new Map<string, string>();
    const take = (device: PostedDevice) =>
      orderType === 'RE' ? this.#giveBack(device, takenFrom) : this.#enrolDevice(device, orderNumber);
    const posted = deliveries.map((delivery) => postDelivery(delivery, orderDate, rules, take));
    const status = summary(
      posted.map((delivery) => delivery.deliveryPostStatus),
      'POSTED_WITH_ERRORS',
    );
    if (status !== 'ERROR') this.#orders.set(orderNumber, { header: headerOf(order), takenFrom });
    return { orderNumber, orderPostStatus: status, deliveries: posted };
  }

  #enrolDevice({ deviceId = '' }: PostedDevice, orderNumber: string): ServiceError | undefined {
    const holder = this.#enrolledWith.get(deviceId);
    if (holder !== undefined && holder !== orderNumber) return serviceError('DEP-ERR-DE-4303');
    this.#enrolledWith.set(deviceId, orderNumber);
    return undefined;
  }

  #giveBack({ deviceId = '' }: PostedDevice, takenFrom: Map<string, string>): ServiceError | undefined {
    const holder = this.#enrolledWith.get(deviceId);
    if (holder === undefined) return serviceError('DEP-ERR-DE-4306');
    this.#enrolledWith.delete(deviceId);
    takenFrom.set(deviceId, holder);
    return undefined;
  }

  #milliseconds(): number {
    return this.#surroundings.now().getTime();
  }
}

function postDelivery(
  delivery: PostedDelivery,
  orderDate: string | undefined,
  rules: Rules,
  take: (device: PostedDevice) => ServiceError | undefined,
) {
  const { deliveryNumber } = delivery;
  const error = deliveryError(delivery, orderDate);
  if (error) {
    return {
      deliveryNumber,
      deliveryPostStatus: error.errorCode,
      deliveryPostStatusMessage: error.errorMessage,
    };
  }
  const devices = (delivery.devices ?? []).map((device) => postDevice(device, rules, take));
  const status = summary(
    devices.map((device) => device.devicePostStatus),
    'POSTED_WITH_ERRORS',
  );
  return { deliveryNumber, deliveryPostStatus: status, devices };
}

function postDevice(
  device: PostedDevice,
  rules: Rules,
  take: (device: PostedDevice) => ServiceError | undefined,
) {
  const { deviceId = '' } = device;
  const error = deviceError(device) ?? rules.refuseDevices[deviceId] ?? take(device);
  return error
    ? { deviceId, devicePostStatus: error.errorCode, devicePostStatusMessage: error.errorMessage }
    : { deviceId, devicePostStatus: 'COMPLETE' };
}

/** The status of a level: all went well, nothing did, or the word for something in between. */
function summary(statuses: readonly string[], partly: string): string {
  if (statuses.every((status) => status === 'COMPLETE')) return 'COMPLETE';
  return statuses.some((status) => status === 'COMPLETE' || status === 'POSTED_WITH_ERRORS')
    ? partly
    : 'ERROR';
}

/** What must stay the same when devices are added to an order. */
const headerOf = ({ customerId, orderDate, poNumber }: PostedOrder): string =>
  JSON.stringify([customerId, orderDate, poNumber]);

/** Wrong type, or a key that the service does not know: spelling and case count. */
function misshapen(error: z.ZodError): ServiceError {
  const issue = error.issues[0];
  return { errorCode: 'GRX-5004', errorMessage: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` };
}
