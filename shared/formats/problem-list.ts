/** Problems shown of one file; more would only repeat the same mistake. */
const maxShown = 50;

/** A problem may name what the file has, and that may be of any length. */
const maxLength = 300;

/** What is wrong with a file, one line each. However many there are, only the first are kept, and the rest counted. */
export class ProblemList {
  readonly #shown: string[] = [];
  #count = 0;

  add(problem: string): void {
    this.#count++;
    if (this.#shown.length < maxShown) this.#shown.push(shorten(problem));
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  toString(): string {
    const rest = this.#count - this.#shown.length;
    return [...this.#shown, ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n');
  }
}

const shorten = (text: string): string => (text.length > maxLength ? `${text.slice(0, maxLength)} …` : text);
