import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketIndex, LatencySketch, MAX_SKETCH_NANOS } from "../../src/analysis/latency-sketch.ts";
import { ByteReader, ByteWriter } from "../../src/base/varint-bytes.ts";

const SHARES = [0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1];
const RELATIVE_BOUND = 0.0109;

const duration = fc.oneof(
  fc.integer({ min: 0, max: 1_000 }),
  fc.integer({ min: 0, max: 4_000_000_000 }),
  fc.integer({ min: 0, max: 51 }).map((power) => 2 ** power),
  fc.integer({ min: 1, max: 51 }).map((power) => 2 ** power - 1),
  fc.integer({ min: 1, max: 51 }).map((power) => 2 ** power + 1),
  fc.integer({ min: 1, max: MAX_SKETCH_NANOS }),
);
const weight = fc.integer({ min: 1, max: 40_000 }).map((steps) => steps / 1_024);

function sketchOf(values: readonly number[]): LatencySketch {
  const sketch = new LatencySketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

function rankValue(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
}

function expectCloseQuantiles(values: readonly number[]): void {
  const sketch = sketchOf(values);
  const sorted = [...values].sort((left, right) => left - right);
  for (const share of SHARES) {
    const exact = rankValue(sorted, share);
    expect(Math.abs(sketch.quantile(share) - exact)).toBeLessThanOrEqual(exact * RELATIVE_BOUND);
  }
}

test("every quantile is within 1.09 % of the value of its rank", () => {
  fc.assert(fc.property(fc.array(duration, { minLength: 1, maxLength: 300 }), expectCloseQuantiles));
});

test("heavy tails, two modes, constants and neighbours of powers of two keep the bound too", () => {
  expectCloseQuantiles(Array.from({ length: 5_000 }, (_, at) => Math.floor(1_000 / (1 - at / 5_000) ** 3)));
  expectCloseQuantiles(Array.from({ length: 5_000 }, (_, at) => (at % 2 === 0 ? 1_000 + at : 9e9 + at)));
  expectCloseQuantiles(new Array<number>(1_000).fill(123_456_789));
  expectCloseQuantiles(Array.from({ length: 51 * 3 }, (_, at) => 2 ** Math.floor(at / 3 + 1) + (at % 3) - 1));
});

test("bounds are those of the exponential histogram of scale 5: a power of two is the last of its bucket", () => {
  expect(bucketIndex(1)).toBe(-1);
  expect(bucketIndex(2)).toBe(31);
  expect(bucketIndex(2.000_000_1)).toBe(32);
  expect(bucketIndex(1_024)).toBe(319);
  expect(bucketIndex(1_025)).toBe(320);
  for (let index = 1; index < 32 * 51; index++) {
    const bound = 2 ** (index / 32);
    expect(bucketIndex(bound * (1 + 1e-12))).toBe(index);
    expect(bucketIndex(bound * (1 - 1e-12))).toBe(index - 1);
  }
});

test("merging any split in any order gives the same bytes as adding everything to one", () => {
  const entries = fc.array(fc.tuple(duration, fc.option(weight, { nil: 1 }), fc.nat(7)), { maxLength: 200 });
  fc.assert(
    fc.property(entries, (values) => {
      const whole = new LatencySketch();
      const shards = Array.from({ length: 8 }, () => new LatencySketch());
      for (const [value, times, shard] of values) {
        whole.add(value, times);
        shards[shard]?.add(value, times);
      }
      const forward = new LatencySketch();
      const backward = new LatencySketch();
      for (const shard of shards) forward.merge(shard);
      for (const shard of shards.reverse()) backward.merge(shard);
      expect(forward.toBytes()).toEqual(whole.toBytes());
      expect(backward.toBytes()).toEqual(whole.toBytes());
      expect(whole.equals(backward)).toBe(true);
    }),
  );
});

test("64 shards of a million durations merge to the bits of the whole", () => {
  const whole = new LatencySketch();
  const shards = Array.from({ length: 64 }, () => new LatencySketch());
  let state = 1;
  for (let count = 0; count < 1_000_000; count++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const value = Math.floor(9_000 * 1.000_000_1 ** state) % 7_500_000_000;
    whole.add(value);
    shards[state % 64]?.add(value);
  }
  const merged = new LatencySketch();
  for (const shard of shards) merged.merge(shard);
  expect(merged.toBytes()).toEqual(whole.toBytes());
});

test("what is removed or subtracted leaves the bits of what stays", () => {
  const some = fc.array(fc.tuple(duration, fc.option(weight, { nil: 1 })), { maxLength: 100 });
  fc.assert(
    fc.property(some, some, (stay, go) => {
      const expected = new LatencySketch();
      const leaving = new LatencySketch();
      for (const [value, times] of stay) expected.add(value, times);
      for (const [value, times] of go) leaving.add(value, times);
      const one = expected.clone();
      for (const [value, times] of go) one.add(value, times);
      for (const [value, times] of go) one.remove(value, times);
      const other = expected.clone();
      other.merge(leaving);
      other.subtract(leaving);
      expect(one.toBytes()).toEqual(expected.toBytes());
      expect(other.toBytes()).toEqual(expected.toBytes());
    }),
  );
});

test("a weight of w is the same as adding w times", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(duration, fc.integer({ min: 1, max: 9 })), { maxLength: 50 }), (values) => {
      const weighted = new LatencySketch();
      const repeated = new LatencySketch();
      for (const [value, times] of values) {
        weighted.add(value, times);
        for (let count = 0; count < times; count++) repeated.add(value);
      }
      expect(weighted.toBytes()).toEqual(repeated.toBytes());
    }),
  );
});

