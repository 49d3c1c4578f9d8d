import type { XmlElement } from '../../../shared/formats/xml-element.ts';
import type {
  DeviceEnrolmentRequest,
  RequestType,
} from '../../../shared/generic/device-enrolment-request.ts';
import type { ErrorCatalogue } from './error-catalogue.ts';

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
  /** The device as the provider's answers name it: serial number, IMEI, MEID, or a key made of several. */
  readonly providerDeviceId: string;
}

/** What we asked for one order. `devices` is empty where the request names none (a void at Apple). */
export interface RequestedOrder {
  /** Id of the order in the generic format. */
  readonly orderId: number;
  /** Order number at the provider. */
  readonly orderNumber: string;
  readonly requestType: RequestType;
  readonly devices: readonly RequestedDevice[];
}

/** A message to a provider, apart from how it travels: over HTTPS as it stands, over the spool as a file. */
export interface ProviderMessage {
  /** First word of the file over the spool: `<stem>.<transaction id>[.<n>].<extension>`. */
  readonly stem: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the address of the provider, with its query, encoded. Begins with a slash. */
  readonly path: string;
  readonly mediaType: 'application/json' | 'application/xml' | 'text/csv';
  /** The body; empty when there is none. Over the spool, a message without a body is its method and path in JSON. */
  readonly content: string;
}

/** One request to the provider, with what is needed to understand its answers. */
export interface ProviderRequest {
  /** Ours, unique, and the same whenever the same generic file is mapped again. Letters, digits, `_`, `-`. */
  readonly transactionId: string;
  readonly message: ProviderMessage;
  readonly orders: readonly RequestedOrder[];
  /** A step before the request that counts: its outcome is recorded, and nobody is told. */
  readonly preparatory?: boolean;
}

/** What becomes of a generic request file. Requests about one order are sent one after the other, in this order. */
export interface MappedDocument {
  readonly requests: readonly ProviderRequest[];
  /**
   * Orders and devices that cannot be asked for; the others go on. Also devices that need not be asked for, because they
   * are enrolled as an override lists them: those have succeeded.
   */
  readonly refused: readonly OrderOutcome[];
  /** What operators should know of it, for the history of the batch; counts, and no identifiers. */
  readonly notes: readonly string[];
}

/** A device that the provider has enrolled for us and that was not given back, as far as its answers say. */
export interface EnrolledDevice extends RequestedDevice {
  /** The provider's own number of the device, where it gave one. */
  readonly providerRecordId: string | null;
  /** Our id of the request that enrolled it. */
  readonly transactionId: string;
  /** The customer's organisation for which it was enrolled, where we know it: an override may name another one. */
  readonly organisationId?: string;
}

/** What the adaptor remembers of earlier requests to this provider. */
export interface Enrolments {
  /** In the order of their ids; empty when nothing of the order is enrolled. */
  ofOrder(orderId: number): readonly EnrolledDevice[];
}

/**
 * What a message of ours is for: a request that enrols or unenrols; a query for the result of a request that was
 * accepted; a reconciliation, which finds out what became of a request whose answer is lost or settles nothing.
 */
export type Question = 'request' | 'query' | 'reconciliation';

/** A request as it stands in the store. */
export interface AskedRequest {
  readonly transactionId: string;
  /** The provider's id of the request; null while none is known. */
  readonly providerTransactionId: string | null;
  readonly message: ProviderMessage;
  /** Its orders with the devices that are not settled; an order that is settled is missing. */
  readonly orders: readonly RequestedOrder[];
}

export type AnswerContent =
  | { readonly kind: 'empty' }
  | { readonly kind: 'json'; readonly document: unknown }
  | { readonly kind: 'xml'; readonly root: XmlElement }
  | { readonly kind: 'csv'; readonly bytes: Uint8Array }
  /** What the format itself has made of a table that came in pieces. */
  | { readonly kind: 'table'; readonly table: unknown }
  /** Over HTTPS only: the page of a gateway, say. Its text is kept in the store, and not read. */
  | { readonly kind: 'other' };

/** A table that may be too large to be held: it is read as it comes. */
export interface TableInPieces {
  push(piece: Uint8Array): void;
  /** What it was, also one that cannot be read: what is wrong with it is said by `readAnswer`. */
  end(): AnswerContent;
}

