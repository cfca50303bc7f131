import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DiffNode, PathChange, TraceDiff } from "../../../src/analysis/compare/trace-diff.ts";
import { traceDiff } from "../../../src/analysis/compare/trace-diff.ts";
import { shuffled, smallSpans, smallTrace } from "../../helpers/small-traces.ts";
import type { SpanSketch } from "../../helpers/trace-builder.ts";
import { buildSpan, buildTrace, spanIdOf } from "../../helpers/trace-builder.ts";

const MILLI = 1_000_000n;

function named(diff: TraceDiff, operation: string): DiffNode {
  const found = diff.nodes.find((node) => node.path.at(-1)?.operation === operation);
  if (found === undefined) throw new Error(`${operation} is not among the nodes`);
  return found;
}

/**
 * ```
 *   usual   GET /cart 0------------------50        slow  GET /cart 0--------------------------------100
 *             SELECT   5-15                                SELECT   5-15
 *             SELECT     15-25                             SELECT     15-65
 *             render            30-45                      SELECT                   65-75
 *                                                          audit                      75-90 (failed)
 * ```
 */
const USUAL = buildTrace(
  "usual",
  { id: "root", name: "GET /cart", kind: "SERVER", at: [0, 50] },
  { id: "q1", parent: "root", name: "SELECT", kind: "CLIENT", at: [5, 15] },
  { id: "q2", parent: "root", name: "SELECT", kind: "CLIENT", at: [15, 25] },
  { id: "render", parent: "root", name: "render", at: [30, 45] },
);
const SLOW = buildTrace(
  "slow",
  { id: "sroot", name: "GET /cart", kind: "SERVER", at: [0, 100] },
  { id: "s1", parent: "sroot", name: "SELECT", kind: "CLIENT", at: [5, 15] },
  { id: "s2", parent: "sroot", name: "SELECT", kind: "CLIENT", at: [15, 65] },
  { id: "s3", parent: "sroot", name: "SELECT", kind: "CLIENT", at: [65, 75] },
  { id: "audit", parent: "sroot", name: "audit", at: [75, 90], status: "ERROR" },
);

describe("traceDiff of a usual and a slow trace", () => {
  const diff = traceDiff(USUAL, SLOW);

  it("lists the call paths that differ, what contributes most first", () => {
    expect(diff.nodes.map(({ path, change }) => [path.at(-1)?.operation, change])).toEqual([
      ["SELECT", "more"],
      // Both 15 ms on the path, and of self time.
      ["audit", "added"],
      ["render", "removed"],
      ["GET /cart", "same"],
    ]);
    expect([diff.referenceNanos, diff.subjectNanos, diff.deltaNanos]).toEqual([
      50n * MILLI,
      100n * MILLI,
      50n * MILLI,
    ]);
    expect([diff.sameCount, diff.others]).toEqual([0, { count: 0, criticalNanos: 0n }]);
  });

  it("sums up each path on both sides", () => {
    expect(named(diff, "SELECT")).toMatchObject({
      depth: 1,
      path: [
        { service: "service", operation: "GET /cart", kind: "SERVER" },
        { service: "service", operation: "SELECT", kind: "CLIENT" },
      ],
      reference: { count: 2, inclusiveNanos: 20n * MILLI, criticalNanos: 20n * MILLI },
      subject: { count: 3, inclusiveNanos: 70n * MILLI, criticalNanos: 70n * MILLI },
      delta: { count: 1, errorCount: 0, inclusiveNanos: 50n * MILLI, selfNanos: 50n * MILLI },
    });
    expect(named(diff, "audit").delta).toEqual({
      count: 1,
      errorCount: 1,
      inclusiveNanos: 15n * MILLI,
      selfNanos: 15n * MILLI,
      criticalNanos: 15n * MILLI,
    });
    // 50 - 10 - 10 - 15 of its own, then 100 - 10 - 50 - 10 - 15.
    expect(named(diff, "GET /cart").delta).toEqual({
      count: 0,
      errorCount: 0,
      inclusiveNanos: 50n * MILLI,
      selfNanos: 0n,
      criticalNanos: 0n,
    });
  });

  it("aligns repeated calls by their order and names the pair that changed most", () => {
    expect(named(diff, "SELECT")).toMatchObject({
      pairedCount: 2,
      mostChanged: {
        referenceSpanId: spanIdOf("q2"),
        subjectSpanId: spanIdOf("s2"),
        deltaNanos: 40n * MILLI,
      },
    });
    expect(named(diff, "audit")).toMatchObject({ pairedCount: 0, mostChanged: undefined });
  });

  it("sums up what it does not list", () => {
    const short = traceDiff(USUAL, SLOW, { maxNodes: 1 });
    expect(short.nodes).toEqual(diff.nodes.slice(0, 1));
    expect(short.others).toEqual({ count: 3, criticalNanos: 0n });
  });
});

