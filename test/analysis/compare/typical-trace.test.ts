import { describe, expect, it } from "vitest";
import type { TraceShape } from "../../../src/analysis/compare/trace-shape.ts";
import type { TypicalCandidate } from "../../../src/analysis/compare/typical-trace.ts";
import { typicalTrace } from "../../../src/analysis/compare/typical-trace.ts";

const SHAPE: TraceShape = { set: "s", multiset: "m", ordered: "o" };

function candidate(
  traceId: string,
  durationNanos: bigint,
  shape: Partial<TraceShape> = {},
): TypicalCandidate {
  return { traceId, durationNanos, shape: { ...SHAPE, ...shape } };
}

function several(count: number, shape: Partial<TraceShape> = {}): TypicalCandidate[] {
  return Array.from({ length: count }, (_, at) => candidate(`${at}`, BigInt(at * 10), shape));
}

describe("typicalTrace", () => {
  it("takes the trace of median duration among those of the same shape", () => {
    const others = [candidate("x", 1n, { ordered: "p" }), candidate("y", 2n, { ordered: "p" })];
    expect(typicalTrace(SHAPE, [...others, ...several(5)])).toEqual({
      traceId: "2",
      likeness: "ordered",
      alikeCount: 5,
      medianNanos: 20n,
    });
  });

  it("takes the shorter of two in the middle, and their mean for the median", () => {
    expect(typicalTrace(SHAPE, several(6))).toMatchObject({ traceId: "2", medianNanos: 25n });
  });

  it("takes the smallest id among equal durations, whatever their order", () => {
    const equal = ["c", "a", "e", "b", "d"].map((id) => candidate(id, 7n));
    expect(typicalTrace(SHAPE, equal)?.traceId).toBe("a");
  });

  it.each([
    [{ ordered: "p" }, "multiset"],
    [{ ordered: "p", multiset: "n" }, "set"],
    [{ ordered: "p", multiset: "n", set: "t" }, "operation"],
  ] as const)("falls back from shapes like %o to %s and says so", (shape, likeness) => {
    const rare = several(4).map((each) => ({ ...each, traceId: `rare${each.traceId}` }));
    const chosen = typicalTrace(SHAPE, [...several(5, shape), ...rare]);
    expect(chosen).toMatchObject({ likeness, alikeCount: 9 });
  });

  it("takes what there is of the operation, and nothing of nothing", () => {
    expect(typicalTrace(SHAPE, [candidate("only", 5n)])).toMatchObject({
      traceId: "only",
      likeness: "operation",
    });
    expect(typicalTrace(SHAPE, [])).toBeUndefined();
  });

  it("lets the caller say how many make a median", () => {
    expect(typicalTrace(SHAPE, several(2), { minAlike: 2 })?.likeness).toBe("ordered");
  });
});