/** What came back, apart from how it travelled. */
export interface ProviderReply {
  /** HTTP status; absent over the spool. */
  readonly status?: number;
  /** The header of that name, over HTTPS. */
  readonly location?: string;
  readonly content: AnswerContent;
}

/** What a reply says of one request. */
export type ProviderAnswer =
  /** Queued at the provider; says nothing of the outcome. */
  | { readonly kind: 'accepted'; readonly providerTransactionId: string }
  /**
   * The whole request was refused; nothing of it was done. The classes of the errors decide what follows: sent again,
   * split, or failed.
   */
  | { readonly kind: 'refused'; readonly errors: readonly ProviderError[] }
  /** The provider is still at work. */
  | { readonly kind: 'pending'; readonly ids: TransactionIds }
  /** The question was refused; the request itself may have been done. */
  | {
      readonly kind: 'query-refused';
      readonly ids: TransactionIds;
      readonly errors: readonly ProviderError[];
    }
  /** To a reconciliation: the provider knows nothing of the request. */
  | { readonly kind: 'not-found' }
  | { readonly kind: 'result'; readonly ids: TransactionIds; readonly result: unknown };

/** Ids that an answer carries; either may be missing. */
export interface TransactionIds {
  readonly transactionId?: string;
  readonly providerTransactionId?: string;
}

export type DeviceOutcome =
  | {
      readonly deviceId: string;
      readonly outcome: 'succeeded';
      /** The provider's own number of the device, where it gives one: an unenrolment may need it. */
      readonly providerRecordId?: string;
    }
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

/** The outcomes of an answer about so many devices that they are never held all at once. */
export interface OutcomesInPortions {
  /** Of some of the orders that were asked. */
  of(orders: readonly RequestedOrder[]): OrderOutcome[];
  /** Things in the answer that belong to none of the orders of which the outcomes were taken, for the log. */
  unexpected(): string[];
}

/**
 * A provider's format with the settings of one configured provider: pure, no input or output. One folder beside this
 * file implements it for each provider, and one contract suite holds for all of them.
 */
export interface ProviderFormat {
  /** Name in a provider's `format` setting. */
  readonly name: string;
  /** The stems of our messages and what each is for: the name of an answer over the spool begins with one of them. */
  readonly stems: Readonly<Record<string, Question>>;
  readonly errors: ErrorCatalogue;
  /**
   * Maps a generic request file, split by the provider's limits. What cannot be written in the provider's format is
   * refused, order by order or device by device.
   */
  toRequests(document: DeviceEnrolmentRequest, enrolled: Enrolments): MappedDocument;
  /**
   * Two requests in place of one that the provider finds too large; null when it cannot be parted.
   *
   * @param ids their transaction ids
   */
  halve(
    request: AskedRequest,
    ids: readonly [string, string],
  ): readonly [ProviderRequest, ProviderRequest] | null;
  /** The question for the result of an accepted request; null where the provider answers by itself. */
  toQuery(asked: AskedRequest): ProviderMessage | null;
  /**
   * What tells the fate of a request without a settling answer, or of the first of its devices that are not settled; null
   * where the provider cannot be asked, so that people have to.
   */
  toReconciliation(asked: AskedRequest): ProviderMessage | null;
  /** For a format whose tables may have very many rows: how it reads one of which the bytes are not to be held. */
  readonly tableInPieces?: () => TableInPieces;
  /** @throws Fault UNKNOWN_ANSWER when the reply is none of the known shapes; never quotes it */
  readAnswer(reply: ProviderReply, of: Question, asked: AskedRequest): ProviderAnswer;
  /**
   * Per-device outcomes; the status of the whole is never enough for a device to have succeeded.
   *
   * @param asked the orders of the answer are compared with these, and devices it does not settle are `unknown`
   * @throws Fault UNKNOWN_ANSWER when the result is not one that `readAnswer` gave
   */
  toOutcomes(result: unknown, of: Question, asked: AskedRequest): ResultOutcomes;
  /**
   * For a format whose answers may be about very many devices: what `toOutcomes` says, portion by portion of the orders.
   * Such a format reads an answer, and asks a question, by the ids of the request alone: neither its orders nor its message
   * are there then.
   *
   * @throws Fault UNKNOWN_ANSWER when the result is not one that `readAnswer` gave
   */
  readonly inPortions?: (result: unknown) => OutcomesInPortions;
}
