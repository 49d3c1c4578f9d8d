import { roomFor, TextIndex } from './text-index.ts';

/** What the records of an answer say of each key, as numbers of verdicts. There may be a million keys. */
export class SaidByKey {
  readonly #keys = new TextIndex();
  /** Of each key, what its first record says. */
  #says = new Uint32Array(16);
  /** Of keys whose records do not all say the same: all that they say. */
  readonly #several = new Map<number, Set<number>>();

  /** How many keys there are. */
  get size(): number {
    return this.#keys.size;
  }

  add(key: string, verdict: number): void {
    const known = this.#keys.size;
    const number = this.#keys.add(key);
    if (number === known) {
      this.#says = roomFor(this.#says, number);
      this.#says[number] = verdict;
      return;
    }
    const first = this.#says[number] ?? 0;
    const several = this.#several.get(number);
    if (several) several.add(verdict);
    else if (first !== verdict) this.#several.set(number, new Set([first, verdict]));
  }

  /** Keys are numbered from 0, by their first records. */
  numberOf(key: string): number | undefined {
    return this.#keys.find(key);
  }

  keyAt(number: number): string {
    return this.#keys.textAt(number);
  }

  /** What the first record of a key says. */
  firstAt(number: number): number {
    return this.#says[number] ?? 0;
  }

  /** What the records of a key say that do not all say the same, each once; undefined: they do. */
  severalAt(number: number): ReadonlySet<number> | undefined {
    return this.#several.get(number);
  }
}
