/** Quantiles of durations out of counts in logarithmic buckets: exact to merge, whatever the order. */

import { TracAggError } from "../base/errors.ts";
import { ByteReader, ByteWriter } from "../base/varint-bytes.ts";
import type { BucketWalk } from "./sketch-buckets.ts";
import { addShortBuckets, lastIndexOf, nextBucket } from "./sketch-buckets.ts";
import { stepsOfWeight, WEIGHT_STEPS, weightOfSteps } from "./weight-steps.ts";

/** Buckets an octave: 2 to this power. A bucket is 2^(1/32) wide, so its middle is at most 1.09 % off. */
export const SKETCH_SCALE = 5;

const SUBBUCKETS = 2 ** SKETCH_SCALE;
/** Largest duration told apart, 52 days in nanoseconds; longer ones count as this. */
export const MAX_SKETCH_NANOS: number = 2 ** 52 - 1;
/** A sum is `high * 2^52 + low`: exact for 2^52 of the longest durations. */
const LIMB = 2 ** 52;
/** Counts are kept in a run of buckets that grows by whole groups of this many. */
const GROWTH = 16;
const FORMAT = 1;
const MAX_INDEX = 52 * SUBBUCKETS;
const NO_COUNTS = new Float64Array(0);

/** Upper bounds of the buckets of one octave, as multiples of its lower end. */
const BOUNDS: Float64Array = Float64Array.from(
  { length: SUBBUCKETS },
  (_, sub) => 2 ** ((sub + 1) / SUBBUCKETS),
);
/** For each 1/64 of an octave, the bucket its lower end lies in: at most two steps from the right one. */
const GUESSES: Uint8Array = Uint8Array.from({ length: SUBBUCKETS * 2 }, (_, part) =>
  subBucket(1 + part / 64, 0),
);

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/** A bucket as OpenTelemetry's exponential histogram numbers it at scale 5. */
export interface SketchBucket {
  /** Values in (2^(index/32), 2^((index+1)/32)] nanoseconds. */
  readonly index: number;
  readonly count: number;
}

/**
 * Counts of durations in buckets of fixed bounds: the exponential histogram of OpenTelemetry at scale 5, one to one.
 *
 * Everything in it is a sum of whole numbers, so adding, merging and removing give the same bits in any order, and a
 * quantile of many merged sketches is the quantile of all their values: within 1.09 % of a value of that rank.
 * Durations are whole nanoseconds, 0 to 2^52 - 1; weights are 1/1,024 to 2^30, rounded to 1/1,024.
 *
 * @example
 * const sketch = new LatencySketch();
 * for (const span of spans) sketch.add(Number(span.durationNanos));
 * sketch.quantile(0.99); // nanoseconds
 */
export class LatencySketch {
  /** Index of the first bucket of the run. */
  #low = 0;
  #counts: Float64Array = NO_COUNTS;
  #zeroCount = 0;
  #count = 0;
  #sumLow = 0;
  #sumHigh = 0;

  /** Sum of the weights. */
  get count(): number {
    return this.#count;
  }

  /** Weight of the durations of 0 ns. */
  get zeroCount(): number {
    return this.#zeroCount;
  }

  /** Sum of the durations, each times its weight, rounded to a number; {@link exactSumNanos} is exact. */
  get sumNanos(): number {
    return this.#sumHigh * LIMB + this.#sumLow;
  }

