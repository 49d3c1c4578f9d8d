/** One transaction of a document: what becomes one item of a batch. */
export interface GenericRecord {
  /** Number of the sales order the record is about. */
  readonly customerReference: string;
  /** What an operator reads in the list of items. */
  readonly description: string;
  /** The record itself, as it stands in the document. */
  readonly payload: unknown;
}

/** The records of an interface: they are read one by one, however many there are. */
export interface RecordsOf<Item> {
  /** The property of the document that holds them. */
  readonly property: string;
  /** Whether the property is a list of records; else it is the only one. */
  readonly list: boolean;
  readonly schema: object;
  /** Rules that a schema cannot say, as `path: what is wrong`, the path as in the record. */
  problems(record: Item): string[];
  describe(record: Item): Omit<GenericRecord, 'payload'>;
}

/**
 * One CMP interface. Adding one means one file like this and one row in `registry.ts`.
 * What is given to the functions has been checked by the schemas before.
 */
export interface GenericInterface<Document = unknown, Item = unknown> {
  readonly category: string;
  readonly type: string;
  /** The only version taken. */
  readonly version: number;
  /** First word of file names, lower case with hyphens. */
  readonly fileStem: string;
  /** Schema of the document without its records. */
  readonly header: object;
  readonly records: RecordsOf<Item>;
  /** Provider the whole document is for, where the interface has one. */
  providerId(header: Document): string | undefined;
}
