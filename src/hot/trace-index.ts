/** Dense numbers for 128-bit trace ids: an open-addressing hash table over typed arrays, no object per id. */

import { hashOfWords } from "../base/hash.ts";

/** A trace id as four 32-bit words, in the byte order of the machine. */
export type TraceIdWords = Uint32Array;

/** Words of one 16-byte trace id. */
export function wordsOfTraceId(traceId: Uint8Array): TraceIdWords {
  return new Uint32Array(Uint8Array.from(traceId.subarray(0, 16)).buffer);
}

/**
 * Numbers trace ids 0, 1, 2, ... in the order they are first seen. Linear probing, at most half full; the hash is
 * seeded, so that a sender who chooses ids cannot choose collisions.
 */
export class TraceIndex {
  readonly #seed: number;
  #slots: Int32Array = new Int32Array(1_024).fill(-1);
  #words: Uint32Array = new Uint32Array(4 * 512);
  #count = 0;

  /** @param seed any 32-bit number; the same ids under the same seed take the same slots. */
  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  /** How many distinct ids there are. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of the tables. */
  get byteSize(): number {
    return this.#slots.byteLength + this.#words.byteLength;
  }

  /** The number of the id at `words[at, at + 4)`, or -1. */
  find(words: TraceIdWords, at: number): number {
    return this.#slots[this.#slotOf(words, at)] as number;
  }

  /** The number of the id at `words[at, at + 4)`; a new id gets the next one. */
  add(words: TraceIdWords, at: number): number {
    const slot = this.#slotOf(words, at);
    const known = this.#slots[slot] as number;
    if (known >= 0) return known;
    const number = this.#count++;
    this.#slots[slot] = number;
    if (number * 4 >= this.#words.length) this.#growWords();
    for (let word = 0; word < 4; word++) this.#words[number * 4 + word] = words[at + word] as number;
    if (this.#count * 2 > this.#slots.length) this.#growSlots();
    return number;
  }

  /** The words of all ids, four a number; valid for the numbers given so far. */
  words(): TraceIdWords {
    return this.#words;
  }

  #slotOf(words: TraceIdWords, at: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashOfWords(words, at, 4, this.#seed) & mask;
    for (let number = slots[slot] as number; number >= 0; number = slots[slot] as number) {
      if (sameWords(this.#words, number * 4, words, at)) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #growWords(): void {
    const grown = new Uint32Array(this.#words.length * 2);
    grown.set(this.#words);
    this.#words = grown;
  }

  #growSlots(): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(-1);
    for (let number = 0; number < this.#count; number++) {
      this.#slots[this.#slotOf(this.#words, number * 4)] = number;
    }
  }
}

/** True when two ids are the same. */
function sameWords(left: Uint32Array, leftAt: number, right: Uint32Array, rightAt: number): boolean {
  return (
    left[leftAt] === right[rightAt] &&
    left[leftAt + 1] === right[rightAt + 1] &&
    left[leftAt + 2] === right[rightAt + 2] &&
    left[leftAt + 3] === right[rightAt + 3]
  );
}
