/**
 * Sums of weighted nanoseconds that come out the same in any order.
 *
 * A profile is merged in whatever order shards and windows come, and loses traces again; sums of rounded numbers would
 * then depend on the order, and what was taken back would leave dust. So weights are whole numbers of 1/1,024 and sums
 * are whole numbers of (nanoseconds x 1/1,024), kept as two halves of float64: BigInt would cost an allocation for each
 * span, and one float64 is exact up to 2^53 only, which a thousand hours reach.
 */

import { WEIGHT_STEPS } from "../weight-steps.ts";

/** Bits of the low half of a sum. */
const LOW_BITS = 48;
const LOW_RANGE = 2 ** LOW_BITS;
/** Nanoseconds are multiplied in two parts, split here. */
const PART_RANGE = 2 ** 24;
/** With nanoseconds and steps below these every product of a part is below 2^52. */
const MAX_FAST_NANOS = 2 ** 48;
const MAX_FAST_STEPS = 2 ** 28;

/** Nanoseconds of a sum in (nanoseconds x 1/1,024), to the nearest float64. */
export function nanosOfSum(sum: bigint): number {
  return Number(sum) / WEIGHT_STEPS;
}

/**
 * Many sums; sum i is `high[i] * 2^48 + low[i]` with a low half from 0 to below 2^48, so equal sums are equal bits. Exact
 * up to 2^101: 500 million traces of a century each.
 */
export class ExactSums {
  #highs: Float64Array = new Float64Array(16);
  #lows: Float64Array = new Float64Array(16);

  /** Sums that there is room for. */
  get length(): number {
    return this.#lows.length;
  }

  /** Makes room for sums 0 to below `count`, 0 each. */
  reserve(count: number): void {
    if (count <= this.#lows.length) return;
    const highs = new Float64Array(Math.max(count, this.#lows.length * 2));
    const lows = new Float64Array(highs.length);
    highs.set(this.#highs);
    lows.set(this.#lows);
    this.#highs = highs;
    this.#lows = lows;
  }

  /**
   * Adds `nanos * steps`.
   *
   * @param nanos whole, 0 or more
   * @param steps whole; negative takes back
   */
  add(index: number, nanos: number, steps: number): void {
    if (nanos >= MAX_FAST_NANOS || Math.abs(steps) >= MAX_FAST_STEPS) {
      this.addSum(index, BigInt(nanos) * BigInt(steps));
      return;
    }
    const highPart = Math.floor(nanos / PART_RANGE);
    const product = highPart * steps;
    const high = Math.floor(product / PART_RANGE);
    const middle = (product - high * PART_RANGE) * PART_RANGE;
    this.#addHalves(index, high, middle + (nanos - highPart * PART_RANGE) * steps);
  }

  /** Adds a sum; a negative one takes back. */
  addSum(index: number, sum: bigint): void {
    const high = sum >> BigInt(LOW_BITS);
    this.#addHalves(index, Number(high), Number(sum - (high << BigInt(LOW_BITS))));
  }

  /** A sum in (nanoseconds x 1/1,024). */
  at(index: number): bigint {
    return (BigInt(this.#highs[index] as number) << BigInt(LOW_BITS)) + BigInt(this.#lows[index] as number);
  }

  #addHalves(index: number, high: number, low: number): void {
    const sum = (this.#lows[index] as number) + low;
    const carry = Math.floor(sum / LOW_RANGE);
    this.#lows[index] = sum - carry * LOW_RANGE;
    this.#highs[index] = (this.#highs[index] as number) + high + carry;
  }
}
