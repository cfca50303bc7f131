import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alignedPairs } from "../../../src/analysis/compare/sibling-alignment.ts";

const align = (left: readonly number[], right: readonly number[]) => alignedPairs(left, right, String);

describe("alignedPairs", () => {
  it("pairs calls of one shape by their order and leaves over what comes on top", () => {
    expect(align([1, 1], [1, 1, 1])).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });

  it("finds the calls again behind one that is new", () => {
    expect(align([1, 2, 3], [1, 9, 2, 3])).toEqual([
      [0, 0],
      [1, 2],
      [2, 3],
    ]);
  });

  it("pairs calls of different shapes by position where nothing better lies between", () => {
    expect(align([1, 2, 3], [1, 8, 3])).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
  });

  it("has nothing to pair with an empty list", () => {
    expect(align([], [1, 2])).toEqual([]);
  });

  it("swaps the pairs when the lists are swapped, ascends on both sides, and keeps the longest common order", () => {
    const list = fc.array(fc.nat(3), { maxLength: 9 });
    fc.assert(
      fc.property(list, list, (left, right) => {
        const pairs = align(left, right);
        expect(align(right, left).map(([first, second]) => [second, first])).toEqual(pairs);
        for (const [at, pair] of pairs.slice(1).entries()) {
          expect(pair[0]).toBeGreaterThan((pairs[at] as readonly [number, number])[0]);
          expect(pair[1]).toBeGreaterThan((pairs[at] as readonly [number, number])[1]);
        }
        const same = pairs.filter(([leftAt, rightAt]) => left[leftAt] === right[rightAt]).length;
        expect(same).toBeGreaterThanOrEqual(longestCommon(left, right));
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Length of a longest common subsequence, by trying. */
function longestCommon(left: readonly number[], right: readonly number[]): number {
  if (left.length === 0 || right.length === 0) return 0;
  const [first, ...rest] = left;
  const at = right.indexOf(first as number);
  const without = longestCommon(rest, right);
  return at === -1 ? without : Math.max(without, 1 + longestCommon(rest, right.slice(at + 1)));
}
