import fc from "fast-check";
import { expect, it } from "vitest";
import { ValueSums } from "../../src/batch/attribute-counts.ts";

it("the first values are the beginning of all of them in order, however many there are", () => {
  const values = fc.array(
    fc.record({
      type: fc.constantFrom("string" as const, "int" as const),
      text: fc.integer({ min: 0, max: 4_000 }).map(String),
      count: fc.integer({ min: 1, max: 3 }),
      lastSeenUnixNano: fc.bigInt({ min: 0n, max: 9n }),
    }),
    { minLength: 2_000, maxLength: 4_000, size: "max" },
  );
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 300 }), (all, limit) => {
      const sums = new ValueSums();
      for (const value of all) sums.add(value);
      expect(sums.first(limit)).toEqual(sums.sorted().slice(0, limit));
      expect(sums.size).toBe(sums.sorted().length);
    }),
    { numRuns: 20 },
  );
});
