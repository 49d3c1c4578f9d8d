import type { ProviderError } from '../provider-format.ts';
import type { ApiError, PerDevice } from './answer-shapes.ts';
import { zeroTouchErrors } from './error-catalogue.ts';

/** For answers that bear only the HTTP status, as gateways in front of the API write them. */
const words: Readonly<Record<string, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  413: 'REQUEST_TOO_LARGE',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

const noError = 'NO_ERROR';

/**
 * The errors of a refused call. The details have the code of zero-touch itself; where there is none, the status that all
 * Google APIs have in common tells what it is.
 */
export function errorsOf({ code, status, message, details }: ApiError): ProviderError[] {
  const terms = details.some((one) => one['@type'].endsWith('TosError') || one.latestTosAccepted === false);
  // Google's own text does not say where the terms are accepted.
  if (terms) return [zeroTouchErrors.describe({ code: 'TosError', message: '' })];
  const codes = new Set(details.map((one) => one.code).filter(isCode));
  const all = codes.size > 0 ? [...codes] : [status || (words[code] ?? 'UNKNOWN')];
  return all.map((one) => zeroTouchErrors.describe({ code: one, message }));
}

/** Other kinds of details may have numbers of their own in the same place. */
const isCode = (code: string): boolean => /^[A-Z][A-Z_]+$/.test(code) && code !== noError;

export const tooLarge: ProviderError = zeroTouchErrors.describe({ code: 'REQUEST_TOO_LARGE', message: '' });

/**
 * The errors of one device: the identifier of the error, and the status where it says something too ("claimed by another
 * company" beside an identifier that does not). Google's text belongs to the first. Empty when there is no error.
 */
export function errorsOfDevice({
  status,
  errorIdentifier,
  errorMessage,
}: PerDevice['result']): ProviderError[] {
  const identifiers = [errorIdentifier].filter((code) => code !== '' && code !== noError);
  const silent = identifiers.length > 0 ? [...saysNothing, otherError] : saysNothing;
  const statuses = [status].filter((code) => !silent.includes(code));
  return [...identifiers, ...statuses].map((code, index) =>
    zeroTouchErrors.describe({ code, message: index === 0 ? errorMessage : '' }),
  );
}

const saysNothing = ['', 'SINGLE_DEVICE_STATUS_UNSPECIFIED'];
/** Says only that the identifier of the error says it. */
const otherError = 'SINGLE_DEVICE_STATUS_OTHER_ERROR';
