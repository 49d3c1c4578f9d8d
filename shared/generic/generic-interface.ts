/** One transaction of a document: what becomes one item of a batch. */
export interface GenericRecord {
  /** Number of the sales order the record is about. */
  readonly customerReference: string;
  /** What an operator reads in the list of items. */
  readonly description: string;
  /** The record itself, as it stands in the document. */
  readonly payload: unknown;
}

/**
 * One CMP interface. Adding one means one file like this and one row in `registry.ts`.
 * The document type is checked by the schema before `problems` and `records` see it.
 */
export interface GenericInterface<Document = unknown> {
  readonly category: string;
  readonly type: string;
  /** The only version taken. */
  readonly version: number;
  /** First word of file names, lower case with hyphens. */
  readonly fileStem: string;
  readonly schema: object;
  /** Rules that a schema cannot say, as `path: what is wrong`; COUNT_MISMATCH has `recordCount` as its path. */
  problems(document: Document): string[];
  /** Provider the whole document is for, where the interface has one. */
  providerId(document: Document): string | undefined;
  records(document: Document): GenericRecord[];
}
