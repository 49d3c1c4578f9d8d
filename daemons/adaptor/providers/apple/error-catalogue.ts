import type { ProviderError } from '../provider-format.ts';

/** What an error calls for, as integrators of Apple's reseller API report it. */
export type ErrorClass = 'auth' | 'config' | 'data' | 'conflict' | 'retry' | 'pending';

export interface CatalogueRow {
  readonly meaning: string;
  readonly class: ErrorClass;
}

const advice: Readonly<Record<ErrorClass, string>> = {
  auth: 'our access at Apple is to be checked',
  config: 'our account settings are to be checked',
  data: 'the order or device is to be corrected',
  conflict: 'what Apple has on file is to be settled first',
  retry: 'it may pass by itself; if it lasts, report it to Apple',
  pending: 'the result comes later',
};

/** Apple's error codes, as restated by integrators (the reference itself is open to resellers only). */
const rows: readonly (readonly [code: string, errorClass: ErrorClass, meaning: string])[] = [
  ['DEP-ERR-3001', 'data', 'The transaction id is missing'],
  ['DEP-ERR-3002', 'data', 'The transaction id is too long'],
  ['DEP-ERR-3003', 'data', 'The request has no valid order'],
  ['DEP-ERR-3004', 'data', 'The order number is missing'],
  ['DEP-ERR-3005', 'data', 'The request has too many devices; lower devicesPerRequest'],
  ['DEP-ERR-3006', 'data', 'The order number is too long'],
  ['DEP-ERR-3007', 'data', 'The request has too many orders; lower ordersPerRequest'],
  ['DEP-ERR-4001', 'data', "Apple's transaction id is missing in the question for the result"],
  ['DEP-ERR-4002', 'data', "Apple's transaction id is too long in the question for the result"],
  ['DEP-ERR-4003', 'pending', 'Apple is still at work on the request'],
  ['DEP-ERR-4004', 'data', 'Apple does not know the transaction id in the question for the result'],
  ['DEP-ERR-4005', 'retry', 'Apple was unable to process the question for the result'],
  ['DEP-ERR-OR-4101', 'data', "The customer's organisation id is missing"],
  ['DEP-ERR-OR-4102', 'data', "The customer's organisation id is not valid"],
  ['DEP-ERR-OR-4103', 'data', "The customer's organisation id is too long"],
  ['DEP-ERR-OR-4104', 'data', 'The order date is missing'],
  ['DEP-ERR-OR-4105', 'data', 'The order date is not valid'],
  ['DEP-ERR-OR-4106', 'data', 'The order type is missing'],
  ['DEP-ERR-OR-4107', 'data', 'The order type is not valid'],
  ['DEP-ERR-OR-4108', 'data', 'The purchase order number is too long'],
  ['DEP-ERR-OR-4109', 'conflict', 'Apple has no order of this number to void or override'],
  [
    'DEP-ERR-OR-4110',
    'conflict',
    'The order differs from the one Apple has under this number; override or void that one',
  ],
  ['DEP-ERR-OR-4111', 'data', 'The delivery number is missing'],
  ['DEP-ERR-OR-4112', 'data', 'The delivery number is too long'],
  ['DEP-ERR-OR-4113', 'data', 'A void must not list deliveries'],
  ['DEP-ERR-OR-4114', 'data', 'The order has invalid or missing information'],
  ['DEP-ERR-DL-4201', 'data', 'The ship date is missing'],
  ['DEP-ERR-DL-4202', 'data', 'The ship date is not valid'],
  ['DEP-ERR-DL-4203', 'data', 'The ship date is before the order date'],
  ['DEP-ERR-DL-4205', 'data', 'The device id is missing'],
  ['DEP-ERR-DL-4206', 'data', 'The device id is too long'],
  ['DEP-ERR-DL-4207', 'data', 'The delivery has invalid information'],
  ['DEP-ERR-DE-4301', 'data', 'The device id is not valid'],
  ['DEP-ERR-DE-4302', 'data', 'The asset tag is too long'],
  ['DEP-ERR-DE-4303', 'conflict', 'The device is already enrolled with another order'],
  ['DEP-ERR-DE-4304', 'conflict', 'The device is assigned to another customer'],
  ['DEP-ERR-DE-4305', 'conflict', 'The device is assigned to another reseller'],
  ['DEP-ERR-DE-4306', 'data', 'Apple cannot locate the device'],
  ['DEP-ERR-5001', 'data', 'The order number is missing in the question for orders'],
  ['DEP-ERR-5002', 'conflict', 'Apple cannot locate the order'],
  ['DEP-ERR-5003', 'retry', 'Apple was unable to process the question for orders'],
  ['DEP-ERR-5004', 'retry', 'Apple was unable to process the question for orders'],
  ['DEP-ERR-5005', 'config', 'A Sold-To account is not on-boarded at Apple'],
  ['GRX-1000', 'data', 'Apple could not read the JSON'],
  ['GRX-1056', 'config', 'The reseller id is missing'],
  ['GRX-5004', 'data', 'A value is of the wrong type'],
  ['GRX-16001', 'retry', "Apple's server failed, or the request was empty"],
  ['GRX-16002', 'config', 'The content type is not one that Apple takes'],
  ['GRX-50001', 'auth', 'We are not authorised for this operation'],
  ['GRX-50018', 'config', 'The user id is blank'],
  ['GRX-50019', 'config', 'The password is blank'],
  ['GRX-50020', 'config', 'The Ship-To is missing'],
  ['GRX-50021', 'config', 'The state is blank'],
  ['GRX-50022', 'config', 'The time zone is not valid'],
  ['GRX-50023', 'config', 'The Sold-To is blank'],
  ['GRX-50025', 'config', 'The Ship-To is not valid'],
  ['GRX-50026', 'config', 'The Ship-To account is no longer active'],
  ['GRX-50027', 'auth', 'We have no privilege for the web service'],
  ['GRX-50028', 'config', 'The language is not valid for the sales organisation'],
  ['GRX-50030', 'config', 'The time zone is blank'],
  ['GRX-50031', 'config', 'The language code is missing'],
  ['GRX-50035', 'auth', 'The session has expired'],
  ['GRX-50036', 'auth', 'The login failed'],
  ['GRX-50038', 'auth', 'The client certificate is missing or not valid'],
  [
    'GRX-50039',
    'config',
    'Apple redirects to another host; the address may be the wrong one for our Ship-To',
  ],
  ['GRX-50072', 'retry', 'Apple has a system error that it wants to hear of urgently'],
  ['GRX-50205', 'auth', 'The authorisation failed'],
  ['GRX-90004', 'auth', 'We have no permission for this reseller id'],
  ['GRX-90041', 'auth', 'The Ship-To has no access to this action'],
  // Status words that stand where a code could be.
  ['ERROR', 'data', 'Apple refused it without giving a code'],
  ['POSTED_WITH_ERRORS', 'data', 'Apple posted it only in part and gave no code for this one'],
  ['COMPLETE_WITH_ERRORS', 'data', 'Apple completed the request only in part and gave no code for this one'],
];

