import type { ProviderError } from './provider-format.ts';

/**
 * What an error of a provider calls for.
 *
 * - `data`, `conflict`: the order or device is to be corrected, or what the provider has on file: the devices fail
 * - `auth`, `config`: our access or set-up is wrong: nothing more is sent to the provider until it rested, nothing fails
 * - `retry`: passes by itself: sent again later
 * - `pending`: no error, the result comes later
 * - `split`: the request was too large and is sent in two halves
 */
export type ErrorClass = 'auth' | 'config' | 'data' | 'conflict' | 'retry' | 'pending' | 'split';

export interface CatalogueRow {
  /** For operators: what the code means. */
  readonly meaning: string;
  readonly class: ErrorClass;
}

export type CatalogueEntry = readonly [code: string, errorClass: ErrorClass, meaning: string];

const advice: Readonly<Record<ErrorClass, string>> = {
  auth: 'our access at the provider is to be checked',
  config: 'our account settings are to be checked',
  data: 'the order or device is to be corrected',
  conflict: 'what the provider has on file is to be settled first',
  retry: 'it may pass by itself; if it lasts, report it to the provider',
  pending: 'the result comes later',
  split: 'the request is to be sent in smaller parts',
};

/** Of any server, or of a gateway before it, that says no more than its status: a page as a rule. */
const ofEveryServer = new Map<string, CatalogueRow>([
  ['HTTP 413', { class: 'split', meaning: 'The request is too large for the server' }],
]);

/** The error codes of one provider. */
export class ErrorCatalogue {
  /** Every code that is known, as listed. */
  readonly rows: readonly CatalogueEntry[];
  readonly #byCode: ReadonlyMap<string, CatalogueRow>;
  readonly #byPrefix: readonly CatalogueEntry[];
  readonly #provider: string;

  /**
   * @param provider name for texts
   * @param byPrefix for codes that are not listed: the first prefix that fits tells what they mean
   */
  constructor(provider: string, rows: readonly CatalogueEntry[], byPrefix: readonly CatalogueEntry[] = []) {
    this.rows = rows;
    this.#provider = provider;
    this.#byCode = new Map(rows.map(([code, errorClass, meaning]) => [code, { class: errorClass, meaning }]));
    this.#byPrefix = byPrefix;
  }

  /** The row of a code; for a code that is not listed, what its prefix says, and `data` where nothing is known. */
  lookUp(code: string): CatalogueRow {
    return this.#byCode.get(code) ?? ofEveryServer.get(code) ?? this.#unlisted(code);
  }

  /** The error as the provider wrote it; with our words where it gave only the code. */
  describe(error: ProviderError): ProviderError {
    if (error.message.trim() !== '') return error;
    const { meaning, class: errorClass } = this.lookUp(error.code);
    return { code: error.code, message: `${meaning} (${advice[errorClass]}).` };
  }

  #unlisted(code: string): CatalogueRow {
    const known = this.#byPrefix.find(([prefix]) => code.startsWith(prefix));
    const [, errorClass, meaning] = known ?? ['', 'data' as const, `${this.#provider} refused it`];
    return { class: errorClass, meaning: `${meaning} with a code that is not in our list` };
  }
}