  /** Sum of the durations, each times its weight and rounded to whole nanoseconds. */
  get exactSumNanos(): bigint {
    return BigInt(this.#sumHigh) * BigInt(LIMB) + BigInt(this.#sumLow);
  }

  /** Mean in nanoseconds; 0 for none. */
  get meanNanos(): number {
    return this.#count === 0 ? 0 : this.sumNanos / this.#count;
  }

  /** Middle of the lowest bucket that holds a value: within 1.09 % of the smallest; 0 for none. */
  get minNanos(): number {
    return this.quantile(0);
  }

  /** Middle of the highest bucket that holds a value: within 1.09 % of the largest; 0 for none. */
  get maxNanos(): number {
    return this.quantile(1);
  }

  /** True when nothing is in it. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Bytes of the counts. */
  get byteSize(): number {
    return this.#counts.byteLength;
  }

  /**
   * Adds a duration.
   *
   * @throws RangeError when the duration is no whole number of at least 0, or the weight out of its bounds.
   */
  add(nanos: number, weight = 1): void {
    this.#change(nanos, weight === 1 ? 1 : weightOfSteps(stepsOfWeight(weight)), 1);
  }

  /**
   * Takes back a duration that was added with this weight. What was never added must not be removed.
   *
   * @throws RangeError as {@link add} does.
   */
  remove(nanos: number, weight = 1): void {
    this.#change(nanos, weight === 1 ? 1 : weightOfSteps(stepsOfWeight(weight)), -1);
  }

  /** Adds everything in another sketch. */
  merge(other: LatencySketch): void {
    this.#mergeTimes(other, 1);
  }

  /** Takes back everything in another sketch that was merged in before. */
  subtract(other: LatencySketch): void {
    this.#mergeTimes(other, -1);
  }

  /** A sketch of the same content. */
  clone(): LatencySketch {
    const copy = new LatencySketch();
    copy.merge(this);
    return copy;
  }

  /**
   * The duration below which a share of the values lies, in nanoseconds: the middle (geometric mean of the bounds) of
   * the bucket that holds the value of rank ceil(share * count). 0 for an empty sketch.
   *
   * @param share 0 to 1
   * @throws RangeError for other shares.
   */
  quantile(share: number): number {
    if (!(share >= 0 && share <= 1)) throw new RangeError(`expected a share from 0 to 1, got ${share}`);
    if (this.#count <= 0) return 0;
    const rank = Math.max(share * this.#count, Number.MIN_VALUE);
    let below = this.#zeroCount;
    if (below >= rank) return 0;
    let last = 0;
    for (let at = 0; at < this.#counts.length; at++) {
      const count = this.#counts[at] as number;
      if (count === 0) continue;
      below += count;
      last = this.#low + at;
      if (below >= rank) break;
    }
    return middleOf(last);
  }

  /**
   * Weight of the values up to a bound. Buckets below the bound count whole, the one it lies in by the part of it (in
   * logarithms) that is below.
   */
  countUpTo(nanos: number): number {
    if (nanos < 0) return 0;
    let sum = this.#zeroCount;
    if (nanos < 1) return sum;
    const bound = Math.log2(nanos) * SUBBUCKETS;
    for (let at = 0; at < this.#counts.length; at++) {
      const part = Math.min(1, bound - (this.#low + at));
      if (part <= 0) break;
      sum += (this.#counts[at] as number) * part;
    }
    return sum;
  }

  /** Standard deviation in nanoseconds, from the middles of the buckets; 0 for less than two. */
  standardDeviationNanos(): number {
    if (this.#count <= 1) return 0;
    const mean = this.meanNanos;
    let squares = this.#zeroCount * mean * mean;
    for (const { index, count } of this.buckets()) squares += count * (middleOf(index) - mean) ** 2;
    return Math.sqrt(squares / this.#count);
  }

  /** The buckets that hold something, lowest first, {@link zeroCount} left out. */
  *buckets(): Generator<SketchBucket, void> {
    for (let at = 0; at < this.#counts.length; at++) {
      const count = this.#counts[at] as number;
      if (count !== 0) yield { index: this.#low + at, count };
    }
  }

  /** True when both hold the same, bit by bit. */
  equals(other: LatencySketch): boolean {
    if (this.#count !== other.#count || this.#zeroCount !== other.#zeroCount) return false;
    if (this.#sumLow !== other.#sumLow || this.#sumHigh !== other.#sumHigh) return false;
    const left = [...this.buckets()];
    const right = [...other.buckets()];
    if (left.length !== right.length) return false;
    return left.every(({ index, count }, at) => index === right[at]?.index && count === right[at]?.count);
  }

  /** Equal sketches have equal bytes. Whole counts of one sketch take a byte or two a bucket. */
  toBytes(): Uint8Array {
    const writer = new ByteWriter();
    this.writeTo(writer);
    return writer.finish();
  }

  /** Writes what {@link toBytes} gives. */
  writeTo(writer: ByteWriter): void {
    const counts = this.#counts;
    let isWhole = Number.isInteger(this.#zeroCount);
    let filled = 0;
    for (let at = 0; at < counts.length; at++) {
      const count = counts[at] as number;
      if (count === 0) continue;
      filled++;
      isWhole &&= Number.isInteger(count);
    }
    const steps = isWhole ? 1 : WEIGHT_STEPS;
    writer.varint(FORMAT * 2 + (isWhole ? 0 : 1));
    writer.varint(this.#zeroCount * steps);
    writer.varint(this.#sumHigh);
    writer.varint(this.#sumLow);
    writer.varint(filled);
    let previous = -1;
    for (let at = 0; at < counts.length; at++) {
      const count = counts[at] as number;
      if (count === 0) continue;
      writer.varint(this.#low + at - previous);
      writer.varint(count * steps);
      previous = this.#low + at;
    }
  }

  /** @throws TracAggError `data_corrupt` when the bytes are none of a sketch. */
  static fromBytes(bytes: Uint8Array): LatencySketch {
    const reader = new ByteReader(bytes);
    const sketch = LatencySketch.readFrom(reader);
    if (reader.isAtEnd) return sketch;
    throw new TracAggError(
      "data_corrupt",
      `a sketch is followed by ${bytes.length - reader.position} more bytes`,
    );
  }

  /** Reads what {@link writeTo} wrote. @throws TracAggError `data_corrupt`. */
  static readFrom(reader: ByteReader): LatencySketch {
    const sketch = new LatencySketch();
    sketch.mergeFrom(reader);
    return sketch;
  }

  /** Adds everything in a sketch that {@link writeTo} wrote. @throws TracAggError `data_corrupt`. */
  mergeFrom(reader: ByteReader): void {
    const format = reader.varint();
    if (format >> 1 !== FORMAT) {
      throw new TracAggError("data_corrupt", `expected a sketch of format ${FORMAT}, got ${format >> 1}`);
    }
    const steps = format % 2 === 0 ? 1 : WEIGHT_STEPS;
    const zeroCount = reader.varint() / steps;
    const sumHigh = reader.varint();
    this.#addToSum(reader.varint(), sumHigh);
    this.#zeroCount += zeroCount;
    this.#count += zeroCount + this.#addBuckets(reader, reader.varint(), steps);
  }

  /** Returns the sum of the counts. */
  #addBuckets(reader: ByteReader, length: number, steps: number): number {
    // A power of two: multiplying by it is as exact as dividing by the steps.
    const unit = 1 / steps;
    const walk: BucketWalk = { reader, left: length, index: -1, sum: 0 };
    for (;;) {
      addShortBuckets(walk, { counts: this.#counts, low: this.#low, unit });
      if (walk.left === 0) break;
      const count = nextBucket(walk) * unit;
      walk.sum += count;
      const at = walk.index - this.#low;
      if (!(at >= 0 && at < this.#counts.length)) {
        // One run for all that come is made at once, not grown step by step.
        this.#reserve(assertedIndex(walk.index), assertedIndex(lastIndexOf(walk)) + 1);
      }
      this.#addToBucket(walk.index, count);
    }
    assertedIndex(walk.index);
    return walk.sum;
  }

  #change(nanos: number, weight: number, sign: 1 | -1): void {
    if (!(nanos >= 0 && Math.floor(nanos) === nanos)) {
      throw new RangeError(`expected whole nanoseconds, 0 or more, got ${nanos}`);
    }
    const value = Math.min(nanos, MAX_SKETCH_NANOS);
    const signed = weight * sign;
    this.#count += signed;
    if (value === 0) {
      this.#zeroCount += signed;
      return;
    }
    const index = bucketIndex(value);
    const at = index - this.#low;
    if (at >= 0 && at < this.#counts.length) this.#counts[at] = (this.#counts[at] as number) + signed;
    else this.#addToBucket(index, signed);
    if (weight === 1) this.#addToSum(value * sign, 0);
    else this.#addWeighted(value, weight, sign);
  }

  /** Exact in limbs: the weight in steps times the two halves of the value. */
  #addWeighted(value: number, weight: number, sign: 1 | -1): void {
    const product = (BigInt(value) * BigInt(weight * WEIGHT_STEPS) + BigInt(WEIGHT_STEPS / 2)) >> 10n;
    this.#addToSum(Number(product & BigInt(LIMB - 1)) * sign, Number(product >> 52n) * sign);
  }

  #addToSum(low: number, high: number): void {
    this.#sumLow += low;
    this.#sumHigh += high;
    if (this.#sumLow >= LIMB) {
      this.#sumLow -= LIMB;
      this.#sumHigh++;
    } else if (this.#sumLow < 0) {
      this.#sumLow += LIMB;
      this.#sumHigh--;
    }
  }

  #mergeTimes(other: LatencySketch, sign: 1 | -1): void {
    const { length } = other.#counts;
    if (length > 0) this.#reserve(other.#low, other.#low + length);
    const offset = other.#low - this.#low;
    for (let at = 0; at < length; at++) {
      const count = other.#counts[at] as number;
      if (count !== 0) this.#counts[offset + at] = (this.#counts[offset + at] as number) + sign * count;
    }
    this.#zeroCount += sign * other.#zeroCount;
    this.#count += sign * other.#count;
    this.#addToSum(sign * other.#sumLow, sign * other.#sumHigh);
  }

  #addToBucket(index: number, count: number): void {
    this.#reserve(index, index + 1);
    const at = index - this.#low;
    this.#counts[at] = (this.#counts[at] as number) + count;
  }

  /** Makes the run take in the buckets from `low` to before `end`. */
  #reserve(low: number, end: number): void {
    const isEmpty = this.#counts.length === 0;
    const wantedLow = Math.floor(low / GROWTH) * GROWTH;
    const wantedEnd = Math.ceil(end / GROWTH) * GROWTH;
    const newLow = isEmpty ? wantedLow : Math.min(this.#low, wantedLow);
    const newEnd = isEmpty ? wantedEnd : Math.max(this.#low + this.#counts.length, wantedEnd);
    if (!isEmpty && newLow === this.#low && newEnd === this.#low + this.#counts.length) return;
    const grown = new Float64Array(newEnd - newLow);
    grown.set(this.#counts, isEmpty ? 0 : this.#low - newLow);
    this.#counts = grown;
    this.#low = newLow;
  }
}

/**
 * Index of the bucket of a value of at least 1: values in (2^(index/32), 2^((index+1)/32)] share one, as OpenTelemetry's
 * data model has it, so a power of two is the last of its bucket. From the bits alone: the same on every machine.
 */
export function bucketIndex(value: number): number {
  float[0] = value;
  const high = words[HIGH] as number;
  const octave = (high >>> 20) - 1_023;
  words[HIGH] = (high & 0x000f_ffff) | 0x3ff0_0000;
  const significand = float[0] as number;
  if (significand === 1) return octave * SUBBUCKETS - 1;
  return octave * SUBBUCKETS + subBucket(significand, GUESSES[(high >>> 14) & 63] as number);
}

/** @throws TracAggError `data_corrupt` */
function assertedIndex(index: number): number {
  if (index > MAX_INDEX) throw new TracAggError("data_corrupt", `a sketch has a bucket ${index}`);
  return index;
}

function subBucket(significand: number, guess: number): number {
  let sub = guess;
  while ((BOUNDS[sub] as number) < significand) sub++;
  return sub;
}

/** Geometric mean of the bounds of a bucket; a power of two alone in it is off by 1.09 % then, as any other value may be. */
function middleOf(index: number): number {
  return 2 ** ((index + 0.5) / SUBBUCKETS);
}
