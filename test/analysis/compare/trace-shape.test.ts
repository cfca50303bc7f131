import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ShapeLevel, TraceShape } from "../../../src/analysis/compare/trace-shape.ts";
import { SHAPE_LEVELS, traceShape } from "../../../src/analysis/compare/trace-shape.ts";
import { operationTemplate } from "../../../src/analysis/operation-template.ts";
import type { TraceNode } from "../../../src/analysis/trace-tree.ts";
import { traceTree } from "../../../src/analysis/trace-tree.ts";
import type { Span } from "../../../src/model/span.ts";
import { shuffled, smallSpans, smallTrace } from "../../helpers/small-traces.ts";
import type { SpanSketch } from "../../helpers/trace-builder.ts";
import { buildSpan, buildTrace } from "../../helpers/trace-builder.ts";

/** Queries one after another under one request. */
function queries(...names: readonly string[]): TraceShape {
  const calls = names.map(
    (name, at): SpanSketch => ({ id: `q${at}`, parent: "root", name, kind: "CLIENT", at: [at, at + 1] }),
  );
  return traceShape(buildTrace("queries", { id: "root", kind: "SERVER", at: [0, 100] }, ...calls));
}

function sameLevels(left: TraceShape, right: TraceShape): readonly ShapeLevel[] {
  return SHAPE_LEVELS.filter((level) => left[level] === right[level]);
}

describe("the shape of a trace", () => {
  it("is 32 hex digits at each level", () => {
    for (const level of SHAPE_LEVELS) expect(queries("a")[level]).toMatch(/^[0-9a-f]{32}$/);
  });

  it("takes repeats for the same in sets, within steps in multisets, never in order", () => {
    expect(sameLevels(queries("a", "a"), queries("a", "a", "a"))).toEqual(["set", "multiset"]);
    expect(sameLevels(queries("a", "a", "a"), queries("a", "a", "a", "a"))).toEqual(["set"]);
    expect(sameLevels(queries("a"), queries("a", "a"))).toEqual(["set"]);
  });

  it("takes another order of calls for the same, except in order", () => {
    expect(sameLevels(queries("a", "b", "b"), queries("b", "a", "b"))).toEqual(["set", "multiset"]);
  });

  it("tells calls at one moment from calls one after another, in order only", () => {
    const calls = (first: number, second: number): TraceShape =>
      traceShape(
        buildTrace(
          "calls",
          { id: "root", at: [0, 10] },
          { id: "a", parent: "root", at: [first, 5] },
          { id: "b", parent: "root", at: [second, 5] },
        ),
      );
    for (const other of [calls(0, 1), calls(1, 0)]) {
      expect(sameLevels(calls(0, 0), other)).toEqual(["set", "multiset"]);
    }
  });

  it("does not look at ids in names", () => {
    expect(sameLevels(queries("get 17"), queries("get 18"))).toEqual(SHAPE_LEVELS);
  });

  it("tells services, kinds and failures apart", () => {
    const root: SpanSketch = { id: "root", at: [0, 10] };
    const shape = traceShape(buildTrace("any", root));
    for (const other of [{ service: "b" }, { kind: "CLIENT" as const }, { status: "ERROR" as const }]) {
      expect(sameLevels(shape, traceShape(buildTrace("any", { ...root, ...other })))).toEqual([]);
    }
  });

  it("tells a missing parent from a root, and several roots from one", () => {
    const root: SpanSketch = { id: "root", name: "x", at: [0, 10] };
    const alone = traceShape(buildTrace("any", root));
    const orphan = traceShape(buildTrace("any", { ...root, parent: "elsewhere" }));
    const twice = traceShape(buildTrace("any", root, { ...root, id: "other" }));
    expect([sameLevels(alone, orphan), sameLevels(alone, twice), sameLevels(orphan, twice)]).toEqual([
      [],
      [],
      [],
    ]);
  });

  it("of a chain 100,000 deep does not overflow", () => {
    const link = buildSpan("deep", { id: "x", at: [0, 10] });
    const idOf = (at: number): string => (at + 1).toString(16).padStart(16, "0");
    const spans = Array.from({ length: 100_000 }, (_, at) => ({
      ...link,
      spanId: idOf(at),
      parentSpanId: at === 0 ? undefined : idOf(at - 1),
    }));
    expect(traceShape({ spans }).ordered).toMatch(/^[0-9a-f]{32}$/);
  });
});

