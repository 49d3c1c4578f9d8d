import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { default as addFormats } from 'ajv-formats';

import type { GenericInterface } from './generic-interface.ts';
import { DocumentProblem } from './problem.ts';
import { readJson } from './read-json.ts';
import { interfaces } from './registry.ts';

/** Paths shown of one bad document; more would only repeat the same mistake. */
const maxPathsShown = 10;

const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true, strictRequired: false });
addFormats.default(ajv, ['date-time']);
const validators = new Map<GenericInterface, ValidateFunction>(
  interfaces.map((known) => [known, ajv.compile(known.schema)]),
);

/** A document that follows its interface in every respect. */
export interface GenericDocument<Document = unknown> {
  readonly interface: GenericInterface<Document>;
  readonly document: Document;
}

/**
 * Reads the bytes of a generic file of one of the accepted interfaces.
 *
 * @throws DocumentProblem ENCODING, JSON_MALFORMED, JSON_TOO_DEEP, FORBIDDEN_KEY, UNKNOWN_INTERFACE,
 *   SCHEMA_VIOLATION, COUNT_MISMATCH
 */
export function readDocument(bytes: Uint8Array, accepted: readonly GenericInterface[]): GenericDocument {
  const document = readJson(bytes);
  const found = accepted.find((known) => isOf(known, document));
  if (!found) {
    throw new DocumentProblem(
      'UNKNOWN_INTERFACE',
      `taken here: ${accepted.map((known) => `${known.category} · ${known.type}`).join(', ')}`,
    );
  }
  validate(found, document);
  return { interface: found, document };
}

/**
 * Writes a document, after the same checks that a reader will make: what we publish is never refused for its form.
 *
 * @throws DocumentProblem SCHEMA_VIOLATION, COUNT_MISMATCH
 */
export function writeDocument<Document>(known: GenericInterface<Document>, document: Document): Uint8Array {
  validate(known, document);
  return new TextEncoder().encode(JSON.stringify(document));
}

function isOf(known: GenericInterface, document: unknown): boolean {
  if (typeof document !== 'object' || document === null) return false;
  const { interfaceCategory, interfaceType } = document as Record<string, unknown>;
  return interfaceCategory === known.category && interfaceType === known.type;
}

function validate(known: GenericInterface, document: unknown): void {
  const check = validators.get(known);
  if (!check) throw new Error(`the interface ${known.type} is not in the registry`);
  if (!check(document)) throw new DocumentProblem('SCHEMA_VIOLATION', list(check.errors ?? [], describe));
  const problems = known.problems(document);
  if (problems.length === 0) return;
  const code = problems.some((problem) => problem.startsWith('recordCount'))
    ? 'COUNT_MISMATCH'
    : 'SCHEMA_VIOLATION';
  throw new DocumentProblem(code, list(problems, String));
}

function list<T>(problems: readonly T[], toText: (problem: T) => string): string {
  const shown = problems.slice(0, maxPathsShown).map(toText).join('; ');
  const rest = problems.length - maxPathsShown;
  return rest > 0 ? `${shown}; and ${rest} more` : shown;
}

/** Path and expectation, never the value: it may be somebody's data. */
function describe(error: ErrorObject): string {
  const extra = (error.params as { additionalProperty?: unknown }).additionalProperty;
  const name = typeof extra === 'string' ? ` (${JSON.stringify(extra.slice(0, 60))})` : '';
  return `${error.instancePath || '/'}: ${error.message ?? error.keyword}${name}`;
}
