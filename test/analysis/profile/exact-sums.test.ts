import fc from "fast-check";
import { expect, it } from "vitest";
import { ExactSums, nanosOfSum } from "../../../src/analysis/profile/exact-sums.ts";
import { stepsOfWeight, weightOfSteps } from "../../../src/analysis/weight-steps.ts";

const anyNanos = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.constantFrom(0, 2 ** 24 - 1, 2 ** 24, 2 ** 48 - 1, 2 ** 48, 2 ** 56),
);
const anySteps = fc.oneof(fc.nat(), fc.constantFrom(1, 1_024, 2 ** 28 - 1, 2 ** 28, 2 ** 40));

it("sums products as BigInt does, in any order, and takes them back", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyNanos, anySteps), { maxLength: 20 }), (products) => {
      const sums = new ExactSums();
      sums.reserve(2);
      for (const [nanos, steps] of products) sums.add(1, nanos, steps);
      const whole = products.reduce((sum, [nanos, steps]) => sum + BigInt(nanos) * BigInt(steps), 0n);
      expect(sums.at(1)).toBe(whole);
      expect(sums.at(0)).toBe(0n);
      for (const [nanos, steps] of products.slice(1)) sums.add(1, nanos, -steps);
      expect(sums.at(1)).toBe(products.length === 0 ? 0n : BigInt(products[0]![0]) * BigInt(products[0]![1]));
    }),
  );
});

it("adds whole sums, negative ones too, and keeps them when it grows", () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), { maxLength: 20 }), (values) => {
      const sums = new ExactSums();
      for (const [at, value] of values.entries()) {
        sums.reserve((at + 1) * 10);
        sums.addSum(3, value);
      }
      expect(sums.at(3)).toBe(values.reduce((sum, value) => sum + value, 0n));
    }),
  );
});

it("rounds weights to 1/1,024", () => {
  expect([1, 2.5, 1 / 1_024, 1 / 3].map(stepsOfWeight)).toEqual([1_024, 2_560, 1, 341]);
  expect([weightOfSteps(1_536), nanosOfSum(3n * 1_024n)]).toEqual([1.5, 3]);
  for (const weight of [0, -1, 1 / 1_025, 2 ** 30 + 1, Number.NaN]) {
    expect(() => stepsOfWeight(weight)).toThrow(RangeError);
  }
});
