/** What is known of each trace of a block without looking at its rows, as columns. */

import { HIGH_WORD, LOW_WORD } from "../base/bytes.ts";

/**
 * Earliest start, latest end, "has an error" and newest row of each trace. All of them stay right when a span comes
 * twice. Times are kept as pairs of 32-bit words: comparing them makes no bigint.
 */
export class TraceColumns {
  #starts: Uint32Array;
  #ends: Uint32Array;
  #errors: Uint8Array;
  #heads: Int32Array;

  constructor(capacity: number) {
    this.#starts = new Uint32Array(capacity * 2);
    this.#ends = new Uint32Array(capacity * 2);
    this.#errors = new Uint8Array(capacity);
    this.#heads = new Int32Array(capacity).fill(-1);
  }

  /** Bytes of the columns. */
  get byteSize(): number {
    return this.#starts.byteLength + this.#ends.byteLength + this.#errors.byteLength + this.#heads.byteLength;
  }

  /** Newest row of a trace in its block, -1 when it has none yet. */
  head(trace: number): number {
    return this.#heads[trace] as number;
  }

  /** Earliest start of a trace's spans, nanoseconds. */
  start(trace: number): bigint {
    return bigintOf(this.#starts, trace);
  }

  /** Latest end of a trace's spans, nanoseconds; may lie before the start. */
  end(trace: number): bigint {
    return bigintOf(this.#ends, trace);
  }

  /** True when a span of the trace has status ERROR. */
  hasError(trace: number): boolean {
    return this.#errors[trace] === 1;
  }

  /**
   * Takes one span in and returns the row that was the newest of its trace before, -1 when there was none.
   * `starts` and `ends` are the 64-bit columns of a batch seen as pairs of words.
   */
  add(
    trace: number,
    row: number,
    starts: Uint32Array,
    ends: Uint32Array,
    at: number,
    isError: boolean,
  ): number {
    if (trace >= this.#heads.length) this.#grow();
    const previous = this.#heads[trace] as number;
    this.#heads[trace] = row;
    if (previous < 0 || isLess(starts, at, this.#starts, trace)) copyPair(this.#starts, trace, starts, at);
    if (previous < 0 || isLess(this.#ends, trace, ends, at)) copyPair(this.#ends, trace, ends, at);
    if (isError) this.#errors[trace] = 1;
    return previous;
  }

  /** A copy of the first `count` traces, which later spans do not change. */
  copy(count: number): TraceColumns {
    const copy = new TraceColumns(0);
    copy.#starts = this.#starts.slice(0, count * 2);
    copy.#ends = this.#ends.slice(0, count * 2);
    copy.#errors = this.#errors.slice(0, count);
    copy.#heads = this.#heads.slice(0, count);
    return copy;
  }

  #grow(): void {
    const old = this.#heads.length;
    const grown = new TraceColumns(Math.max(old * 2, 256));
    grown.#starts.set(this.#starts);
    grown.#ends.set(this.#ends);
    grown.#errors.set(this.#errors);
    grown.#heads.set(this.#heads);
    this.#starts = grown.#starts;
    this.#ends = grown.#ends;
    this.#errors = grown.#errors;
    this.#heads = grown.#heads;
  }
}

function bigintOf(pairs: Uint32Array, at: number): bigint {
  return (BigInt(pairs[at * 2 + HIGH_WORD] as number) << 32n) | BigInt(pairs[at * 2 + LOW_WORD] as number);
}

function isLess(left: Uint32Array, leftAt: number, right: Uint32Array, rightAt: number): boolean {
  const leftHigh = left[leftAt * 2 + HIGH_WORD] as number;
  const rightHigh = right[rightAt * 2 + HIGH_WORD] as number;
  if (leftHigh !== rightHigh) return leftHigh < rightHigh;
  return (left[leftAt * 2 + LOW_WORD] as number) < (right[rightAt * 2 + LOW_WORD] as number);
}

function copyPair(target: Uint32Array, targetAt: number, source: Uint32Array, sourceAt: number): void {
  target[targetAt * 2] = source[sourceAt * 2] as number;
  target[targetAt * 2 + 1] = source[sourceAt * 2 + 1] as number;
}
