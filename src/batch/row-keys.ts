/** Start time and span id of many rows, for sorting them without an object or a bigint a comparison. */

import { bigEndian32, HIGH_WORD, LOW_WORD, wordPairsOf } from "../base/bytes.ts";
import type { Steps } from "../base/time-slice.ts";
import type { SpanBatch, SpanRow } from "./span-batch.ts";

/** Rows sorted by insertion; longer lists are merged from such runs. */
const RUN_ROWS = 16;
/** Rows moved between two chances for others to run. */
const ROWS_PER_STEP = 2_048;
const WORDS = 4;

/** Keys of rows by index: start time, then span id, as four 32-bit words, highest first. */
export class RowKeys {
  readonly #words: Uint32Array;
  readonly #count: number;
  #batch: SpanBatch | undefined;
  #starts: Uint32Array = new Uint32Array(0);

  constructor(count: number) {
    this.#count = count;
    this.#words = new Uint32Array(count * WORDS);
  }

  /** Notes the key of the row at an index. */
  set(index: number, { batch, row }: SpanRow): void {
    if (batch !== this.#batch) {
      this.#starts = wordPairsOf(batch.startTimesUnixNano);
      this.#batch = batch;
    }
    const at = index * WORDS;
    this.#words[at] = this.#starts[row * 2 + HIGH_WORD] as number;
    this.#words[at + 1] = this.#starts[row * 2 + LOW_WORD] as number;
    this.#words[at + 2] = bigEndian32(batch.spanIds, row * 8);
    this.#words[at + 3] = bigEndian32(batch.spanIds, row * 8 + 4);
  }

  /** True when two rows have one start time and span id. */
  isSame(left: number, right: number): boolean {
    return this.#compare(left, right) === 0;
  }

  /** All indexes by key; rows of one key stay in the order of their indexes. */
  *order(): Steps<Uint32Array> {
    let sorted = Uint32Array.from({ length: this.#count }, (_, index) => index);
    for (let start = 0; start < this.#count; start += RUN_ROWS) {
      this.#sortRun(sorted, start, Math.min(start + RUN_ROWS, this.#count));
      if (start % ROWS_PER_STEP === ROWS_PER_STEP - RUN_ROWS) yield ROWS_PER_STEP;
    }
    let spare = new Uint32Array(this.#count > RUN_ROWS ? this.#count : 0);
    for (let width = RUN_ROWS; width < this.#count; width *= 2) {
      let steps = 0;
      for (let start = 0; start < this.#count; start += width * 2) {
        yield* this.#merge(sorted, spare, start, width);
        steps += width * 2;
        if (steps < ROWS_PER_STEP || width >= ROWS_PER_STEP) continue;
        yield steps;
        steps = 0;
      }
      [sorted, spare] = [spare, sorted];
    }
    return sorted;
  }

  /** Insertion sort of `[start, end)`. */
  #sortRun(order: Uint32Array, start: number, end: number): void {
    for (let next = start + 1; next < end; next++) {
      const index = order[next] as number;
      let at = next;
      while (at > start && this.#compareStably(order[at - 1] as number, index) > 0) {
        order[at] = order[at - 1] as number;
        at--;
      }
      order[at] = index;
    }
  }

  /** Merges the runs `[start, start + width)` and `[start + width, start + 2 * width)` of `from` into `into`. */
  *#merge(from: Uint32Array, into: Uint32Array, start: number, width: number): Steps<void> {
    const middle = Math.min(start + width, this.#count);
    const end = Math.min(middle + width, this.#count);
    const isInOrder =
      middle === end || this.#compareStably(from[middle - 1] as number, from[middle] as number) < 0;
    if (isInOrder) {
      into.set(from.subarray(start, end), start);
      return;
    }
    let left = start;
    let right = middle;
    for (let to = start; to < end; to++) {
      const takesLeft =
        left < middle &&
        (right >= end || this.#compareStably(from[left] as number, from[right] as number) < 0);
      into[to] = from[takesLeft ? left++ : right++] as number;
      if (width >= ROWS_PER_STEP && to % ROWS_PER_STEP === ROWS_PER_STEP - 1) yield ROWS_PER_STEP;
    }
  }

  #compareStably(left: number, right: number): number {
    return this.#compare(left, right) || left - right;
  }

  #compare(left: number, right: number): number {
    const words = this.#words;
    for (let word = 0; word < WORDS; word++) {
      const difference = (words[left * WORDS + word] as number) - (words[right * WORDS + word] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}
