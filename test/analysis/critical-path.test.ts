import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CriticalPath } from "../../src/analysis/critical-path.ts";
import { criticalPath } from "../../src/analysis/critical-path.ts";
import type { SpanSketch } from "../helpers/trace-builder.ts";
import { BUILDER_START_UNIX_NANO, buildTrace } from "../helpers/trace-builder.ts";

/** `operation from-to class` of each segment, in milliseconds. */
function told(path: CriticalPath): string[] {
  return path.segments.map((segment) => {
    const from = Number(segment.startTimeUnixNano - BUILDER_START_UNIX_NANO) / 1e6;
    const to = Number(segment.endTimeUnixNano - BUILDER_START_UNIX_NANO) / 1e6;
    return `${segment.span?.name ?? "?"} ${from}-${to} ${segment.class}`;
  });
}

function pathOf(...sketches: SpanSketch[]): string[] {
  return told(criticalPath(buildTrace("path", ...sketches)));
}

describe("the walk", () => {
  test("a call through CLIENT and SERVER splits into work and network", () => {
    expect(
      pathOf(
        { id: "root", kind: "SERVER", at: [0, 100] },
        { id: "call", parent: "root", kind: "CLIENT", at: [10, 90] },
        { id: "serve", parent: "call", kind: "SERVER", at: [20, 70] },
      ),
    ).toEqual([
      "root 0-10 self",
      "call 10-20 network",
      "serve 20-70 self",
      "call 70-90 network",
      "root 90-100 self",
    ]);
  });

  test("of parallel children the one that ends last is on the path, the other is not", () => {
    expect(
      pathOf(
        { id: "root", at: [0, 100] },
        { id: "short", parent: "root", at: [10, 40] },
        { id: "long", parent: "root", at: [10, 80] },
      ),
    ).toEqual(["root 0-10 self", "long 10-80 self", "root 80-100 self"]);
  });

  test("sequential children are all on it, also when one starts the instant the other ends", () => {
    expect(
      pathOf(
        { id: "root", at: [0, 30] },
        { id: "a", parent: "root", at: [0, 10] },
        { id: "b", parent: "root", at: [10, 20] },
        { id: "c", parent: "root", at: [20, 30] },
      ),
    ).toEqual(["a 0-10 self", "b 10-20 self", "c 20-30 self"]);
  });

  test("a sibling still running when the chosen child starts gets nothing", () => {
    expect(
      pathOf(
        { id: "root", at: [0, 100] },
        { id: "early", parent: "root", at: [0, 30] },
        { id: "overlapping", parent: "root", at: [20, 60] },
        { id: "last", parent: "root", at: [50, 100] },
      ),
    ).toEqual(["early 0-30 self", "root 30-50 self", "last 50-100 self"]);
  });

  test("a child that outlives its parent is clipped, one that starts after its end is off the path", () => {
    expect(
      pathOf(
        { id: "root", at: [0, 50] },
        { id: "over", parent: "root", at: [30, 80] },
        { id: "async", parent: "root", at: [50, 90] },
      ),
    ).toEqual(["root 0-30 self", "over 30-50 self"]);
  });

  test("a CONSUMER does not hold up its PRODUCER, but holds up any other parent", () => {
    const consumer: SpanSketch = { id: "take", parent: "put", kind: "CONSUMER", at: [10, 20] };
    expect(pathOf({ id: "put", kind: "PRODUCER", at: [0, 20] }, consumer)).toEqual(["put 0-20 self"]);
    expect(pathOf({ id: "put", kind: "SERVER", at: [0, 20] }, consumer)).toEqual([
      "put 0-10 self",
      "take 10-20 self",
    ]);
  });

  test("a CLIENT with two SERVER children, a retry, has self time, not network", () => {
    expect(
      pathOf(
        { id: "call", kind: "CLIENT", at: [0, 40] },
        { id: "try1", parent: "call", kind: "SERVER", at: [0, 10] },
        { id: "try2", parent: "call", kind: "SERVER", at: [20, 40] },
      ),
    ).toEqual(["try1 0-10 self", "call 10-20 self", "try2 20-40 self"]);
  });

  test("gaps between several roots are untraced", () => {
    expect(pathOf({ id: "a", at: [0, 10] }, { id: "b", at: [30, 40] })).toEqual([
      "a 0-10 self",
      "? 10-30 untraced",
      "b 30-40 self",
    ]);
  });

  test("orphans of one missing parent are told with the untraced time between them", () => {
    expect(
      pathOf({ id: "a", parent: "gone", at: [0, 10] }, { id: "b", parent: "gone", at: [20, 40] }),
    ).toEqual(["a 0-10 self", "? 10-20 untraced", "b 20-40 self"]);
  });

  test("an orphan belongs under the only root, since every span of a trace descends from it", () => {
    expect(pathOf({ id: "root", at: [0, 100] }, { id: "o", parent: "gone", at: [40, 120] })).toEqual([
      "root 0-40 self",
      "o 40-100 self",
    ]);
  });

  test("a trace without duration has an empty path", () => {
    const path = criticalPath(buildTrace("nothing", { id: "root", at: [5, 5] }));
    expect(path.segments).toEqual([]);
    expect(path.byOperation).toEqual([]);
    expect(path.durationNanos).toBe(0n);
  });

  test("a negative duration counts as none", () => {
    expect(pathOf({ id: "root", at: [0, 10] }, { id: "back", parent: "root", at: [8, 2] })).toEqual([
      "root 0-10 self",
    ]);
  });

  test("times are exact to the nanosecond", () => {
    const path = criticalPath(
      buildTrace(
        "nanos",
        { id: "root", at: [0, 0.000_003] },
        { id: "c", parent: "root", at: [0.000_001, 0.000_002] },
      ),
    );
    expect(path.segments.map((segment) => segment.durationNanos)).toEqual([1n, 1n, 1n]);
  });

  test("an allowed overlap lets a barely late child be the trigger, within 1 % of its parent", () => {
    const trace = buildTrace(
      "skew",
      { id: "root", at: [0, 1_000] },
      { id: "a", parent: "root", at: [0, 505] },
      { id: "b", parent: "root", at: [500, 1_000] },
    );
    expect(told(criticalPath(trace))).toEqual(["root 0-500 self", "b 500-1000 self"]);
    expect(told(criticalPath(trace, { maxOverlapNanos: 5e6 }))).toEqual(["a 0-500 self", "b 500-1000 self"]);
    expect(told(criticalPath(trace, { maxOverlapNanos: 4e6 }))).toEqual([
      "root 0-500 self",
      "b 500-1000 self",
    ]);
  });

  test("a child's children are clipped by as much as the child itself was", () => {
    const trace = buildTrace(
      "slack",
      { id: "root", at: [0, 1_000] },
      { id: "a", parent: "root", at: [0, 505] },
      { id: "inner", parent: "a", at: [100, 505] },
      { id: "b", parent: "root", at: [500, 1_000] },
    );
    expect(told(criticalPath(trace, { maxOverlapNanos: 5e6 }))).toEqual([
      "a 0-100 self",
      "inner 100-500 self",
      "b 500-1000 self",
    ]);
  });
});

