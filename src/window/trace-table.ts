/** Numbers for the trace ids in the window: an open-addressing hash table over typed arrays that can also forget. */

import { hexOfWords } from "../base/bytes.ts";
import { hashOfWords } from "../base/hash.ts";

const INITIAL_SLOTS = 1_024;

/**
 * Trace ids, four 32-bit words each, with a dense number that is given again once it was forgotten. Linear probing, at
 * most half full; the hash is seeded, so that a sender who chooses ids cannot choose collisions.
 */
export class TraceTable {
  readonly #seed: number;
  #slots: Int32Array = new Int32Array(INITIAL_SLOTS).fill(-1);
  #words: Uint32Array = new Uint32Array(INITIAL_SLOTS * 2);
  #free: number[] = [];
  #highest = 0;
  #count = 0;

  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  /** Ids in the table. */
  get count(): number {
    return this.#count;
  }

  /** Numbers given so far are below this. */
  get capacity(): number {
    return this.#highest;
  }

  /** Bytes of the tables. */
  get byteSize(): number {
    return this.#slots.byteLength + this.#words.byteLength + this.#free.length * 8;
  }

  /** The number of the id at `words[at, at + 4)`, or -1. */
  find(words: Uint32Array, at: number): number {
    return this.#slots[this.#slotOf(words, at)] as number;
  }

  /** Gives the id at `words[at, at + 4)`, which is not in the table, a number. */
  add(words: Uint32Array, at: number): number {
    if ((this.#count + 1) * 2 > this.#slots.length) this.#growSlots();
    const number = this.#free.pop() ?? this.#highest++;
    if (number * 4 >= this.#words.length) this.#growWords();
    for (let word = 0; word < 4; word++) this.#words[number * 4 + word] = words[at + word] as number;
    this.#slots[this.#slotOf(words, at)] = number;
    this.#count++;
    return number;
  }

  /** Forgets a number that was given; it may be given again. */
  remove(number: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = this.#slotOf(this.#words, number * 4);
    // Whoever was pushed past the hole moves back into it, so that no search ends before it should.
    for (let slot = (hole + 1) & mask; slots[slot] !== -1; slot = (slot + 1) & mask) {
      const home = hashOfWords(this.#words, (slots[slot] as number) * 4, 4, this.#seed) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot] as number;
      hole = slot;
    }
    slots[hole] = -1;
    this.#free.push(number);
    this.#count--;
  }

  /** The 16 bytes of the id with a number. */
  bytes(number: number): Uint8Array {
    return new Uint8Array(this.#words.slice(number * 4, number * 4 + 4).buffer);
  }

  /** The id with a number, in lower-case hex. */
  hex(number: number): string {
    return hexOfWords(this.#words, number * 4, 4);
  }

  #slotOf(words: Uint32Array, at: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashOfWords(words, at, 4, this.#seed) & mask;
    for (let number = slots[slot] as number; number >= 0; number = slots[slot] as number) {
      if (this.#isId(number, words, at)) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #isId(number: number, words: Uint32Array, at: number): boolean {
    for (let word = 0; word < 4; word++)
      if (this.#words[number * 4 + word] !== words[at + word]) return false;
    return true;
  }

  #growWords(): void {
    const grown = new Uint32Array(this.#words.length * 2);
    grown.set(this.#words);
    this.#words = grown;
  }

  #growSlots(): void {
    const numbers = this.#slots.filter((number) => number >= 0);
    this.#slots = new Int32Array(this.#slots.length * 2).fill(-1);
    for (const number of numbers) this.#slots[this.#slotOf(this.#words, number * 4)] = number;
  }
}
