import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { distributionDistance, standardErrorOf } from "../../../src/analysis/compare/distributions.ts";
import type { TwoCounts } from "../../../src/analysis/compare/proportions.ts";
import {
  differenceChance,
  exactChance,
  LogFactorials,
  normalChance,
  twoProportionZ,
} from "../../../src/analysis/compare/proportions.ts";

function counts(selection: readonly [number, number], baseline: readonly [number, number]): TwoCounts {
  return {
    selectionCount: selection[0],
    selectionSize: selection[1],
    baselineCount: baseline[0],
    baselineSize: baseline[1],
  };
}

const factorials = new LogFactorials(2_000);

describe("normalChance", () => {
  // Of tables of the normal distribution, both sides together.
  it.each([
    [0, 1],
    [1, 0.31731050786291415],
    [1.959963984540054, 0.05],
    [2, 0.04550026389635841],
    [-3, 0.0026997960632601866],
    [6, 1.973175290075396e-9],
    [10, 1.523970604832105e-23],
  ])("of %d is %d", (z, chance) => {
    expect(normalChance(z) / chance).toBeCloseTo(1, 9);
  });

  it("is 0 where there is no doubt", () => {
    expect([normalChance(Number.POSITIVE_INFINITY), normalChance(60)]).toEqual([0, 0]);
  });
});

describe("twoProportionZ", () => {
  it("is the difference over the pooled standard error", () => {
    // 0.3 - 0.1 over sqrt(0.2 * 0.8 * (1/100 + 1/100)).
    expect(twoProportionZ(counts([30, 100], [10, 100]))).toBeCloseTo(0.2 / Math.sqrt(0.16 * 0.02), 12);
  });

  it("changes its sign with the sides, and is 0 where nothing can differ", () => {
    fc.assert(
      fc.property(fc.nat(40), fc.nat(40), (selection, baseline) => {
        const there = twoProportionZ(counts([selection, 40], [baseline, 40]));
        expect(twoProportionZ(counts([baseline, 40], [selection, 40]))).toBeCloseTo(0 - there, 12);
      }),
    );
    expect(twoProportionZ(counts([0, 0], [3, 10]))).toBe(0);
    expect(twoProportionZ(counts([5, 5], [7, 7]))).toBe(0);
  });
});

describe("exactChance", () => {
  it("is twice the tail of drawing without putting back", () => {
    // Of 10 traces 4 have it, 5 are selected: all 4 selected in C(6,1) of C(10,5) ways.
    expect(exactChance(counts([4, 5], [0, 5]), factorials)).toBeCloseTo((2 * 6) / 252, 12);
    // 3 or 4 of them: C(4,3) C(6,2) more ways.
    expect(exactChance(counts([3, 5], [1, 5]), factorials)).toBeCloseTo((2 * (6 + 60)) / 252, 12);
    expect(exactChance(counts([1, 5], [3, 5]), factorials)).toBeCloseTo((2 * (6 + 60)) / 252, 12);
  });

  it("is the same when the sides are swapped, and at most 1", () => {
    const size = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(size, size, fc.nat(60), fc.nat(60), (left, right, leftCount, rightCount) => {
        const one = counts([leftCount % (left + 1), left], [rightCount % (right + 1), right]);
        const other = counts([rightCount % (right + 1), right], [leftCount % (left + 1), left]);
        const chance = exactChance(one, factorials);
        expect(chance).toBeLessThanOrEqual(1);
        expect(exactChance(other, factorials)).toBeCloseTo(chance, 9);
      }),
      { numRuns: 1_000 },
    );
  });

  it("doubts what z is sure of where few traces have the thing", () => {
    const rare = counts([3, 20], [2, 1_980]);
    expect(normalChance(twoProportionZ(rare))).toBeLessThan(1e-30);
    expect(differenceChance(rare, factorials)).toBeGreaterThan(1e-6);
  });
});

const sample = (...values: number[]) => ({ values, size: values.length });

describe("distributionDistance", () => {
  it("is the largest difference of the shares below a value", () => {
    expect(distributionDistance(sample(1, 2, 3, 4), sample(3, 4, 5, 6)).distance).toBe(0.5);
    expect(distributionDistance(sample(1, 2), sample(3, 4)).distance).toBe(1);
    expect(distributionDistance(sample(1, 1, 2), sample(1, 1, 2))).toEqual({ distance: 0, chance: 1 });
  });

  it("takes values that are not listed for zeros before the others", () => {
    expect(distributionDistance({ values: [5], size: 4 }, sample(5, 5, 5, 5)).distance).toBe(0.75);
    expect(distributionDistance({ values: [], size: 4 }, { values: [1, 2], size: 4 }).distance).toBe(0.5);
  });

  it("has a chance that falls as the distance and the number of values grow", () => {
    const half = (size: number) => {
      const values = Array.from({ length: size }, (_, at) => at);
      return distributionDistance(sample(...values), sample(...values.map((value) => value + size / 2)))
        .chance;
    };
    // 2 exp(-2 (sqrt(50) + 0.12 + 0.11 / sqrt(50))^2 / 4), the other terms being nothing.
    const scaled = (Math.sqrt(50) + 0.12 + 0.11 / Math.sqrt(50)) / 2;
    expect(half(100)).toBeCloseTo(2 * Math.exp(-2 * scaled * scaled), 12);
    expect(half(20)).toBeGreaterThan(half(40));
  });
});

describe("standardErrorOf", () => {
  it("adds the variances of both means, zeros included", () => {
    // 0, 0, 3: mean 1, variance 3; 1, 3: mean 2, variance 2.
    const error = standardErrorOf({ values: [3], size: 3 }, sample(1, 3));
    expect(error).toBeCloseTo(Math.sqrt(3 / 3 + 2 / 2), 12);
  });
});
