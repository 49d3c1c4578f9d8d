/** Texts with which the simulated service explains its codes. The real ones are localised. */
const texts: Readonly<Record<string, string>> = {
  'DEP-ERR-3001': 'The transaction id is missing.',
  'DEP-ERR-3002': 'The transaction id is too long.',
  'DEP-ERR-3003': 'Order information is missing; at least one valid order is needed.',
  'DEP-ERR-3004': 'The order number is missing.',
  'DEP-ERR-3005': 'There are too many devices in the transaction.',
  'DEP-ERR-3006': 'The order number is too long.',
  'DEP-ERR-3007': 'There are too many orders in the transaction.',
  'DEP-ERR-4001': 'The device enrollment transaction id is missing.',
  'DEP-ERR-4002': 'The device enrollment transaction id is too long.',
  'DEP-ERR-4003': 'The transaction is still in progress.',
  'DEP-ERR-4004': 'The device enrollment transaction id is not valid.',
  'DEP-ERR-4005': 'The request cannot be processed.',
  'DEP-ERR-OR-4101': 'The customer id is missing.',
  'DEP-ERR-OR-4102': 'The customer id is not valid.',
  'DEP-ERR-OR-4103': 'The customer id is too long.',
  'DEP-ERR-OR-4104': 'The order date is missing.',
  'DEP-ERR-OR-4105': 'The order date is not valid.',
  'DEP-ERR-OR-4106': 'The order type is missing.',
  'DEP-ERR-OR-4107': 'The order type is not valid.',
  'DEP-ERR-OR-4108': 'The PO number is too long.',
  'DEP-ERR-OR-4109': 'The order number was not found.',
  'DEP-ERR-OR-4110': 'The order header differs from the one on file. Post an override, or void it first.',
  'DEP-ERR-OR-4111': 'The delivery number is missing.',
  'DEP-ERR-OR-4112': 'The delivery number is too long.',
  'DEP-ERR-OR-4113': 'A void order must not contain deliveries.',
  'DEP-ERR-OR-4114': 'The order cannot be processed: information is missing or not valid.',
  'DEP-ERR-DL-4201': 'The ship date is missing.',
  'DEP-ERR-DL-4202': 'The ship date is not valid.',
  'DEP-ERR-DL-4203': 'The ship date is before the order date.',
  'DEP-ERR-DL-4205': 'The device id is missing.',
  'DEP-ERR-DL-4206': 'The device id is too long.',
  'DEP-ERR-DE-4301': 'The device id is not valid.',
  'DEP-ERR-DE-4302': 'The asset tag is too long.',
  'DEP-ERR-DE-4303': 'The same device id is used in another order.',
  'DEP-ERR-DE-4304': 'The device is assigned to another customer.',
  'DEP-ERR-DE-4305': 'The device is assigned to another reseller.',
  'DEP-ERR-DE-4306': 'The device information cannot be located.',
  'DEP-ERR-5001': 'The order number is required.',
  'DEP-ERR-5002': 'The order cannot be located.',
  'GRX-1000': 'Invalid JSON.',
  'GRX-1056': 'The DEP reseller id is missing.',
  'GRX-16001': 'Server processing error.',
  'GRX-16002': 'The content type must be text/xml or application/json.',
  'GRX-50020': 'The Ship-To is required.',
  'GRX-50022': 'The time zone is not valid.',
  'GRX-50025': 'The Ship-To is not valid.',
  'GRX-50028': 'The language is not valid for the sales organisation.',
  'GRX-50031': 'The language code is required.',
  'GRX-50072': 'System error.',
  'GRX-90004': 'You have no permission for this reseller id.',
};

export interface ServiceError {
  readonly errorCode: string;
  readonly errorMessage: string;
}

/** An error of the service, with a text that says what the code means. */
export const serviceError = (errorCode: string): ServiceError => ({
  errorCode,
  errorMessage: texts[errorCode] ?? `Error ${errorCode}.`,
});
