/**
 * Where things are in Partner Center's REST API (learn.microsoft.com/partner-center/developer/device-deployment-resources):
 * devices are in batches, batches with a customer.
 */

/** A device, or a batch, or the batches of a customer. */
export interface Place {
  /** The customer's tenant, a GUID in lower case. */
  readonly customer: string;
  readonly batch?: string;
  readonly device?: string;
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The customer of an organisation id; undefined when it is not a GUID. One GUID has one spelling here. */
export function customerOf(organisationId: string): string | undefined {
  const customer = organisationId.trim().toLowerCase();
  return guid.test(customer) ? customer : undefined;
}

export function pathOf({ customer, batch, device }: Place): string {
  const steps = [customer, 'deviceBatches', batch, batch && 'devices', device];
  return `/v1/customers/${steps
    .filter((step) => step !== undefined)
    .map(encodeURIComponent)
    .join('/')}`;
}

const place = /^\/v1\/customers\/([^/]+)\/deviceBatches(?:\/([^/]+)\/devices(?:\/([^/]+))?)?$/;

/** The inverse of `pathOf`; undefined for any other path. */
export function placeOf(path: string): Place | undefined {
  const [, customer, batch, device] = (place.exec(path) ?? []).map(
    (step) => step && decodeURIComponent(step),
  );
  return customer === undefined
    ? undefined
    : { customer, ...(batch && { batch }), ...(device && { device }) };
}

export const statusPathOf = (customer: string, trackingId: string): string =>
  `/v1/customers/${customer}/batchJobStatus/${encodeURIComponent(trackingId)}`;

/** The tracking id in a `Location`, which is a path, with or without what comes before it in the request's own. */
export const trackingIdIn = (location: string): string | undefined =>
  /\/batchJobStatus\/([\w-]{1,64})\/?$/i.exec(location.trim())?.[1]?.toLowerCase();

/**
 * The name of a batch: our transaction id, without the customer that stands in it over the spool. Microsoft wants it
 * unique for each customer, and publishes no length.
 */
export const batchIdOf = (transactionId: string, customer: string): string =>
  transactionId.replace(`${customer}-`, '');

/**
 * What a deletion needs, kept with the device: `<customer>/<batch>/<device>`. The customer is in it because an order may
 * name another one later; the device is missing where a person uploaded a sheet.
 */
export const recordIdOf = ({ customer, batch, device }: Place): string =>
  [customer, batch, device].filter((step) => step !== undefined).join('/');

/** The inverse of `recordIdOf`. */
export function readRecordId(recordId: string | null): Place | undefined {
  const [customer = '', batch, device] = (recordId ?? '').split('/');
  return customer === '' || !batch ? undefined : { customer, batch, ...(device && { device }) };
}
