import { expect, test } from "vitest";
import { adjustedCount } from "../../src/analysis/adjusted-count.ts";

test.each([
  ["", 1],
  ["ot=th:0", 1],
  ["ot=th:8", 2],
  ["ot=th:c", 4],
  ["ot=rv:0123456789abcd;th:8", 2],
  ["vendor=1,ot=th:c;rv:0123456789abcd,other=2", 4],
])("of %s the count is %d", (traceState, count) => {
  expect(adjustedCount(traceState)).toBe(count);
});

test("one percent is a count of a hundred, as nearly as its threshold says", () => {
  expect(adjustedCount("ot=th:fd70a4")).toBeCloseTo(100, 3);
});

test.each(["th:8", "ot=th:", "ot=th:xyz", "ot=th:0123456789abcdef", "notot=th:8", "ot=xth:8"])(
  "%s says nothing of sampling",
  (traceState) => {
    expect(adjustedCount(traceState)).toBe(1);
  },
);

test("a threshold that keeps next to nothing is believed up to a bound", () => {
  expect(adjustedCount("ot=th:ffffffffffffff")).toBe(2 ** 30);
});
