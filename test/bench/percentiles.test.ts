import { describe, expect, it } from "vitest";
import { median, percentile, percentilesOf } from "../../bench/percentiles.ts";

const oneTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe("percentile", () => {
  it.each([
    [1, 0.5, 1],
    [2, 0.5, 1],
    [20, 0.95, 19],
    [100, 0.99, 99],
    [1_000, 0.999, 999],
    [5, 0.95, 5],
    [5, 1, 5],
    [5, 0, 1],
  ])("of 1 to %d at %d is the value of the nearest rank, %d", (count, share, expected) => {
    expect(percentile(oneTo(count), share)).toBe(expected);
  });

  it("of no values is 0", () => {
    expect(percentile([], 0.5)).toBe(0);
  });
});

describe("percentilesOf", () => {
  it("sorts a copy as numbers, not as text", () => {
    const values = [100, 9, 20];
    expect(percentilesOf(values)).toEqual({ p50: 20, p95: 100, p99: 100, p999: 100, max: 100 });
    expect(values).toEqual([100, 9, 20]);
  });
});

describe("median", () => {
  it("is the middle value, or the mean of the middle two", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 7])).toBe(6);
  });

  it("of no values is undefined", () => {
    expect(median([])).toBeUndefined();
  });
});
