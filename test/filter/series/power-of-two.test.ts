import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exponentOf, quantileOf } from "../../../src/filter/series/power-of-two.ts";

describe("buckets of powers of two", () => {
  it.each([
    [2, 1],
    [2.5, 2],
    [3, 2],
    [4, 2],
    [5, 3],
    [1_024, 10],
    [1_025, 11],
    [2 ** 53, 53],
  ])("hold %s below 2^%s and above half of that", (value, exponent) => {
    expect(exponentOf(value)).toBe(exponent);
  });

  it("hold nothing below 2 and nothing that is no number", () => {
    expect([1.999, 1, 0, -8, Number.NaN, Number.POSITIVE_INFINITY].map(exponentOf)).toEqual(
      new Array(6).fill(undefined),
    );
  });

  it("hold any value between their bounds", () => {
    fc.assert(
      fc.property(fc.double({ min: 2, max: 1e300, noNaN: true }), (value) => {
        const exponent = exponentOf(value) as number;
        expect(2 ** (exponent - 1) < value && value <= 2 ** exponent).toBe(true);
      }),
    );
  });
});

describe("a quantile of buckets", () => {
  const counts = new Map([
    [3, 2],
    [5, 2],
  ]);

  // Ranks 1 and 2 are in (4, 8], ranks 3 and 4 in (16, 32], each at half and at the whole way on a scale of logarithms.
  it.each([
    [0, 4 * Math.SQRT2],
    [0.25, 4 * Math.SQRT2],
    [0.5, 8],
    [0.51, 16 * Math.SQRT2],
    [0.75, 16 * Math.SQRT2],
    [1, 32],
  ])(
    "%s is the value at its rank, between the bounds of its bucket on a scale of logarithms",
    (quantile, value) => {
      expect(quantileOf(counts, quantile)).toBeCloseTo(value, 10);
    },
  );

  it("is none of nothing", () => {
    expect(quantileOf(new Map(), 0.5)).toBeNaN();
  });

  it("is right within a factor of two", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 2, max: 2 ** 40 }), { minLength: 1, maxLength: 50 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, quantile) => {
          const sums = new Map<number, number>();
          for (const value of values) {
            const exponent = exponentOf(value) as number;
            sums.set(exponent, (sums.get(exponent) ?? 0) + 1);
          }
          const sorted = [...values].sort((left, right) => left - right);
          const exact = sorted[Math.max(1, Math.ceil(quantile * values.length)) - 1] as number;
          const found = quantileOf(sums, quantile);
          expect(found).toBeGreaterThan(exact / 2);
          expect(found).toBeLessThan(exact * 2);
        },
      ),
    );
  });
});
