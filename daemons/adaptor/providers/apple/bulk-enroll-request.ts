import type { RequestType } from '../../../../shared/generic/device-enrolment-request.ts';

/**
 * The body of `bulk-enroll-devices`. Facts: Apple's reseller API as restated by integrators; key case, date format and
 * lengths are exact, because the service is strict.
 */

export const orderTypes = { ORDER: 'OR', RETURN: 'RE', VOID: 'VD', OVERRIDE: 'OV' } as const satisfies Record<
  RequestType,
  string
>;

/** Longest values that Apple takes. The limit of transactionId is not published; clients stay within 20. */
export const longest = {
  transactionId: 20,
  orderNumber: 32,
  customerId: 32,
  poNumber: 100,
  deviceId: 20,
} as const;

export interface AppleDevice {
  readonly deviceId: string;
  readonly assetTag?: string;
}

export interface AppleDelivery {
  readonly deliveryNumber: string;
  readonly shipDate: string;
  readonly devices: readonly AppleDevice[];
}

export interface AppleOrder {
  readonly orderNumber: string;
  readonly orderDate: string;
  readonly orderType: (typeof orderTypes)[RequestType];
  readonly customerId: string;
  readonly poNumber?: string;
  /** Empty for a void. */
  readonly deliveries: readonly AppleDelivery[];
}

/** Who asks. */
export interface Sender {
  readonly requestContext: { readonly shipTo: string; readonly timeZone: string; readonly langCode: string };
  readonly depResellerId: string;
}

export interface BulkEnrollRequest extends Sender {
  readonly transactionId: string;
  readonly orders: readonly AppleOrder[];
}

/** The body of `check-transaction-status`. */
export interface StatusQuestion extends Sender {
  readonly deviceEnrollmentTransactionId: string;
}

/** The body of `show-order-details`. */
export interface OrdersQuestion extends Sender {
  readonly orderNumbers: readonly string[];
}
