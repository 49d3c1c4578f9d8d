import { Ajv2020, type AnySchemaObject, type ErrorObject } from 'ajv/dist/2020.js';
import { default as addFormats } from 'ajv-formats';

import type { GenericInterface, GenericRecord } from './generic-interface.ts';
import { DocumentProblem } from './problem.ts';
import { checkWritten, parseJson } from './read-json.ts';
import { RecordCutter, type CutRecord } from './record-cutter.ts';

/** Problems shown of one bad document; more would only repeat the same mistake. */
const maxShown = 10;

/** Of a larger part only the first problem is sought: a hostile one has millions, and each takes memory. */
const maxThoroughBytes = 64 * 1024;

/**
 * Checks that stop at the first problem, and checks that find all of them. A schema is compiled when it is first used, and
 * then kept: all of them at once would take a fifth of the start of a daemon.
 */
const [quick, thorough] = [ajvThat({ allErrors: false }), ajvThat({ allErrors: true })];

function ajvThat(options: { readonly allErrors: boolean }): Ajv2020 {
  const ajv = new Ajv2020({ ...options, strict: true, allowUnionTypes: true, strictRequired: false });
  addFormats.default(ajv, ['date-time']);
  return ajv;
}

/** A document without its records. */
export interface DocumentHeader {
  readonly header: Readonly<Record<string, unknown>>;
  readonly providerId: string | undefined;
  readonly externalFileName: string | undefined;
  readonly recordCount: number;
}

/**
 * Reads a document of one interface from pieces of its bytes: the records come out one by one, and are checked by
 * themselves. What is wrong with a record or the header is told at the end, when it is known that the document was meant
 * to be of this interface.
 */
export class DocumentReader {
  readonly #known: GenericInterface;
  readonly #cutter: RecordCutter;
  readonly #problems = new Problems();
  #count = 0;

  constructor(known: GenericInterface) {
    this.#known = known;
    this.#cutter = new RecordCutter(known.records.property);
  }

  /**
   * The records that end in the next piece.
   *
   * @throws DocumentProblem ENCODING, JSON_MALFORMED, JSON_TOO_DEEP, FORBIDDEN_KEY, RECORD_TOO_LARGE
   */
  read(piece: Uint8Array): GenericRecord[] {
    const records: GenericRecord[] = [];
    for (const cut of this.#cutter.push(piece)) {
      const record = this.#check(cut);
      if (record) records.push(record);
    }
    return records;
  }

  #check({ bytes, at }: CutRecord): GenericRecord | undefined {
    const { records } = this.#known;
    const { property, list } = records;
    const payload = parseJson(bytes, at);
    const path = `/${property}${list ? `/${this.#count}` : ''}`;
    this.#count++;
    const found = problemsOf(records.schema, payload, bytes.length) ?? records.problems(payload);
    this.#problems.add(found.map((problem) => path + problem));
    return found.length === 0 ? { ...records.describe(payload), payload } : undefined;
  }

