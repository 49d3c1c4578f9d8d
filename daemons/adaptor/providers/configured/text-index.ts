import { randomInt } from 'node:crypto';

/** Bytes of texts that stand together; a longer text has a page of its own. */
const pageBytes = 16 * 1024;

/**
 * Gives texts numbers, from 0 in the order in which they are added, and finds them again. For a million of them, since it
 * holds no object for each: their bytes, and some twenty more.
 */
export class TextIndex {
  readonly #pages: Buffer[] = [];
  /** Bytes of the last page that are taken. */
  #taken = pageBytes;
  #count = 0;
  /** Of each text, its page and its place there, its length, and its hash. */
  #starts = new Uint32Array(16);
  #lengths = new Uint32Array(16);
  #hashes = new Uint32Array(16);
  /** A hash table, open and of a power of two, half of it free: the number of a text and 1; 0 is free. */
  #slots = new Uint32Array(32);
  /** The text that is being looked for, as bytes. */
  #sought: Buffer = Buffer.alloc(256);
  #soughtBytes = 0;
  #soughtHash = 0;
  /** What was found before; -1: nothing. */
  #found = -1;

  /** How many there are. */
  get size(): number {
    return this.#count;
  }

  /** The number of a text; undefined when it was not added. */
  find(text: string): number | undefined {
    this.#seek(text);
    // Most are asked for in the order in which they were added, and lie side by side.
    if (!this.#isSought(++this.#found)) this.#found = (this.#slots[this.#slotOfSought()] ?? 0) - 1;
    return this.#found === -1 ? undefined : this.#found;
  }

  /** @returns its number: that of the next when it is new */
  add(text: string): number {
    this.#seek(text);
    const place = this.#slotOfSought();
    const slot = this.#slots[place] ?? 0;
    if (slot !== 0) return slot - 1;
    const number = this.#count++;
    this.#slots[place] = number + 1;
    this.#keep(number);
    if (2 * this.#count > this.#slots.length) this.#grow();
    return number;
  }

  /** The text of a number that was given. */
  textAt(number: number): string {
    const start = this.#starts[number] ?? 0;
    const page = this.#pages[Math.floor(start / pageBytes)];
    return (
      page?.toString('utf8', start % pageBytes, (start % pageBytes) + (this.#lengths[number] ?? 0)) ?? ''
    );
  }

  /** Where the text is in the table, or belongs. */
  #slotOfSought(): number {
    const last = this.#slots.length - 1;
    const hash = hashOf(this.#sought, this.#soughtBytes);
    this.#soughtHash = hash;
    for (let place = hash & last; ; place = (place + 1) & last) {
      const slot = this.#slots[place] ?? 0;
      if (slot === 0 || (this.#hashes[slot - 1] === hash && this.#isSought(slot - 1))) return place;
    }
  }

  #seek(text: string): void {
    // No character takes more than three bytes for each of its units.
    if (3 * text.length > this.#sought.length) this.#sought = Buffer.alloc(6 * text.length);
    const sought = this.#sought;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit >= 0x80) {
        this.#soughtBytes = sought.write(text);
        return;
      }
      sought[at] = unit;
    }
    this.#soughtBytes = text.length;
  }

  #isSought(number: number): boolean {
    const length = this.#soughtBytes;
    if (number >= this.#count || this.#lengths[number] !== length) return false;
    const start = this.#starts[number] ?? 0;
    const page = this.#pages[Math.floor(start / pageBytes)];
    const sought = this.#sought;
    // The last byte is the likeliest to differ.
    for (let at = length - 1, other = (start % pageBytes) + at; at >= 0; at--, other--) {
      if (sought[at] !== page?.[other]) return false;
    }
    return true;
  }

  #keep(number: number): void {
    const length = this.#soughtBytes;
    if (this.#taken + length > pageBytes) {
      this.#pages.push(Buffer.allocUnsafe(Math.max(pageBytes, length)));
      this.#taken = 0;
    }
    const page = this.#pages.length - 1;
    const [held, taken, sought] = [this.#pages[page], this.#taken, this.#sought];
    // A loop, as the texts are short: a call that copies costs more than it saves.
    if (held) for (let at = 0; at < length; at++) held[taken + at] = sought[at] ?? 0;
    this.#starts = roomFor(this.#starts, number);
    this.#lengths = roomFor(this.#lengths, number);
    this.#hashes = roomFor(this.#hashes, number);
    this.#starts[number] = page * pageBytes + this.#taken;
    this.#lengths[number] = length;
    this.#hashes[number] = this.#soughtHash;
    this.#taken += length;
  }

  #grow(): void {
    const slots = new Uint32Array(2 * this.#slots.length);
    const last = slots.length - 1;
    for (let number = 0; number < this.#count; number++) {
      let place = (this.#hashes[number] ?? 0) & last;
      while (slots[place] !== 0) place = (place + 1) & last;
      slots[place] = number + 1;
    }
    this.#slots = slots;
  }
}

/** Another in each process: nobody can choose texts that all belong in one place. */
const seed = randomInt(2 ** 32);

/** FNV-1a, whose low bits are stirred: keys that are counted up differ in the last byte only. */
function hashOf(bytes: Uint8Array, length: number): number {
  let hash = seed;
  for (let at = 0; at < length; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** The same numbers, with room for one at this place. */
export function roomFor(numbers: Uint32Array<ArrayBuffer>, place: number): Uint32Array<ArrayBuffer> {
  if (place < numbers.length) return numbers;
  const larger = new Uint32Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}