test("shares by operation sum to one and are split by class", () => {
  const path = criticalPath(
    buildTrace(
      "shares",
      { id: "root", service: "web", kind: "SERVER", at: [0, 100] },
      { id: "c1", name: "call", parent: "root", service: "web", kind: "CLIENT", at: [0, 40] },
      { id: "s1", name: "serve", parent: "c1", service: "api", kind: "SERVER", at: [10, 40] },
      { id: "c2", name: "call", parent: "root", service: "web", kind: "CLIENT", at: [50, 100] },
    ),
  );
  expect(path.byOperation).toEqual([
    {
      service: "web",
      operation: "call",
      durationNanos: 60_000_000n,
      share: 0.6,
      byClass: { network: 10_000_000n, self: 50_000_000n },
    },
    {
      service: "api",
      operation: "serve",
      durationNanos: 30_000_000n,
      share: 0.3,
      byClass: { self: 30_000_000n },
    },
    {
      service: "web",
      operation: "root",
      durationNanos: 10_000_000n,
      share: 0.1,
      byClass: { self: 10_000_000n },
    },
  ]);
});

describe("size", () => {
  test("a chain 100,000 spans deep does not overflow", () => {
    const sketches: SpanSketch[] = [{ id: "0", at: [0, 200_000] }];
    for (let depth = 1; depth < 100_000; depth++) {
      sketches.push({ id: `${depth}`, parent: `${depth - 1}`, at: [depth, 200_000 - depth] });
    }
    expect(criticalPath(buildTrace("deep", ...sketches)).segments).toHaveLength(2 * 100_000 - 1);
  });

  test("a million children under one root do not overflow", () => {
    const template = buildTrace(
      "flat",
      { id: "root", at: [0, 1_000] },
      { id: "leaf", parent: "root", at: [0, 1] },
    );
    const root = { ...template.spans[0]!, endTimeUnixNano: BUILDER_START_UNIX_NANO + 1_000_000n };
    const leaf = template.spans.find((span) => span.parentSpanId !== undefined)!;
    const spans = [{ ...root, spanId: template.rootSpan!.spanId, parentSpanId: undefined }];
    const leaves = Array.from({ length: 1_000_000 }, (_, index) => ({
      ...leaf,
      spanId: index.toString(16).padStart(16, "0"),
      startTimeUnixNano: BUILDER_START_UNIX_NANO + BigInt(index),
      endTimeUnixNano: BUILDER_START_UNIX_NANO + BigInt(index + 1),
    }));
    const path = criticalPath({ traceId: template.traceId, spans: [...spans, ...leaves] });
    expect(path.segments).toHaveLength(1_000_000);
    expect(path.byOperation[0]?.durationNanos).toBe(1_000_000n);
  });
});

test("an empty trace is refused", () => {
  expect(() => criticalPath({ traceId: "", spans: [] })).toThrow(RangeError);
});

test("the input is not changed", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)), { minLength: 1, maxLength: 8 }),
      (shape) => {
        const trace = buildTrace(
          "frozen",
          ...shape.map(([parent, from, to], index) => ({
            id: `${index}`,
            parent: `${parent}`,
            at: [from, to] as const,
          })),
        );
        for (const span of trace.spans) Object.freeze(span);
        Object.freeze(trace.spans);
        expect(criticalPath(trace).traceId).toBe(trace.traceId);
      },
    ),
  );
});
