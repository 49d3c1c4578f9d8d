import type { XmlElement } from '../../../shared/formats/xml-element.ts';
import type {
  DeviceEnrolmentRequest,
  RequestType,
} from '../../../shared/generic/device-enrolment-request.ts';
import type { ProviderConfig } from '../../../shared/runtime/config-schema.ts';

/** An error as the provider wrote it. Messages are localised: never match on them. */
export interface ProviderError {
  /** Never empty; where the provider gave a status word instead of a code, that word. */
  readonly code: string;
  /** Never empty: where the provider gave no text, the format supplies one. */
  readonly message: string;
}

/** What we asked for one device, in our words and in the provider's. */
export interface RequestedDevice {
  readonly deviceId: string;
  /** Serial number, IMEI or MEID as it was sent; the provider's answers name it. */
  readonly providerDeviceId: string;
}

/** What we asked for one order. `devices` is empty where the request names none (a void). */
export interface RequestedOrder {
  /** Id of the order in the generic format. */
  readonly orderId: number;
  /** Order number at the provider; a return has one of its own. */
  readonly orderNumber: string;
  readonly requestType: RequestType;
  readonly devices: readonly RequestedDevice[];
}

/** One request to the provider, with what is needed to understand its answers. */
export interface ProviderRequest {
  /** Ours, unique, and the same whenever the same generic file is mapped again. */
  readonly transactionId: string;
  readonly body: unknown;
  readonly orders: readonly RequestedOrder[];
}

/** Which of our files an answer is for. Its name says so; a bare error looks the same for both. */
export type AnsweredFile = 'request' | 'query';

/** What a document that came from the provider says of one request. */
export type ProviderAnswer =
  /** Queued at the provider; says nothing of the outcome. */
  | { readonly kind: 'accepted'; readonly providerTransactionId: string }
  /** The whole request was refused; nothing of it was done. */
  | { readonly kind: 'refused'; readonly errors: readonly ProviderError[] }
  /** The provider is still at work. */
  | { readonly kind: 'pending'; readonly ids: TransactionIds }
  /** The question for the result was refused; the request itself may have been done. */
  | {
      readonly kind: 'query-refused';
      readonly ids: TransactionIds;
      readonly errors: readonly ProviderError[];
    }
  | { readonly kind: 'result'; readonly ids: TransactionIds; readonly result: unknown };

/** Ids that an answer carries; either may be missing. */
export interface TransactionIds {
  readonly transactionId?: string;
  readonly providerTransactionId?: string;
}

export type DeviceOutcome =
  | { readonly deviceId: string; readonly outcome: 'succeeded' }
  | { readonly deviceId: string; readonly outcome: 'failed'; readonly errors: readonly ProviderError[] }
  /** The answer does not settle this device. */
  | { readonly deviceId: string; readonly outcome: 'unknown' };

/** The outcome of one requested order. */
export interface OrderOutcome {
  readonly orderId: number;
  /** Errors of the order as a whole: they hold for every device, and `devices` then says failed for each. */
  readonly errors: readonly ProviderError[];
  readonly devices: readonly DeviceOutcome[];
  /** For a request without devices (a void). With devices it follows from them. */
  readonly settled: boolean;
}

export interface ResultOutcomes {
  readonly orders: readonly OrderOutcome[];
  /** Things in the answer that belong to no request of ours, for the log. */
  readonly unexpected: readonly string[];
}

/**
 * A provider's format: pure, no input or output. One folder beside this file implements it for each provider, and one
 * contract suite holds for all of them.
 */
export interface ProviderFormat {
  /** Name in a provider's `format` setting. */
  readonly name: ProviderConfig['format'];
  /** First words of the files of the spool transport: requests, and questions for results. */
  readonly requestStem: string;
  readonly queryStem: string;
  /**
   * Maps a generic request file, split by the provider's limits. An order is never split.
   * @throws Fault UNMAPPABLE when a value cannot be written in the provider's format
   */
  toRequests(document: DeviceEnrolmentRequest, settings: ProviderConfig): ProviderRequest[];
  /** The question for the result of an accepted request. */
  toQuery(providerTransactionId: string, settings: ProviderConfig): unknown;
  /**
   * An answer in XML as the document that `readAnswer` reads; absent where no answer comes in XML.
   * @throws Fault UNKNOWN_ANSWER when it is none of the known shapes
   */
  fromXml?(root: XmlElement): unknown;
  /** @throws Fault UNKNOWN_ANSWER when the document is none of the known shapes */
  readAnswer(document: unknown, of: AnsweredFile): ProviderAnswer;
  /**
   * Per-device outcomes; the status of the whole is never enough for a device to have succeeded.
   * @throws Fault UNKNOWN_ANSWER when the result is not one that `readAnswer` gave
   */
  toOutcomes(result: unknown, orders: readonly RequestedOrder[]): ResultOutcomes;
}