test("bytes give back what was written", () => {
  const entries = fc.array(fc.tuple(duration, fc.option(weight, { nil: 1 })), { maxLength: 100 });
  fc.assert(
    fc.property(entries, (values) => {
      const sketch = new LatencySketch();
      for (const [value, times] of values) sketch.add(value, times);
      const read = LatencySketch.fromBytes(sketch.toBytes());
      expect(read.equals(sketch)).toBe(true);
      expect(read.exactSumNanos).toBe(sketch.exactSumNanos);
    }),
  );
});

test("bytes that are cut, longer or of another format are said to be damaged", () => {
  const bytes = sketchOf([1, 2, 3_000_000]).toBytes();
  expect(() => LatencySketch.fromBytes(bytes.subarray(0, bytes.length - 1))).toThrow("end in the middle");
  expect(() => LatencySketch.fromBytes(Uint8Array.of(...bytes, 0))).toThrow("followed by 1 more bytes");
  expect(() => LatencySketch.fromBytes(Uint8Array.of(9, 0))).toThrow("expected a sketch of format 1, got 4");
});

test("written sketches are added to others bit by bit, whatever is in them already", () => {
  const repeats = fc.oneof(fc.constant(1), fc.integer({ min: 100, max: 40_000 }));
  const entries = fc.array(fc.tuple(duration, fc.option(weight, { nil: 1 }), repeats), { maxLength: 20 });
  fc.assert(
    fc.property(fc.array(entries, { maxLength: 6 }), (parts) => {
      const read = new LatencySketch();
      const merged = new LatencySketch();
      for (const part of parts) {
        const sketch = new LatencySketch();
        for (const [value, once, times] of part) sketch.add(value, Math.min(once * times, 2 ** 30));
        merged.merge(sketch);
        read.mergeFrom(new ByteReader(sketch.toBytes()));
      }
      expect(read.equals(merged)).toBe(true);
      expect(read.toBytes()).toEqual(merged.toBytes());
    }),
  );
});

test("bytes with a bucket beyond the longest duration are said to be damaged", () => {
  const bytesOf = (...steps: number[]): Uint8Array => {
    const writer = new ByteWriter();
    for (const value of [2, 0, 0, 0, steps.length]) writer.varint(value);
    for (const step of steps) for (const value of [step, 1]) writer.varint(value);
    return writer.finish();
  };
  expect(LatencySketch.fromBytes(bytesOf(1_664)).count).toBe(1);
  expect(() => LatencySketch.fromBytes(bytesOf(1_670))).toThrow("a sketch has a bucket 1669");
  expect(() => LatencySketch.fromBytes(bytesOf(1, 1_669))).toThrow("a sketch has a bucket 1669");
  // The run of buckets is longer than that: a reader that trusts it would take this.
  const sketch = LatencySketch.fromBytes(bytesOf(1_665));
  expect(() => sketch.mergeFrom(new ByteReader(bytesOf(1_664, 2)))).toThrow("a sketch has a bucket 1665");
});

test("sums stay exact beyond 2^53", () => {
  const sketch = new LatencySketch();
  for (let count = 0; count < 10; count++) sketch.add(MAX_SKETCH_NANOS);
  sketch.add(1);
  expect(sketch.exactSumNanos).toBe(10n * BigInt(MAX_SKETCH_NANOS) + 1n);
  expect(sketchOf([2 ** 60]).exactSumNanos).toBe(BigInt(MAX_SKETCH_NANOS));
});

test("durations that are none and weights out of bounds are refused, and change nothing", () => {
  const sketch = new LatencySketch();
  expect(() => sketch.add(-1)).toThrow("expected whole nanoseconds, 0 or more, got -1");
  expect(() => sketch.add(Number.NaN)).toThrow(RangeError);
  expect(() => sketch.add(0.5)).toThrow(RangeError);
  expect(() => sketch.add(1, 0)).toThrow("expected a weight from 1/1024");
  expect(() => sketch.quantile(1.5)).toThrow("expected a share from 0 to 1, got 1.5");
  expect(sketch.isEmpty).toBe(true);
  expect(sketch.quantile(0.5)).toBe(0);
});

test("mean and deviation are those of the values", () => {
  const sketch = sketchOf([1_000, 2_000, 3_000, 4_000]);
  expect(sketch.meanNanos).toBe(2_500);
  expect(sketch.standardDeviationNanos()).toBeCloseTo(1_118, -2);
  expect(sketchOf([0, 0]).standardDeviationNanos()).toBe(0);
});

test("counts up to a bound are whole below it, and of the bucket that the bound cuts a part", () => {
  const sketch = sketchOf([0, 1, 1_000, 1_024, 5_000_000]);
  expect(sketch.countUpTo(-1)).toBe(0);
  expect(sketch.countUpTo(0)).toBe(1);
  expect(sketch.countUpTo(1)).toBe(2);
  expect(sketch.countUpTo(1_024)).toBe(4);
  expect(sketch.countUpTo(1e12)).toBe(5);
});
