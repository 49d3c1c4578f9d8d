import { ErrorCatalogue } from '../error-catalogue.ts';
import type { ProviderError } from '../provider-format.ts';

/** Not an error: the code of everything that went well, a number in the one generation and a text in the other. */
export const successCode = '2000000';

/** The word of a transaction's state, where Knox gives no code with it. */
export const rejectedWord = 'Rejected';
/** Ours: an error with neither code nor title. */
export const noCode = 'NO_CODE';

/**
 * Samsung's codes, as far as its pages and the code of a carrier's client name them; the classes are ours. The whole
 * table is at https://docs.samsungknox.com/dev/knox-deployment-program/troubleshooting-for-knox-deployment-program.
 *
 * A customer that is not known is `data`, not `config`: one order with a wrong customer must not stop all others.
 */
export const errorCatalogue = new ErrorCatalogue(
  'Knox',
  [
    // Gen1
    ['4002101', 'config', 'The reseller id is missing'],
    ['4042104', 'data', 'Knox does not know the customer'],
    [
      '4092100',
      'conflict',
      'The device stands in a Knox inventory already; it may be enrolled for this very customer, which Knox does not tell us',
    ],
    // Gen2
    ['40000000', 'data', 'A value of the request is not valid'],
    ['40000004', 'data', 'The device is not valid'],
    ['40000011', 'data', 'The customer id is not valid'],
    [
      '40000044',
      'conflict',
      'Knox has no such device of this customer from us: it is with another customer, or was not uploaded by us',
    ],
    ['4012250', 'auth', 'The access token is not valid'],
    ['40300000', 'auth', 'We are not authorised for this operation'],
    ['40400001', 'config', 'Knox does not know our reseller id'],
    ['50000000', 'retry', 'Knox has an internal error'],
    // Words that stand where a code could be.
    [rejectedWord, 'data', 'Knox rejected the whole request without giving a code'],
    [noCode, 'data', 'Knox refused it without giving a code'],
  ],
  // An inference: the first three digits are the HTTP status in every code that is known. The lengths differ between
  // the generations, so that nothing is read from the digits behind them. Of the two codes in 404 one is the order's
  // fault and one is ours; `data` harms less, because `config` would stop every order for the fault of one.
  [
    ['400', 'data', 'Knox finds the request or the device not valid'],
    ['401', 'auth', 'Knox does not accept our access token'],
    ['403', 'auth', 'Knox does not let us do this'],
    ['404', 'data', 'Knox does not know something that the request names'],
    ['409', 'conflict', 'What is asked for contradicts what Knox has on file'],
    ['413', 'split', 'The request is too large for Knox'],
    ['429', 'retry', 'We ask Knox too often'],
    ['5', 'retry', 'Knox has a fault of its own'],
  ],
);

/** An error as Knox writes it. */
interface WrittenError {
  readonly code: string;
  /** The title of the code, a fixed word in capitals (Samsung's troubleshooting page). */
  readonly message: string;
  /** What Knox has to say of this case. */
  readonly data: string;
}

/** Knox's own words, and ours behind them: a title like RESELLER_DEVICE_ALREADY_EXISTS tells operators too little. */
export function knoxError({ code, message, data }: WrittenError, instead = noCode): ProviderError {
  const known = { code: code === '' || code === successCode ? titleOr(message, instead) : code, message: '' };
  const said = [...new Set([message, data])].filter((text) => text !== '').join(': ');
  const ours = errorCatalogue.describe(known);
  return said === '' ? ours : { ...ours, message: `${said.replace(/\.$/, '')}. ${ours.message}` };
}

const titleOr = (message: string, instead: string): string =>
  /^[A-Z]+(_[A-Z]+)+$/.test(message) ? message : instead;
