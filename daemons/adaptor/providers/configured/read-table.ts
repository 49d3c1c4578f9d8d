import { CsvReader } from '../../../../shared/formats/read-csv.ts';
import type {
  AcknowledgementMapping,
  AnswerMapping,
} from '../../../../shared/runtime/configured-format-schema.ts';
import { Fault, toFault } from '../../../../shared/runtime/faults.ts';
import type { AnswerContent, TableInPieces } from '../provider-format.ts';
import type { Entry } from './read-document.ts';
import { Said, type ReadAnswer, type Reader } from './verdicts.ts';
import { delimiters } from './write-csv.ts';

/**
 * Tables of partners, read in one pass, piece by piece: they may have a million rows, of which none is kept, but what they
 * say of each key.
 */

/** What was found in a table. */
export class ReadTable {
  /** A fault: it is not the table that the mapping describes. */
  readonly answer: ReadAnswer | Fault | null;
  /** Its only row, where the columns are those of an acknowledgement. */
  readonly acknowledgement: Entry | undefined;

  constructor(answer: ReadAnswer | Fault | null, acknowledgement: Entry | undefined) {
    this.answer = answer;
    this.acknowledgement = acknowledgement;
  }
}

/** Reads a table that comes in pieces. */
export function tableInPieces(reader: Reader): TableInPieces {
  const { answer, acknowledgement } = reader.mapping;
  const answering = answer.kind === 'csv' ? new AnswerTable(reader, answer) : undefined;
  const acknowledging = acknowledgement?.kind === 'csv' ? new AcknowledgingTable(acknowledgement) : undefined;
  return {
    push: (piece) => {
      answering?.push(piece);
      acknowledging?.push(piece);
    },
    end: () => ({
      kind: 'table',
      table: new ReadTable(answering?.end() ?? null, acknowledging?.end()),
    }),
  };
}

/** What was found in a content; null: it is no table. Bytes that are there all at once are read when this is first asked. */
export function tableIn(reader: Reader, content: AnswerContent): ReadTable | null {
  if (content.kind === 'table') return content.table instanceof ReadTable ? content.table : null;
  if (content.kind !== 'csv') return null;
  const known = reader.tables.get(content);
  if (known) return known;
  const pieces = tableInPieces(reader);
  pieces.push(content.bytes);
  const read = tableIn(reader, pieces.end());
  if (read) reader.tables.set(content, read);
  return read;
}

/** A table that may turn out to be another one. */
abstract class PartnersTable {
  readonly columns: readonly string[];
  readonly #csv: CsvReader;
  #fault: Fault | undefined;

  constructor(places: readonly string[], delimiter: keyof typeof delimiters) {
    this.columns = [...new Set(places.filter((place) => place !== ''))];
    this.#csv = new CsvReader(
      this.columns,
      { delimiter: delimiters[delimiter], tolerant: true },
      (values) => {
        this.take(values);
      },
    );
  }

  protected abstract take(values: readonly string[]): void;

  push(piece: Uint8Array): void {
    this.#orFault(() => {
      this.#csv.push(piece);
    });
  }

  /** @returns why it is another one */
  protected endOfTable(): Fault | undefined {
    this.#orFault(() => {
      this.#csv.end();
    });
    return this.#fault;
  }

  #orFault(read: () => void): void {
    if (this.#fault) return;
    try {
      read();
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.class !== 'permanent') throw thrown;
      const detail = `not the table that the mapping describes: ${fault.message}`;
      this.#fault = new Fault('UNKNOWN_ANSWER', detail, { cause: fault });
    }
  }
}

/** The row of a table that has these columns; values without blanks around them. */
function entryOf(columns: readonly string[], values: readonly string[]): Entry {
  return {
    all: (place) => {
      const value = values[columns.indexOf(place)]?.trim() ?? '';
      return value === '' ? [] : [value];
    },
  };
}

type TableAnswer = Extract<AnswerMapping, { kind: 'csv' }>;

/** Where what a row says, the key apart, stands in it; what it names may be others for each. */
const placesOfWords = ({ status, code, text }: TableAnswer): string[] => [status, code, text];
const placesOfIds = ({ whole }: TableAnswer): string[] => [whole.transactionId, whole.providerTransactionId];

class AnswerTable extends PartnersTable {
  readonly #said: Said;
  readonly #key: number;
  readonly #words: readonly number[];
  readonly #ids: ReadonlyMap<string, Distinct>;
  readonly #idColumns: readonly (readonly [number, Distinct])[];
  /** The row before, and what it says. */
  #before: readonly string[] | undefined;
  #says = 0;

  constructor(reader: Reader, answer: TableAnswer) {
    super([answer.key, ...placesOfWords(answer), ...placesOfIds(answer)], answer.delimiter);
    const columnsOf = (places: readonly string[]) => places.filter((place) => this.columns.includes(place));
    this.#said = new Said(reader);
    this.#key = this.columns.indexOf(answer.key);
    this.#words = columnsOf(placesOfWords(answer)).map((place) => this.columns.indexOf(place));
    this.#ids = new Map(columnsOf(placesOfIds(answer)).map((place) => [place, new Distinct()]));
    this.#idColumns = Array.from(this.#ids, ([place, distinct]) => [this.columns.indexOf(place), distinct]);
  }

  protected take(values: readonly string[]): void {
    for (const [column, distinct] of this.#idColumns) distinct.add(values[column] ?? '');
    const key = values[this.#key]?.trim() ?? '';
    if (key === '') return;
    // Most rows say what the row before says.
    const before = this.#before;
    if (!before || this.#words.some((column) => values[column] !== before[column])) {
      this.#says = this.#said.understand(entryOf(this.columns, values));
      this.#before = values;
    }
    this.#said.records.add(key, this.#says);
  }

  end(): ReadAnswer | Fault {
    const whole: Entry = { all: (place) => this.#ids.get(place)?.values ?? [] };
    return this.endOfTable() ?? { whole, said: this.#said };
  }
}

/** The values of a column, as far as it has to be known whether they are one or more. */
class Distinct {
  readonly values: string[] = [];
  #before = '';

  add(written: string): void {
    if (written === this.#before || this.values.length > 1) return;
    this.#before = written;
    const value = written.trim();
    if (value !== '' && !this.values.includes(value)) this.values.push(value);
  }
}

class AcknowledgingTable extends PartnersTable {
  #rows = 0;
  #row: Entry | undefined;

  constructor({
    delimiter,
    status,
    code,
    text,
    providerTransactionId,
  }: Extract<AcknowledgementMapping, { kind: 'csv' }>) {
    super([status, code, text, providerTransactionId], delimiter);
  }

  /** A second row makes it something else, whatever comes behind it. */
  override push(piece: Uint8Array): void {
    if (this.#rows < 2) super.push(piece);
  }

  protected take(values: readonly string[]): void {
    this.#rows++;
    this.#row ??= entryOf(this.columns, values);
  }

  end(): Entry | undefined {
    return this.#rows > 1 || this.endOfTable() ? undefined : this.#row;
  }
}