/** For codes that are not in the list: the prefix tells the level. */
const prefixes: readonly (readonly [prefix: string, errorClass: ErrorClass, meaning: string])[] = [
  ['DEP-ERR-OR-', 'data', 'Apple refused the order'],
  ['DEP-ERR-DL-', 'data', 'Apple refused the delivery'],
  ['DEP-ERR-DE-', 'data', 'Apple refused the device'],
  ['DEP-ERR-3', 'data', 'Apple refused the request'],
  ['DEP-ERR-4', 'data', 'Apple refused the question for the result'],
  ['DEP-ERR-5', 'data', 'Apple refused the question for orders'],
  ['GRX-', 'config', "Apple's platform refused the request"],
];

const catalogue: ReadonlyMap<string, CatalogueRow> = new Map(
  rows.map(([code, errorClass, meaning]) => [code, { meaning, class: errorClass }]),
);

/** The row of a code; for a code that is not known, what its prefix says. */
export function lookUpError(code: string): CatalogueRow {
  return catalogue.get(code) ?? fallback(code);
}

function fallback(code: string): CatalogueRow {
  const known = prefixes.find(([prefix]) => code.startsWith(prefix));
  const [, errorClass, meaning] = known ?? ['', 'data', 'Apple refused it'];
  return { class: errorClass, meaning: `${meaning} with a code that is not in our list` };
}

/** The error as Apple wrote it; with our words where Apple gave only the code. */
export function describeError(error: ProviderError): ProviderError {
  if (error.message.trim() !== '') return error;
  const { meaning, class: errorClass } = lookUpError(error.code);
  return { code: error.code, message: `${meaning} (${advice[errorClass]}).` };
}
