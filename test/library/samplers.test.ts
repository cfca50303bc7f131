import fc from "fast-check";
import { expect, test } from "vitest";
import { alwaysKeepErrors, createTraceId, probabilitySampler } from "../../src/index.ts";

const ok = (traceId: string) => ({ traceId, errorCount: 0 });
const hexId = fc
  .array(fc.integer({ min: 0, max: 15 }), { minLength: 32, maxLength: 32 })
  .map((digits) => digits.map((digit) => digit.toString(16)).join(""));

test("0 keeps no trace and 1 keeps every trace", () => {
  fc.assert(
    fc.property(hexId, (traceId) => {
      expect(probabilitySampler(0).shouldKeep(ok(traceId))).toBe(false);
      expect(probabilitySampler(1).shouldKeep(ok(traceId))).toBe(true);
    }),
  );
});

test("what a ratio keeps, every larger ratio keeps", () => {
  const ratio = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(hexId, ratio, ratio, (traceId, one, two) => {
      const smaller = probabilitySampler(Math.min(one, two)).shouldKeep(ok(traceId));
      const larger = probabilitySampler(Math.max(one, two)).shouldKeep(ok(traceId));
      expect(!smaller || larger).toBe(true);
    }),
  );
});

test("the last 56 bits decide, against the OpenTelemetry threshold", () => {
  // 25 %: the threshold is c0000000000000 of 100000000000000 (tracestate th:c).
  const sampler = probabilitySampler(0.25);
  expect(sampler.shouldKeep(ok("ffffffffffffffffffbfffffffffffff"))).toBe(false);
  expect(sampler.shouldKeep(ok("000000000000000000c0000000000000"))).toBe(true);
});

test("new trace ids are kept at about the ratio", () => {
  const sampler = probabilitySampler(0.3);
  const kept = Array.from({ length: 4_000 }, createTraceIdNow).filter((id) => sampler.shouldKeep(ok(id)));
  // Five standard deviations of a binomial distribution: it fails once in two million runs.
  expect(Math.abs(kept.length - 1_200)).toBeLessThan(5 * Math.sqrt(4_000 * 0.3 * 0.7));
});

function createTraceIdNow(): string {
  return createTraceId();
}

test("errors are always kept, other traces as the other sampler says", () => {
  const failed = { traceId: "1".padStart(32, "0"), errorCount: 1 };
  const fine = { ...failed, errorCount: 0 };
  expect(alwaysKeepErrors().shouldKeep(failed)).toBe(true);
  expect(alwaysKeepErrors().shouldKeep(fine)).toBe(false);
  expect(alwaysKeepErrors(probabilitySampler(1)).shouldKeep(fine)).toBe(true);
  expect(alwaysKeepErrors(probabilitySampler(0)).shouldKeep(failed)).toBe(true);
  expect(alwaysKeepErrors(probabilitySampler(0.1)).description).toBe("errors or probability(0.1)");
});

test.each([-0.1, 1.1, Number.NaN])("%d is no ratio", (ratio) => {
  expect(() => probabilitySampler(ratio)).toThrow("ratio: expected a number from 0 to 1");
});
