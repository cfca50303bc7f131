/** Answers worked out once for everything that is written in the same bytes. */

import { ByteTable } from "./byte-table.ts";

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
  readonly #table = new ByteTable();
  readonly #values: Value[] = [];

  /** @param maxBytes - bytes kept of all that answers are known for */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of what is kept, without the answers themselves. */
  get byteSize(): number {
    return this.#table.byteCount + this.#values.length * ENTRY_BYTES;
  }

  /** The answer for `bytes[start, end)`, if there is one. */
  find(bytes: Uint8Array, start: number, end: number): Value | undefined {
    const entry = this.#table.find(bytes, start, end);
    return entry === -1 ? undefined : this.#values[entry];
  }

  /** Keeps an answer for bytes that have none, if there is room, and gives it back. */
  keep(value: Value, bytes: Uint8Array, start: number, end: number): Value {
    if (this.#table.byteCount + (end - start) > this.#maxBytes) return value;
    this.#table.add(bytes, start, end);
    this.#values.push(value);
    return value;
  }
}
