/** Codes of what can be wrong with a document; each is a row of the fault table. */
export type ProblemCode =
  | 'ENCODING'
  | 'CONTROL_CHAR'
  | 'JSON_MALFORMED'
  | 'JSON_TOO_DEEP'
  | 'FORBIDDEN_KEY'
  | 'UNKNOWN_INTERFACE'
  | 'SCHEMA_VIOLATION'
  | 'COUNT_MISMATCH'
  | 'RECORD_TOO_LARGE';

/** A document that cannot be used. The message names paths and expectations, never the content itself. */
export class DocumentProblem extends Error {
  readonly code: ProblemCode;

  constructor(code: ProblemCode, message: string) {
    super(message);
    this.name = 'DocumentProblem';
    this.code = code;
  }
}
