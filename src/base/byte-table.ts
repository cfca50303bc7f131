/** Runs of bytes under numbers: an open-addressing hash table over typed arrays, so that looking one up makes nothing. */

import { hashOfBytes } from "./hash.ts";

const FIRST_ENTRIES = 256;

/** Numbers from 0 for runs of bytes, each kept once; nothing is ever taken out. */
export class ByteTable {
  /** Other in each process, so that colliding bytes cannot be prepared. */
  readonly #seed = (Math.random() * 0x1_0000_0000) | 0;
  /** A number plus one, 0 where free. Length is a power of two. */
  #slots: Int32Array = new Int32Array(FIRST_ENTRIES * 2);
  #hashes: Int32Array = new Int32Array(FIRST_ENTRIES);
  /** The run with number n is `#bytes[#starts[n], #starts[n + 1])`. */
  #starts: Uint32Array = new Uint32Array(FIRST_ENTRIES + 1);
  #bytes: Uint8Array = new Uint8Array(FIRST_ENTRIES * 32);
  #count = 0;

  /** Runs kept. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of all of them. */
  get byteCount(): number {
    return this.#starts[this.#count] as number;
  }

  /** The number of `bytes[start, end)`, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOfBytes(bytes, start, end, this.#seed);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let taken = this.#slots[slot] as number; taken !== 0; taken = this.#slots[slot] as number) {
      if (this.#hashes[taken - 1] === hash && this.#isSame(taken - 1, bytes, start, end)) return taken - 1;
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  /** Gives the next number to `bytes[start, end)`, which is not in the table. */
  add(bytes: Uint8Array, start: number, end: number): number {
    const entry = this.#count;
    const used = this.byteCount;
    const usedThen = used + (end - start);
    if (entry === this.#hashes.length) this.#grow();
    if (usedThen > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(usedThen, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes.subarray(start, end), used);
    this.#starts[entry + 1] = usedThen;
    this.#hashes[entry] = hashOfBytes(bytes, start, end, this.#seed);
    this.#place(entry);
    this.#count++;
    return entry;
  }

  #isSame(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    const known = this.#starts[entry] as number;
    if ((this.#starts[entry + 1] as number) - known !== end - start) return false;
    const kept = this.#bytes;
    const shift = known - start;
    for (let index = start; index < end; index++) if (bytes[index] !== kept[index + shift]) return false;
    return true;
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = (this.#hashes[entry] as number) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = entry + 1;
  }

  /** Twice the entries, at most half of the slots taken. */
  #grow(): void {
    const entries = this.#hashes.length;
    const hashes = new Int32Array(entries * 2);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    const starts = new Uint32Array(entries * 2 + 1);
    starts.set(this.#starts);
    this.#starts = starts;
    this.#slots = new Int32Array(entries * 4);
    for (let entry = 0; entry < entries; entry++) this.#place(entry);
  }
}
