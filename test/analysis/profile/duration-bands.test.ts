import fc from "fast-check";
import { expect, test } from "vitest";
import type { TraceContribution } from "../../../src/analysis/profile/call-path-profile.ts";
import { DurationBands } from "../../../src/analysis/profile/duration-bands.ts";
import { ByteReader, ByteWriter } from "../../../src/base/varint-bytes.ts";

/** A trace of so many nanoseconds, all of them in one call path. */
function traceOf(durationNanos: number, path = 2): TraceContribution {
  const selfNanos = new Float64Array(path + 1);
  selfNanos[path] = durationNanos;
  return {
    rootPath: 2,
    durationNanos,
    pathCount: 1,
    paths: Int32Array.of(path),
    selfNanos,
    isCorrected: false,
  };
}

function bandsOf(durations: readonly number[], path = 2): DurationBands {
  const bands = new DurationBands();
  for (const nanos of durations) bands.add(traceOf(nanos, path), 1);
  return bands;
}

function bytesOf(bands: DurationBands): string {
  const writer = new ByteWriter();
  bands.writeTo(writer);
  return String(writer.finish());
}

const durations = fc.array(fc.oneof(fc.nat(2_000_000), fc.constantFrom(0, 1, 1e9, 2 ** 52)), {
  maxLength: 60,
});

test("bands are the same in any grouping and order, when some are taken back, and out of their bytes", () => {
  fc.assert(
    fc.property(durations, durations, (kept, gone) => {
      const whole = bytesOf(bandsOf(kept));
      const grouped = bandsOf(kept.filter((_, at) => at % 2 === 1));
      grouped.merge(bandsOf(kept.filter((_, at) => at % 2 === 0)));
      expect(bytesOf(grouped)).toBe(whole);
      const less = bandsOf([...gone, ...kept].reverse());
      for (const nanos of gone) less.add(traceOf(nanos), -1);
      expect(bytesOf(less)).toBe(whole);
      const writer = new ByteWriter();
      grouped.writeTo(writer);
      const read = new DurationBands();
      read.mergeFrom(new ByteReader(writer.finish()));
      expect(bytesOf(read)).toBe(whole);
    }),
  );
});

test("cuts are within a band of the durations of their rank, and no trace is slow and in the middle", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 10_000_000 }), { minLength: 1, maxLength: 100 }),
      (all) => {
        const sorted = [...all].sort((left, right) => left - right);
        const bands = bandsOf(all);
        const { traceCount, p40Nanos, p60Nanos, slowCount, middleCount, isSlow, isMiddle } = bands.cuts();
        expect(traceCount).toBe(all.length);
        for (const [cut, share] of [
          [p40Nanos, 0.4],
          [p60Nanos, 0.6],
        ] as const) {
          const exact = sorted[Math.ceil(share * all.length) - 1] as number;
          expect(Math.abs(Math.log2(cut / exact))).toBeLessThanOrEqual(1 / 16);
        }
        let slow = 0;
        let middle = 0;
        for (const { band, selfNanos } of bands.all()) {
          expect(isSlow(band) && isMiddle(band)).toBe(false);
          if (isSlow(band)) slow += selfNanos.get(2) as number;
          if (isMiddle(band)) middle += selfNanos.get(2) as number;
        }
        const longest = sorted.slice(all.length - slowCount);
        expect(slow).toBe(longest.reduce((sum, nanos) => sum + nanos, 0));
        expect(middleCount).toBeGreaterThan(0);
        expect(middle).toBeGreaterThan(0);
      },
    ),
  );
});

test("slow are the bands that hold nearest to 5 %, one at least, and none of traces that all take as long", () => {
  const many = (count: number, nanos: number): number[] => Array.from({ length: count }, () => nanos);
  const slowOf = (...groups: number[][]): number => bandsOf(groups.flat()).cuts().slowCount;
  expect(slowOf(many(94, 1e6), many(6, 9e6))).toBe(6);
  expect(slowOf(many(90, 1e6), many(4, 8e6), many(6, 9e6))).toBe(6);
  expect(slowOf(many(95, 1e6), many(3, 8e6), many(2, 9e6))).toBe(5);
  expect(slowOf(many(70, 1e6), many(30, 9e6))).toBe(30);
  expect(slowOf(many(100, 1e6))).toBe(0);
  expect(new DurationBands().cuts()).toMatchObject({ traceCount: 0, slowCount: 0, middleCount: 0 });
});
