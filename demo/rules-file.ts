import { readFile } from 'node:fs/promises';

/**
 * Rules of a simulator in a JSON file. They are read anew for each call, so that a failure can be set and lifted while
 * the simulator runs; while the file cannot be read, the last rules hold.
 */
export class RulesFile<Rules> {
  readonly #file: string | undefined;
  readonly #parse: (document: unknown) => Rules;
  readonly #log: (line: string) => void;
  #last: Rules;

  private constructor(
    file: string | undefined,
    parse: (document: unknown) => Rules,
    log: (line: string) => void,
    first: Rules,
  ) {
    this.#file = file;
    this.#parse = parse;
    this.#log = log;
    this.#last = first;
  }

  /** @throws when the file cannot be read at the start, or breaks the schema */
  static async open<Rules>(
    file: string | undefined,
    parse: (document: unknown) => Rules,
    log: (line: string) => void,
  ): Promise<RulesFile<Rules>> {
    const first = parse(file === undefined ? {} : JSON.parse(await readFile(file, 'utf8')));
    return new RulesFile(file, parse, log, first);
  }

  async current(): Promise<Rules> {
    if (this.#file === undefined) return this.#last;
    try {
      this.#last = this.#parse(JSON.parse(await readFile(this.#file, 'utf8')));
    } catch (error) {
      this.#log(`the last rules hold: ${String(error)}`);
    }
    return this.#last;
  }
}
