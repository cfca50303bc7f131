import { expect, test } from "vitest";
import { selfTimes } from "../../src/analysis/self-time.ts";
import type { SpanSketch } from "../helpers/trace-builder.ts";
import { buildTrace } from "../helpers/trace-builder.ts";

function selfOf(...sketches: SpanSketch[]): Record<string, number> {
  const times = selfTimes(buildTrace("self", ...sketches));
  return Object.fromEntries(times.map((time) => [time.span.name, Number(time.selfNanos) / 1e6]));
}

test("self time is the duration less the union of the children, clipped to the span", () => {
  expect(
    selfOf(
      { id: "root", at: [0, 100] },
      { id: "a", parent: "root", at: [10, 40] },
      { id: "overlapping", parent: "root", at: [30, 60] },
      { id: "inside", parent: "root", at: [35, 38] },
      { id: "over", parent: "root", at: [90, 130] },
      { id: "grandchild", parent: "a", at: [20, 25] },
    ),
  ).toEqual({ root: 40, a: 25, overlapping: 30, inside: 3, over: 40, grandchild: 5 });
});

test("children before, after or backwards take nothing, and self time is never negative", () => {
  expect(
    selfOf(
      { id: "root", at: [50, 60] },
      { id: "before", parent: "root", at: [0, 50] },
      { id: "after", parent: "root", at: [60, 70] },
      { id: "backwards", parent: "root", at: [58, 52] },
      { id: "negative", at: [9, 3] },
    ),
  ).toEqual({ root: 10, before: 50, after: 10, backwards: 0, negative: 0 });
});