  /**
   * The header, after the last piece.
   *
   * @throws DocumentProblem ENCODING, JSON_MALFORMED, UNKNOWN_INTERFACE, SCHEMA_VIOLATION, COUNT_MISMATCH
   */
  end(): DocumentHeader {
    const frame = this.#frame();
    if (!isOf(this.#known, frame)) {
      throw new DocumentProblem(
        'UNKNOWN_INTERFACE',
        `taken here: ${this.#known.category} · ${this.#known.type}`,
      );
    }
    const { property, list } = this.#known.records;
    const { [property]: places, ...header } = frame;
    this.#problems.add(placesProblem(places, property, list, this.#count));
    return settle(this.#known, header, this.#count, this.#problems);
  }

  #frame(): unknown {
    try {
      return parseJson(this.#cutter.frame);
    } catch (error) {
      if (!(error instanceof DocumentProblem) || this.#count === 0) throw error;
      // Where in the frame it is would lead people to the wrong place in the document.
      throw new DocumentProblem(
        error.code,
        `around the ${this.#count} record(s): ${error.message.replace(/ at .*/, '')}`,
      );
    }
  }
}

/** Each record left a null in its place. */
function placesProblem(places: unknown, property: string, list: boolean, count: number): string[] {
  if (places === undefined) return [`/: must have required property '${property}'`];
  if (!list) return places === null && count === 1 ? [] : [`/${property}: must be object`];
  if (!Array.isArray(places)) return [`/${property}: must be array`];
  const stranger = places.findIndex((place) => place !== null);
  if (stranger !== -1) return [`/${property}/${stranger}: must be object`];
  return places.length === count ? [] : [`/${property}: every element must be object`];
}

/** A whole document that follows its interface in every respect; for documents that are small, or our own. */
export function readDocument<Document>(
  bytes: Uint8Array,
  known: GenericInterface<Document, never>,
): Document {
  const reader = new DocumentReader(known);
  const payloads = reader.read(bytes).map((record) => record.payload);
  const { header } = reader.end();
  const { property, list } = known.records;
  return { ...header, [property]: list ? payloads : payloads[0] } as Document;
}

/**
 * Writes a document, after the same checks that a reader will make: what we publish is never refused for its form.
 *
 * @throws DocumentProblem SCHEMA_VIOLATION, COUNT_MISMATCH, CONTROL_CHAR, ENCODING
 */
export function writeDocument<Document extends object, Item>(
  known: GenericInterface<Document, Item>,
  document: Document,
): string {
  const plain = known as GenericInterface;
  const { property, list } = known.records;
  const { [property]: held, ...header } = document as Record<string, unknown>;
  const records = (list ? held : [held]) as unknown[];
  const problems = new Problems();
  for (const [index, record] of records.entries()) {
    const found = problemsOf(plain.records.schema, record, 0) ?? plain.records.problems(record);
    problems.add(found.map((problem) => `/${property}${list ? `/${index}` : ''}${problem}`));
  }
  settle(plain, header, records.length, problems);
  const text = JSON.stringify(document);
  checkWritten(text, document);
  return text;
}

function isOf(known: GenericInterface, document: unknown): document is Record<string, unknown> {
  if (typeof document !== 'object' || document === null) return false;
  const { interfaceCategory, interfaceType } = document as Record<string, unknown>;
  return interfaceCategory === known.category && interfaceType === known.type;
}

/** @throws DocumentProblem SCHEMA_VIOLATION, COUNT_MISMATCH */
function settle(
  known: GenericInterface,
  header: Record<string, unknown>,
  count: number,
  problems: Problems,
): DocumentHeader {
  problems.add((problemsOf(known.header, header, 0) ?? []).map((problem) => problem.replace(/^:/, '/:')));
  problems.throwAny('SCHEMA_VIOLATION');
  const { recordCount, externalFileName } = header as { recordCount?: number; externalFileName?: string };
  if (recordCount !== undefined && recordCount !== count) {
    throw new DocumentProblem(
      'COUNT_MISMATCH',
      `recordCount says ${recordCount}, the file has ${count} ${known.records.property}`,
    );
  }
  return { header, providerId: known.providerId(header), externalFileName, recordCount: count };
}

/** What the schema finds; undefined when that is nothing. @param bytes that it has, as far as they are known */
function problemsOf(schema: AnySchemaObject, value: unknown, bytes: number): string[] | undefined {
  const check = (bytes > maxThoroughBytes ? quick : thorough).compile(schema);
  return check(value) ? undefined : (check.errors ?? []).map(describe);
}

/** Path and expectation, never the value: it may be somebody's data. */
function describe(error: ErrorObject): string {
  const extra = (error.params as { additionalProperty?: unknown }).additionalProperty;
  const name = typeof extra === 'string' ? ` (${JSON.stringify(extra.slice(0, 60))})` : '';
  return `${error.instancePath}: ${error.message ?? error.keyword}${name}`;
}

/** What is wrong with a document: the first of it, and how much there is. */
class Problems {
  readonly #first: string[] = [];
  #count = 0;

  add(found: readonly string[]): void {
    this.#first.push(...found.slice(0, maxShown - this.#first.length));
    this.#count += found.length;
  }

  /** @throws DocumentProblem */
  throwAny(code: 'SCHEMA_VIOLATION'): void {
    if (this.#count === 0) return;
    const rest = this.#count - this.#first.length;
    throw new DocumentProblem(code, this.#first.join('; ') + (rest > 0 ? `; and ${rest} more` : ''));
  }
}