/** Isomorphic at a level, read off its definition: matching children one by one, without hashes or sorting. */
function areAlike(left: TraceNode, right: TraceNode, level: ShapeLevel): boolean {
  if (!areSameSpan(left.span, right.span)) return false;
  if (level !== "ordered") return childrenAlike(left.children, right.children, level);
  const leftRuns = runsByStart(left.children);
  const rightRuns = runsByStart(right.children);
  return (
    leftRuns.length === rightRuns.length &&
    leftRuns.every((run, at) => childrenAlike(run, rightRuns[at] as TraceNode[], level))
  );
}

function areSameSpan(left: Span | undefined, right: Span | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return (
    left.serviceName === right.serviceName &&
    operationTemplate(left.name) === operationTemplate(right.name) &&
    left.kind === right.kind &&
    (left.status === "ERROR") === (right.status === "ERROR")
  );
}

function childrenAlike(left: readonly TraceNode[], right: readonly TraceNode[], level: ShapeLevel): boolean {
  return [...left, ...right].every((child) => {
    const inLeft = left.filter((other) => areAlike(child, other, level)).length;
    const inRight = right.filter((other) => areAlike(child, other, level)).length;
    return stepOf(inLeft, level) === stepOf(inRight, level);
  });
}

function stepOf(count: number, level: ShapeLevel): number {
  if (count === 0 || level === "ordered") return count;
  if (level === "set") return 1;
  let step = 1;
  for (let least = 2; least <= count; least *= 2) step++;
  return step;
}

function runsByStart(children: readonly TraceNode[]): TraceNode[][] {
  const starts = [...new Set(children.map(({ startNanos }) => startNanos))];
  return starts.map((start) => children.filter(({ startNanos }) => startNanos === start));
}

const keys = fc.array(fc.nat(), { minLength: 1, maxLength: 12 });

/** Two traces, often one with something added to it, so that many pairs are alike. */
const twoTraces = fc
  .tuple(smallTrace(5), smallTrace(3), fc.boolean())
  .map(([one, other, isMore]) => [one, isMore ? [...one, ...other] : other] as const);

describe("two shapes", () => {
  it("are equal exactly when the traces are isomorphic at their level", () => {
    let alike = 0;
    fc.assert(
      fc.property(twoTraces, ([left, right]) => {
        const [leftSpans, rightSpans] = [smallSpans(left), smallSpans(right)];
        const [leftShape, rightShape] = [traceShape({ spans: leftSpans }), traceShape({ spans: rightSpans })];
        const leftRoot = traceTree({ spans: leftSpans }).root;
        const rightRoot = traceTree({ spans: rightSpans }).root;
        for (const level of SHAPE_LEVELS) {
          const expected = areAlike(leftRoot, rightRoot, level);
          if (expected) alike++;
          expect(leftShape[level] === rightShape[level]).toBe(expected);
        }
      }),
      { numRuns: 5_000 },
    );
    expect(alike).toBeGreaterThan(500);
  });

  it("of one trace are equal whatever its ids, the order of its spans and the time it ran at", () => {
    fc.assert(
      fc.property(smallTrace(11), keys, fc.nat(1_000), (drafts, order, shiftMillis) => {
        const guise = smallSpans(drafts, { ids: "other", shiftMillis });
        expect(traceShape({ spans: shuffled(guise, order) })).toEqual(
          traceShape({ spans: smallSpans(drafts) }),
        );
      }),
      { numRuns: 500 },
    );
  });
});
