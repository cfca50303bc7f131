import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteMemo } from "../../src/base/byte-memo.ts";

test("an answer is found for exactly the bytes it was kept for, wherever they lie", () => {
  const runs = fc.uniqueArray(fc.uint8Array({ maxLength: 9, max: 2 }), {
    maxLength: 600,
    selector: (run) => run.join(),
  });
  const property = fc.property(runs, runs, fc.nat(5), (known, others, shift) => {
    const memo = new ByteMemo<{ readonly text: string }>(1_000_000);
    const kept = new Map<string, { readonly text: string }>();
    for (const run of known) {
      const answer = { text: run.join() };
      expect(memo.find(run, 0, run.length)).toBeUndefined();
      kept.set(answer.text, memo.keep(answer, run, 0, run.length));
    }
    for (const run of [...known, ...others]) {
      const moved = Uint8Array.from([...new Uint8Array(shift).fill(7), ...run, 7]);
      expect(memo.find(moved, shift, shift + run.length)).toBe(kept.get(run.join()));
    }
  });
  fc.assert(property, { numRuns: 100 });
});

test("what has no room is not kept, and what was kept stays", () => {
  const memo = new ByteMemo<{ readonly name: string }>(5);
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6);
  memo.keep({ name: "first" }, bytes, 0, 3);
  expect(memo.keep({ name: "second" }, bytes, 3, 6)).toEqual({ name: "second" });
  memo.keep({ name: "third" }, bytes, 4, 6);
  const found = [memo.find(bytes, 0, 3), memo.find(bytes, 3, 6), memo.find(bytes, 4, 6)];
  expect(found.map((answer) => answer?.name)).toEqual(["first", undefined, "third"]);
  expect(memo.byteSize).toBe(5 + 2 * 32);
});
