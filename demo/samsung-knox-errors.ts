/**
 * Codes of the Knox Deployment Program. Samsung's full table is not public: numbers marked "made up" stand for codes
 * that exist and are not known, so that a caller has to manage without knowing them.
 */

export interface KnoxError {
  readonly code: number;
  readonly message: string;
  readonly httpStatus: number;
}

const error = (code: number, message: string, httpStatus: number): KnoxError => ({
  code,
  message,
  httpStatus,
});

/** First generation, `/bulkenroll`: seven digits. */
export const gen1 = {
  badRequest: error(4002100, 'BAD_REQUEST', 400), // made up
  resellerMissing: error(4002101, 'RESELLER_ID_MISSING', 400),
  deviceInvalid: error(4002110, 'DEVICE_INVALID', 400), // made up
  unauthorised: error(4012100, 'UNAUTHORIZED', 401), // made up
  resellerUnknown: error(4042100, 'RESELLER_NOT_FOUND', 404), // made up
  customerUnknown: error(4042104, 'CUSTOMER_NOT_FOUND', 404),
  deviceUnknown: error(4042110, 'RESELLER_CUSTOMER_DEVICE_NOT_FOUND', 404), // made up
  transactionUnknown: error(4042120, 'TRANSACTION_NOT_FOUND', 404), // made up
  tooLarge: error(4132100, 'REQUEST_TOO_LARGE', 413), // made up
  deviceExists: error(4092100, 'RESELLER_DEVICE_ALREADY_EXISTS', 409),
  transactionExists: error(4092101, 'TRANSACTION_ALREADY_EXISTS', 409), // made up
  serverError: error(5002100, 'INTERNAL_SERVER_ERROR', 500), // made up
};
export type KnoxErrors = typeof gen1;

/** Second generation, `/kcs`: eight digits. */
export const gen2: KnoxErrors = {
  badRequest: error(40000000, 'BAD_REQUEST', 400), // made up
  resellerMissing: error(40000001, 'RESELLER_ID_MISSING', 400), // made up
  deviceInvalid: error(40000004, 'DEVICE_INVALID', 400),
  unauthorised: error(4012250, 'ACCESS_TOKEN_BAD_REQUEST', 401),
  resellerUnknown: error(40400001, 'RESELLER_NOT_FOUND', 404),
  customerUnknown: error(40000011, 'CUSTOMER_ID_INVALID', 400),
  deviceUnknown: error(40000044, 'RESELLER_CUSTOMER_DEVICE_NOT_FOUND', 400),
  transactionUnknown: error(40400020, 'TRANSACTION_NOT_FOUND', 404), // made up
  tooLarge: error(41300001, 'REQUEST_TOO_LARGE', 413), // made up
  deviceExists: error(40900001, 'RESELLER_DEVICE_ALREADY_EXISTS', 409), // made up
  transactionExists: error(40900002, 'TRANSACTION_ALREADY_EXISTS', 409), // made up
  serverError: error(50000000, 'INTERNAL_SERVER_ERROR', 500),
};