describe("traceDiff", () => {
  it("counts the time under overlapping calls once when it takes them from the caller's own", () => {
    const root: SpanSketch = { id: "root", name: "root", at: [0, 10] };
    const alone = buildTrace("alone", root);
    const busy = buildTrace(
      "busy",
      root,
      { id: "a", parent: "root", name: "call", at: [1, 5] },
      { id: "b", parent: "root", name: "call", at: [2, 4] },
      { id: "c", parent: "root", name: "call", at: [3, 8] },
    );
    // From 1 to 8 ms under one call or another.
    expect(named(traceDiff(alone, busy), "root").delta.selfNanos).toBe(-7n * MILLI);
  });

  it("takes calls with other ids in their names for the same path", () => {
    const trace = (id: number): SpanSketch => ({ id: "root", name: `GET /orders/${id}`, at: [0, 10] });
    expect(traceDiff(buildTrace("a", trace(17)), buildTrace("b", trace(4_242))).nodes).toEqual([]);
  });

  it("has two traces of different operations nothing in common", () => {
    const one = buildTrace("one", { id: "a", name: "a", at: [0, 10] });
    const other = buildTrace("other", { id: "b", name: "b", at: [0, 30] });
    const diff = traceDiff(one, other);
    expect(diff.nodes.map(({ path, change }) => [path[0]?.operation, change])).toEqual([
      ["b", "added"],
      ["a", "removed"],
    ]);
  });

  it("says where time that no span covers has gone", () => {
    const whole = buildTrace("whole", { id: "root", name: "root", at: [0, 10] });
    const orphan = buildTrace("orphan", { id: "child", parent: "lost", name: "child", at: [0, 10] });
    expect(traceDiff(whole, orphan).nodes.map(({ path }) => path.at(-1))).toEqual([
      { service: "service", operation: "root", kind: "INTERNAL" },
      { service: "service", operation: "child", kind: "INTERNAL" },
      { service: "", operation: "(missing span)", kind: undefined },
    ]);
  });

  it("gives the innermost 64 steps of a deep path", () => {
    const chain = (millis: number): SpanSketch[] =>
      Array.from({ length: 100 }, (_, at) => ({
        id: `s${at}`,
        name: at === 99 ? "leaf" : "link",
        at: [0, millis] as const,
        ...(at === 0 ? {} : { parent: `s${at - 1}` }),
      }));
    const leaf = named(traceDiff(buildTrace("a", ...chain(1)), buildTrace("b", ...chain(2))), "leaf");
    expect([leaf.depth, leaf.path.length]).toEqual([99, 64]);
  });

  it("of two chains 100,000 deep does not overflow", () => {
    const chain = (millis: number) => {
      const link = buildSpan("deep", { id: "x", name: "link", at: [0, millis] });
      const idOf = (at: number): string => (at + 1).toString(16).padStart(16, "0");
      return Array.from({ length: 100_000 }, (_, at) => ({
        ...link,
        spanId: idOf(at),
        parentSpanId: at === 0 ? undefined : idOf(at - 1),
      }));
    };
    const diff = traceDiff({ spans: chain(1) }, { spans: chain(2) }, { maxNodes: 1 });
    expect(diff.nodes[0]?.depth).toBe(99_999);
    expect(diff.others.count).toBe(99_999);
  });
});

