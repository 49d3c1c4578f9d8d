/**
 * Which files of a crowded drop folder are looked at now. What was seen of a file is remembered from look to look; so
 * that this stays bounded, a folder of very many files is looked at portion by portion, each for as long as its files
 * need to be found quiet. Every file has its turn, however many others lie there and cannot be taken. Pure.
 */
export class Portions {
  readonly #size: number;
  #count = 1;
  #turn = 0;
  #fruitless = 0;

  /** @param size files in one portion, about */
  constructor(size: number) {
    this.#size = size;
  }

  /** Whether the file of this name is looked at in this turn. */
  holds(name: string): boolean {
    return this.#count === 1 || hash(name) % this.#count === this.#turn;
  }

  /** Number of portions. */
  get count(): number {
    return this.#count;
  }

  /** Whether there are portions that had no turn since the last one with a file that could be taken. */
  get unlooked(): boolean {
    return this.#fruitless < this.#count;
  }

  /** A file of this portion could be taken. */
  hadFruit(): void {
    this.#fruitless = 0;
  }

  /** Ends a turn. @param files how many there are in the whole folder */
  next(files: number): void {
    this.#fruitless++;
    this.#turn = (this.#turn + 1) % this.#count;
    // Only between two rounds: within one, another number of portions would send files into portions that are over.
    if (this.#turn === 0) this.#count = Math.max(1, Math.ceil(files / this.#size));
  }
}

/** FNV-1a (Fowler, Noll, Vo), 32 bits, of a name with one character for each byte. */
function hash(name: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) value = Math.imul(value ^ name.charCodeAt(at), 0x01000193) >>> 0;
  return value;
}
