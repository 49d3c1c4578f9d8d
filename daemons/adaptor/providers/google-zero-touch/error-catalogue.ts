import { ErrorCatalogue } from '../error-catalogue.ts';

/**
 * Error codes of zero-touch enrolment. The codes of single devices are from Google's API reference
 * (https://developers.google.com/zero-touch/reference/reseller/rest/v1/CustomErrorCode and
 * `…/DevicesLongRunningOperationResponse`), those of whole requests are the ones of every Google API
 * (https://cloud.google.com/apis/design/errors). The classes are inferred from what they say.
 *
 * `retry` may be given to failures at an unknown place, because a claim for the same customer and an unclaim can be done
 * twice without harm (from experience; Google does not promise it).
 */
export const zeroTouchErrors = new ErrorCatalogue(
  'Google',
  [
    // CustomErrorCode
    ['NO_ERROR', 'data', 'Google names no error, and did not do it all the same'],
    ['UNKNOWN_ERROR', 'retry', 'Google has an error that it cannot name'],
    ['INVALID_PAGE_TOKEN', 'data', 'The page of a list that was asked for does not exist'],
    ['INVALID_CUSTOMER_ID', 'data', 'The customer id is not that of a zero-touch customer of ours'],
    ['INVALID_OPERATION_ID', 'data', 'Google does not know the operation that we ask about'],
    ['INVALID_RESELLER_ID', 'config', 'Our partner id is not valid'],
    ['INVALID_IDENTIFIER_SET', 'data', 'The identifiers of the device do not go together, or one is missing'],
    ['INVALID_DEVICE_ID', 'data', "Google's own number of the device is not valid"],
    ['AUTHORIZATION_FAIL', 'auth', 'Our service account may not do this for our partner id'],
    ['INVALID_IMEI', 'data', 'The IMEI is not valid'],
    ['INVALID_MEID', 'data', 'The MEID is not valid'],
    ['INVALID_SERIAL', 'data', 'The serial number is not valid'],
    ['INVALID_MANUFACTURER', 'data', 'The manufacturer is not in the list of names that Google publishes'],
    ['INVALID_PARAMETER', 'data', 'A value of the request is not valid'],
    ['INTERNAL_ERROR', 'retry', 'Google has an internal error'],
    ['INVALID_SECTION_TYPE', 'data', 'The section type is not valid'],
    ['INVALID_MODEL', 'data', 'The model is not in the list of names that Google publishes'],
    ['INVALID_OPERATION', 'data', 'The operation is not possible with this device'],
    ['DEVICE_ALREADY_EXISTS', 'conflict', 'The device is claimed already, by another customer or reseller'],
    // Outcomes of single devices
    ['SINGLE_DEVICE_STATUS_UNSPECIFIED', 'data', 'Google gives no outcome for the device'],
    [
      'SINGLE_DEVICE_STATUS_UNKNOWN_ERROR',
      'retry',
      'Google has an error with the device that it cannot name',
    ],
    ['SINGLE_DEVICE_STATUS_OTHER_ERROR', 'data', 'Google refused the device for a reason of another kind'],
    [
      'SINGLE_DEVICE_STATUS_PERMISSION_DENIED',
      'conflict',
      'We may not change this device: it is not ours at Google',
    ],
    ['SINGLE_DEVICE_STATUS_INVALID_DEVICE_IDENTIFIER', 'data', 'The identifiers of the device are not valid'],
    ['SINGLE_DEVICE_STATUS_INVALID_SECTION_TYPE', 'data', 'The section type is not valid'],
    ['SINGLE_DEVICE_STATUS_SECTION_NOT_YOURS', 'conflict', 'The device is claimed by another company'],
    ['SINGLE_DEVICE_STATUS_INVALID_TOKEN', 'data', 'The token of the customer is not valid'],
    ['SINGLE_DEVICE_STATUS_REVOKED_TOKEN', 'data', 'The token of the customer was revoked'],
    [
      'SINGLE_DEVICE_STATUS_DEVICE_LIMIT_EXCEEDED',
      'config',
      'Our contract with Google allows no more devices',
    ],
    // The reseller library in front of the API, for answers that somebody passes on from there
    ['DEVICE_UPLOAD_COUNT_EXCEEDED', 'split', 'The request has too many devices; lower devicesPerRequest'],
    ['DUPLICATE_DEVICES', 'data', 'A device stands twice in the request'],
    ['INTERNAL_SERVER_ERROR', 'retry', 'Google has an internal error'],
    ['INVALID_DEVICE_IMEI', 'data', 'The IMEI is not valid'],
    ['INVALID_DEVICE_MEID', 'data', 'The MEID is not valid'],
    ['INVALID_DEVICE_SERIAL', 'data', 'The serial number is not valid'],
    ['NOT_IMPLEMENTED', 'config', 'Google does not offer this operation for the manufacturer'],
    // Whole requests
    ['INVALID_ARGUMENT', 'data', 'Google could not read the request'],
    ['FAILED_PRECONDITION', 'data', 'Something that the request needs is not there yet'],
    ['OUT_OF_RANGE', 'data', 'A value of the request is out of range'],
    ['UNAUTHENTICATED', 'auth', 'The access token is missing, expired or not valid'],
    ['PERMISSION_DENIED', 'auth', 'Our service account is not linked to our partner id in the portal'],
    ['NOT_FOUND', 'config', 'Google knows nothing at this address; the partner id may be wrong'],
    ['ALREADY_EXISTS', 'conflict', 'It exists already'],
    ['ABORTED', 'retry', 'Google broke the request off, because another one came between'],
    ['RESOURCE_EXHAUSTED', 'retry', 'We ask more often than Google allows; lower perMinute'],
    ['CANCELLED', 'retry', 'The request was broken off'],
    ['DATA_LOSS', 'retry', 'Google lost data'],
    ['UNKNOWN', 'retry', 'Google has an error that it cannot name'],
    ['INTERNAL', 'retry', 'Google has an internal error'],
    ['UNIMPLEMENTED', 'config', 'Google does not offer this operation'],
    ['UNAVAILABLE', 'retry', 'Google is not available'],
    ['DEADLINE_EXCEEDED', 'retry', 'Google took too long'],
    // Words of ours, for what has no code of Google's
    [
      'TosError',
      'config',
      'New terms of zero-touch enrolment are to be accepted: somebody has to sign in to the reseller portal',
    ],
    ['REQUEST_TOO_LARGE', 'split', 'The request is too large; lower devicesPerRequest'],
    [
      'NOT_CLAIMED',
      'data',
      'Google is done with the request, and the device is not claimed for the customer',
    ],
    ['STILL_CLAIMED', 'conflict', 'Google is done with the request, and the device is still claimed'],
  ],
  [
    ['SINGLE_DEVICE_STATUS_', 'data', 'Google refused the device'],
    ['INVALID_', 'data', 'A value is not valid'],
  ],
);