const negatedChange: Readonly<Record<PathChange, PathChange>> = {
  added: "removed",
  removed: "added",
  more: "fewer",
  fewer: "more",
  same: "same",
};

/** What the opposite comparison has to say. */
function negated(diff: TraceDiff): TraceDiff {
  return {
    ...diff,
    referenceNanos: diff.subjectNanos,
    subjectNanos: diff.referenceNanos,
    deltaNanos: -diff.deltaNanos,
    others: { ...diff.others, criticalNanos: -diff.others.criticalNanos },
    nodes: diff.nodes.map((node) => ({
      ...node,
      change: negatedChange[node.change],
      reference: node.subject,
      subject: node.reference,
      delta: {
        count: 0 - node.delta.count,
        errorCount: 0 - node.delta.errorCount,
        inclusiveNanos: -node.delta.inclusiveNanos,
        selfNanos: -node.delta.selfNanos,
        criticalNanos: -node.delta.criticalNanos,
      },
      mostChanged: node.mostChanged && {
        referenceSpanId: node.mostChanged.subjectSpanId,
        subjectSpanId: node.mostChanged.referenceSpanId,
        deltaNanos: -node.mostChanged.deltaNanos,
      },
    })),
  };
}

const anySpans = fc.oneof(
  smallTrace(11).map((drafts) => smallSpans(drafts)),
  // Without its root: several tops, or orphans.
  smallTrace(11)
    .filter((drafts) => drafts.length > 0)
    .map((drafts) => smallSpans(drafts).slice(1)),
);

describe("traceDiff of any traces", () => {
  it("has critical-path deltas that sum to the difference of the roots, to the nanosecond", () => {
    fc.assert(
      fc.property(anySpans, anySpans, fc.nat(6), (reference, subject, maxNodes) => {
        const diff = traceDiff({ spans: reference }, { spans: subject }, { maxNodes });
        const listed = diff.nodes.reduce((sum, { delta }) => sum + delta.criticalNanos, 0n);
        expect(listed + diff.others.criticalNanos).toBe(diff.deltaNanos);
      }),
      { numRuns: 1_000 },
    );
  });

  it("has the counts of both sides among its nodes or equal", () => {
    fc.assert(
      fc.property(anySpans, anySpans, (reference, subject) => {
        const { nodes } = traceDiff({ spans: reference }, { spans: subject });
        for (const { reference: before, subject: after, pairedCount } of nodes) {
          expect(pairedCount).toBeLessThanOrEqual(Math.min(before.count, after.count));
        }
        const missing = (spans: typeof reference) => spans.length;
        const delta = nodes
          .filter(({ path }) => path.at(-1)?.kind !== undefined)
          .reduce((sum, node) => sum + node.delta.count, 0);
        expect(delta).toBe(missing(subject) - missing(reference));
      }),
      { numRuns: 500 },
    );
  });

  it("is empty for a trace and itself, whatever the order of its spans", () => {
    fc.assert(
      fc.property(anySpans, fc.array(fc.nat(), { minLength: 1, maxLength: 12 }), (spans, keys) => {
        const diff = traceDiff({ spans }, { spans: shuffled(spans, keys) });
        expect([diff.nodes, diff.others, diff.deltaNanos]).toEqual([[], { count: 0, criticalNanos: 0n }, 0n]);
      }),
      { numRuns: 500 },
    );
  });

  it("is the negative of the opposite comparison", () => {
    fc.assert(
      fc.property(anySpans, anySpans, fc.nat(6), (one, other, maxNodes) => {
        const diff = traceDiff({ spans: one }, { spans: other }, { maxNodes });
        expect(traceDiff({ spans: other }, { spans: one }, { maxNodes })).toEqual(negated(diff));
      }),
      { numRuns: 1_000 },
    );
  });
});
