import { expect, test } from "vitest";
import type { TraceNode, TraceTree } from "../../src/analysis/trace-tree.ts";
import { traceTree } from "../../src/analysis/trace-tree.ts";
import type { SpanSketch } from "../helpers/trace-builder.ts";
import { buildSpan, buildTrace, spanIdOf } from "../helpers/trace-builder.ts";

function treeOf(...sketches: SpanSketch[]): TraceTree {
  return traceTree(buildTrace("tree", ...sketches));
}

/** `name(child child)`, synthetic nodes as `?`. */
function shape(node: TraceNode): string {
  const name = node.span?.name ?? "?";
  return node.children.length === 0 ? name : `${name}(${node.children.map(shape).join(" ")})`;
}

function interval(node: TraceNode): [number, number] {
  return [node.startNanos / 1e6, node.endNanos / 1e6];
}

test("children hang under their parents by start", () => {
  const tree = treeOf(
    { id: "r", at: [0, 9] },
    { id: "b", parent: "r", at: [4, 5] },
    { id: "a", parent: "r", at: [1, 2] },
    { id: "c", parent: "b", at: [4, 5] },
  );
  expect(shape(tree.root)).toBe("r(a b(c))");
  expect(tree.nodes.map((node) => node.span?.name)).toEqual(["r", "a", "b", "c"]);
});

test("equal spans count once", () => {
  const span = buildSpan("tree", { id: "r", at: [0, 9] });
  expect(traceTree({ spans: [span, { ...span }, span] }).nodes).toHaveLength(1);
});

test("of different spans with one id both stay and the longer takes the children", () => {
  const tree = treeOf(
    { id: "r", at: [0, 9] },
    { id: "x", name: "short", parent: "r", at: [1, 2] },
    { id: "x", name: "long", parent: "r", at: [1, 8] },
    { id: "c", parent: "x", at: [3, 4] },
  );
  expect(shape(tree.root)).toBe("r(short long(c))");
});

test("orphans hang under one synthetic node for each missing parent, which spans them", () => {
  const tree = treeOf(
    { id: "a", parent: "gone", at: [2, 4] },
    { id: "b", parent: "gone", at: [6, 8] },
    { id: "c", parent: "lost", at: [1, 3] },
  );
  expect(shape(tree.root)).toBe("?(?(c) ?(a b))");
  const gone = tree.root.children[1];
  expect(gone?.missingSpanId).toBe(spanIdOf("gone"));
  expect(gone && interval(gone)).toEqual([1, 7]);
  expect(interval(tree.root)).toEqual([0, 7]);
});

test("one root takes what has lost its place", () => {
  const tree = treeOf({ id: "r", at: [0, 9] }, { id: "a", parent: "gone", at: [2, 4] });
  expect(shape(tree.root)).toBe("r(?(a))");
});

test("several roots hang under a virtual one that spans them", () => {
  const tree = treeOf({ id: "r1", at: [0, 3] }, { id: "r2", at: [5, 9] });
  expect(shape(tree.root)).toBe("?(r1 r2)");
  expect(tree.root.missingSpanId).toBeUndefined();
  expect(interval(tree.root)).toEqual([0, 9]);
});

test("a cycle is cut above its earliest span, a span that is its own parent becomes a top", () => {
  expect(
    shape(
      treeOf(
        { id: "c", parent: "b", at: [3, 4] },
        { id: "a", parent: "c", at: [1, 9] },
        { id: "b", parent: "a", at: [2, 8] },
      ).root,
    ),
  ).toBe("a(b(c))");
  expect(shape(treeOf({ id: "self", parent: "self", at: [0, 1] }).root)).toBe("self");
});

test("intervals are clamped into the parent, down the tree, and never negative", () => {
  const tree = treeOf(
    { id: "r", at: [2, 10] },
    { id: "over", parent: "r", at: [5, 20] },
    { id: "inner", parent: "over", at: [6, 18] },
    { id: "after", parent: "r", at: [12, 14] },
    { id: "negative", parent: "r", at: [4, 3] },
  );
  const byName = new Map(tree.nodes.map((node) => [node.span?.name, interval(node)]));
  expect(Object.fromEntries(byName)).toEqual({
    r: [0, 8],
    over: [3, 8],
    inner: [4, 8],
    after: [8, 8],
    negative: [2, 2],
  });
});

test("an empty trace is refused", () => {
  expect(() => traceTree({ spans: [] })).toThrow(RangeError);
});
