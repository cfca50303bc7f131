/** Answers worked out once for everything that is written in the same bytes. */

import { hashOfBytes } from "./hash.ts";

const FIRST_ENTRIES = 256;
/** An answer, its hash, its slot and its place, besides its bytes. */
const ENTRY_BYTES = 32;

/**
 * Ask whether an answer is known for a run of bytes, or say one. What comes once as many bytes are kept as may be is
 * not kept: what comes often comes early.
 *
 * @example
 * const answer = memo.find(bytes, start, end) ?? memo.keep(workOut(bytes, start, end), bytes, start, end);
 */
export class ByteMemo<Value extends object> {
  readonly #maxBytes: number;
  /** Other in each process, so that colliding bytes cannot be prepared. */
  readonly #seed = (Math.random() * 0x1_0000_0000) | 0;
  readonly #values: Value[] = [];
  /** Open addressing: the number of an answer plus one, 0 where free. Length is a power of two. */
  #slots: Int32Array = new Int32Array(FIRST_ENTRIES * 2);
  #hashes: Int32Array = new Int32Array(FIRST_ENTRIES);
  /** The bytes of answer a are `#bytes[#starts[a], #starts[a + 1])`. */
  #starts: Uint32Array = new Uint32Array(FIRST_ENTRIES + 1);
  #bytes: Uint8Array = new Uint8Array(FIRST_ENTRIES * 32);

  /** @param maxBytes - bytes kept of all that answers are known for */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of what is kept, without the answers themselves. */
  get byteSize(): number {
    return this.#used + this.#values.length * ENTRY_BYTES;
  }

  /** The answer for `bytes[start, end)`, if there is one. */
  find(bytes: Uint8Array, start: number, end: number): Value | undefined {
    const hash = hashOfBytes(bytes, start, end, this.#seed);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] as number) - 1;
      if (this.#hashes[entry] === hash && this.#isSame(entry, bytes, start, end)) return this.#values[entry];
    }
    return undefined;
  }

  /** Keeps an answer for bytes that have none, if there is room, and gives it back. */
  keep(value: Value, bytes: Uint8Array, start: number, end: number): Value {
    const used = this.#used;
    const length = end - start;
    if (used + length > this.#maxBytes) return value;
    const entry = this.#values.push(value) - 1;
    if (entry === this.#hashes.length) this.#grow();
    if (used + length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(used + length, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes.subarray(start, end), used);
    this.#starts[entry + 1] = used + length;
    this.#hashes[entry] = hashOfBytes(bytes, start, end, this.#seed);
    this.#place(entry);
    return value;
  }

  get #used(): number {
    return this.#starts[this.#values.length] as number;
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
