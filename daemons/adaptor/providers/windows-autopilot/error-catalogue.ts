import { ErrorCatalogue, type CatalogueEntry } from '../error-catalogue.ts';

/** Access may also lack for one way of registering only: by product id, as users report (KelvinTegelaar/CIPP 2527). */
const noPermission =
  'Partner Center denies access; see that the app registration has the permission for what was asked';
const alreadyAssigned =
  'The device is registered with this customer already, but not by this batch; look for it in the portal';
const otherTenant =
  'The device belongs to the tenant of another customer; its mainboard may have been in use before';
const badHash = 'The hardware hash is not valid';

/**
 * What Partner Center says of one device, by number or by name
 * (learn.microsoft.com/troubleshoot/mem/intune/device-enrollment/import-windows-autopilot-device-csv-files-errors).
 */
const ofDevices: readonly CatalogueEntry[] = [
  ['802', 'data', badHash],
  ['InvalidZtdHardwareHash', 'data', badHash],
  ['806', 'conflict', alreadyAssigned],
  ['ZtdDeviceAlreadyAssigned', 'conflict', alreadyAssigned],
  ['808', 'conflict', otherTenant],
  ['ZtdDeviceAssignedToOtherTenant', 'conflict', otherTenant],
  ['ZtdDeviceAssignedToAnotherTenant', 'conflict', otherTenant],
  ['ZtdDeviceDuplicated', 'data', 'The same hardware hash stands more than once in the batch'],
  ['StorageError', 'retry', 'Partner Center was unable to store the device'],
  // A status word, and a word of our own for what a list of devices leaves out.
  ['finished_with_errors', 'data', 'Partner Center failed to register the device and gave no reason'],
  [
    'not_in_batch',
    'conflict',
    'Partner Center has the batch without this device, and the reason was lost with its acknowledgement',
  ],
];

/**
 * What it says of a request (learn.microsoft.com/partner-center/developer/error-codes). 400, listed there for denied access,
 * is left out: as the code of a request that is not valid it would stop all others.
 */
const ofRequests: readonly CatalogueEntry[] = [
  ['1000', 'data', 'Partner Center does not find what was asked for'],
  ['2032', 'auth', noPermission],
  ['3000', 'data', 'A property of the request is not valid'],
  ['20002', 'conflict', 'We have no reseller relationship with the customer'],
  ['60003', 'data', "Partner Center does not know the customer's organisation id"],
  ['800001', 'auth', 'The access token is missing'],
  ['800002', 'data', 'Partner Center finds the request not valid'],
  ['800003', 'retry', 'Partner Center has a fault of its own'],
];

/** The status of HTTP where it tells more than the code beside it. */
const byStatus: readonly CatalogueEntry[] = [
  ['HTTP-401', 'auth', 'Partner Center does not accept our access token'],
  ['HTTP-403', 'auth', noPermission],
  ['HTTP-408', 'retry', 'Partner Center did not get the request in time'],
  ['HTTP-413', 'split', 'The batch is too large; lower devicesPerRequest'],
  ['HTTP-429', 'retry', 'Partner Center gets too many requests from us; lower https.perMinute'],
  // Also the "Sequence contains no matching element" that valid tuples are reported to meet.
  ['HTTP-500', 'retry', 'Partner Center has a fault of its own'],
  ['HTTP-502', 'retry', 'A gateway of Partner Center has a fault'],
  ['HTTP-503', 'retry', 'Partner Center is not available'],
  ['HTTP-504', 'retry', 'A gateway of Partner Center waited in vain'],
];

export const errors = new ErrorCatalogue(
  'Partner Center',
  [...ofDevices, ...ofRequests, ...byStatus],
  [
    ['HTTP-5', 'retry', 'Partner Center has a fault of its own'],
    ['HTTP-4', 'data', 'Partner Center refused the request'],
  ],
);

const listed = new Set(errors.rows.map(([code]) => code));

/** Whether the code says enough by itself, whatever the status of HTTP. */
export const isListed = (code: string): boolean => listed.has(code);
