/** The invariants P1-P10 and P13 that hold for the path of any trace, over spans and over columns. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CriticalPath } from "../../src/analysis/critical-path.ts";
import { criticalPath as pathOfSpans } from "../../src/analysis/critical-path.ts";
import type { TraceNode } from "../../src/analysis/trace-tree.ts";
import { traceTree } from "../../src/analysis/trace-tree.ts";
import type { Span } from "../../src/model/span.ts";
import type { Trace } from "../../src/model/trace.ts";
import { traceFromSpans } from "../../src/model/trace.ts";
import { BUILDER_START_UNIX_NANO, buildSpan } from "../helpers/trace-builder.ts";
import { columnCriticalPath } from "./profile/column-critical-path.ts";
import { referenceCriticalPath } from "./reference-critical-path.ts";

const RUNS = { numRuns: 400 };

/** A span by numbers: id and parent below 16 (15 is never a span: missing), times in whole milliseconds. */
interface Draft {
  readonly id: number;
  readonly parent: number | undefined;
  readonly kind: Span["kind"];
  readonly start: number;
  readonly duration: number;
}

const anyKind = fc.constantFrom<Span["kind"]>("INTERNAL", "CLIENT", "SERVER", "PRODUCER", "CONSUMER");

/** Anything at all: repeated ids, cycles, self-parents, orphans, several roots, negative and zero durations. */
const anyDrafts: fc.Arbitrary<Draft[]> = fc.array(
  fc.record({
    id: fc.nat(14),
    parent: fc.option(fc.nat(15), { nil: undefined }),
    kind: anyKind,
    start: fc.nat(20),
    duration: fc.integer({ min: -3, max: 20 }),
  }),
  { minLength: 1, maxLength: 14 },
);

/** One root with a well-formed tree below it; children may still leave their parents and overlap. */
const treeDrafts: fc.Arbitrary<Draft[]> = fc
  .array(fc.record({ up: fc.nat(13), kind: anyKind, start: fc.nat(30), duration: fc.nat(20) }), {
    maxLength: 13,
  })
  .map((rest) => [
    { id: 0, parent: undefined, kind: "SERVER", start: 0, duration: 30 } as const,
    ...rest.map((each, index) => ({
      id: index + 1,
      parent: each.up % (index + 1),
      kind: each.kind,
      start: each.start,
      duration: each.duration,
    })),
  ]);

const anyTrace = fc.oneof(anyDrafts, treeDrafts);

/** Two of the longest spans with one id differ in their parent alone: which one takes the children must be settled. */
const SAME_ID_AND_TIMES: Draft[] = [
  { id: 0, parent: 0, kind: "INTERNAL", start: 5, duration: 15 },
  { id: 0, parent: 0, kind: "INTERNAL", start: 19, duration: 16 },
  { id: 0, parent: undefined, kind: "INTERNAL", start: 19, duration: 16 },
  { id: 0, parent: undefined, kind: "INTERNAL", start: 0, duration: 0 },
];

function hexId(id: number): string {
  return (id + 1).toString(16).padStart(16, "0");
}

function spanOf(draft: Draft, scale = 1, shift = 0, idOf: (id: number) => string = hexId): Span {
  const from = draft.start * scale + shift;
  const span = buildSpan("any", { id: "x", kind: draft.kind, at: [from, from + draft.duration * scale] });
  const parentSpanId = draft.parent === undefined ? undefined : idOf(draft.parent);
  return { ...span, spanId: idOf(draft.id), parentSpanId };
}

function traceOf(drafts: readonly Draft[], scale = 1, shift = 0, idOf = hexId): Trace {
  return traceFromSpans(drafts.map((draft) => spanOf(draft, scale, shift, idOf)));
}

type Told = [string, bigint, bigint];

function told(path: CriticalPath): Told[] {
  return path.segments.map((segment) => [
    segment.span?.spanId ?? "-",
    segment.startTimeUnixNano,
    segment.endTimeUnixNano,
  ]);
}

/** Clamped interval of a node as absolute times. */
function intervalOf(node: TraceNode, base: bigint): [bigint, bigint] {
  return [base + BigInt(node.startNanos), base + BigInt(node.endNanos)];
}

function ancestry(node: TraceNode): TraceNode[] {
  const chain = [node];
  for (let up = node.parent; up !== undefined; up = up.parent) chain.push(up);
  return chain;
}

/** Path segments with the tree node each belongs to. A span is found by identity, untraced time by its interval. */
function segmentNodes(
  trace: Trace,
  path: CriticalPath,
): { nodes: TraceNode[]; path: CriticalPath; base: bigint } {
  const tree = traceTree(trace);
  const base = tree.startTimeUnixNano;
  const nodes = path.segments.map((segment) => {
    const found = tree.nodes.filter((node) => {
      const [from, to] = intervalOf(node, base);
      return node.span === segment.span && from <= segment.startTimeUnixNano && segment.endTimeUnixNano <= to;
    });
    expect(found.length).toBeGreaterThan(0);
    return found.at(-1) as TraceNode;
  });
  return { nodes, path, base };
}

const FORMS: readonly (readonly [string, typeof pathOfSpans<Span>])[] = [
  ["over spans", pathOfSpans],
  ["over columns", columnCriticalPath],
];

describe.each(FORMS)("the critical path %s", (_form, criticalPath) => {
  const segmentNodesOf = (trace: Trace) => segmentNodes(trace, criticalPath(trace));

  test("P1, P2: segments tile the root's interval, contiguous and disjoint, none empty", () => {
    fc.assert(
      fc.property(anyTrace, (drafts) => {
        const path = criticalPath(traceOf(drafts));
        let at = path.startTimeUnixNano;
        for (const segment of path.segments) {
          expect(segment.startTimeUnixNano).toBe(at);
          expect(segment.endTimeUnixNano).toBeGreaterThan(at);
          at = segment.endTimeUnixNano;
        }
        expect(at).toBe(path.endTimeUnixNano);
        const sum = path.segments.reduce((total, segment) => total + segment.durationNanos, 0n);
        expect(sum).toBe(path.endTimeUnixNano - path.startTimeUnixNano);
        expect(path.byOperation.reduce((total, share) => total + share.durationNanos, 0n)).toBe(sum);
      }),
      RUNS,
    );
  });

  test("P1: with one root the tiled interval is the root span's own", () => {
    fc.assert(
      fc.property(treeDrafts, (drafts) => {
        const path = criticalPath(traceOf(drafts));
        expect([path.startTimeUnixNano, path.endTimeUnixNano]).toEqual([
          BUILDER_START_UNIX_NANO,
          BUILDER_START_UNIX_NANO + 30_000_000n,
        ]);
      }),
      RUNS,
    );
  });

  test("P3: each segment lies inside its clamped span and inside every ancestor", () => {
    fc.assert(
      fc.property(anyTrace, (drafts) => {
        const { nodes, path, base } = segmentNodesOf(traceOf(drafts));
        for (const [index, node] of nodes.entries()) {
          const segment = path.segments[index]!;
          for (const each of ancestry(node)) {
            const [from, to] = intervalOf(each, base);
            expect(from <= segment.startTimeUnixNano && segment.endTimeUnixNano <= to).toBe(true);
          }
        }
      }),
      RUNS,
    );
  });

  test("P4: a segment of a span never overlaps a child of it that is on the path", () => {
    fc.assert(
      fc.property(anyTrace, (drafts) => {
        const { nodes, path, base } = segmentNodesOf(traceOf(drafts));
        const onPath = new Set(nodes.filter((node) => node.span !== undefined).flatMap(ancestry));
        for (const [index, node] of nodes.entries()) {
          const segment = path.segments[index]!;
          for (const child of node.children.filter((each) => each.span !== undefined && onPath.has(each))) {
            const [from, to] = intervalOf(child, base);
            expect(segment.endTimeUnixNano <= from || to <= segment.startTimeUnixNano).toBe(true);
          }
        }
      }),
      RUNS,
    );
  });

  test("P5: consecutive segments meet in their common ancestor at the instant one side ends and the other starts", () => {
    fc.assert(
      fc.property(treeDrafts, (drafts) => {
        const { nodes, path, base } = segmentNodesOf(traceOf(drafts));
        for (let index = 1; index < nodes.length; index++) {
          const boundary = path.segments[index]!.startTimeUnixNano;
          const left = ancestry(nodes[index - 1]!);
          const right = ancestry(nodes[index]!);
          const common = left.find((node) => right.includes(node))!;
          const before = left[left.indexOf(common) - 1];
          const after = right[right.indexOf(common) - 1];
          expect(before === undefined ? boundary : intervalOf(before, base)[1]).toBe(boundary);
          expect(after === undefined ? boundary : intervalOf(after, base)[0]).toBe(boundary);
        }
      }),
      RUNS,
    );
  });

  test("P6: a child still running when a chosen child starts changes nothing", () => {
    fc.assert(
      fc.property(treeDrafts, fc.nat(), fc.nat(3), fc.nat(20), (drafts, pick, before, after) => {
        const trace = traceOf(drafts);
        const { nodes, base, path } = segmentNodesOf(trace);
        const chosen = nodes.flatMap(ancestry).filter((node) => node.parent !== undefined);
        fc.pre(chosen.length > 0);
        const child = chosen[pick % chosen.length]!;
        const [from, to] = intervalOf(child, base);
        const [parentFrom] = intervalOf(child.parent!, base);
        const start = from - BigInt(before + 1) * 500_000n;
        const end = from + BigInt(after + 1) * 500_000n;
        fc.pre(start >= parentFrom && end <= to);
        const added: Span = {
          ...child.span!,
          kind: "INTERNAL",
          spanId: "ffffffffffffffff",
          parentSpanId: child.parent!.span!.spanId,
          startTimeUnixNano: start,
          endTimeUnixNano: end,
        };
        expect(told(criticalPath(traceFromSpans([...trace.spans, added])))).toEqual(told(path));
      }),
      RUNS,
    );
  });

  test("P6: a CONSUMER under a PRODUCER changes nothing", () => {
    fc.assert(
      fc.property(treeDrafts, fc.nat(30), fc.nat(30), (drafts, start, duration) => {
        const producers = drafts.map((draft) => ({ ...draft, kind: "PRODUCER" as const }));
        const added: Draft = { id: 14, parent: drafts.length - 1, kind: "CONSUMER", start, duration };
        expect(told(criticalPath(traceOf([...producers, added])))).toEqual(
          told(criticalPath(traceOf(producers))),
        );
      }),
      RUNS,
    );
  });

  test("P7: shifting and scaling time shifts and scales the path", () => {
    fc.assert(
      fc.property(anyTrace, fc.integer({ min: 1, max: 50 }), fc.nat(1_000), (drafts, scale, shift) => {
        const base = BUILDER_START_UNIX_NANO;
        const moved = (time: bigint): bigint =>
          base + (time - base) * BigInt(scale) + BigInt(shift) * 1_000_000n;
        const expected = told(criticalPath(traceOf(drafts))).map(([id, from, to]) => [
          id,
          moved(from),
          moved(to),
        ]);
        expect(told(criticalPath(traceOf(drafts, scale, shift)))).toEqual(expected);
      }),
      RUNS,
    );
  });

  test("P8: neither the order of arrival nor an order-preserving renaming of ids matters", () => {
    fc.assert(
      fc.property(anyTrace, fc.infiniteStream(fc.nat()), (drafts, keys) => {
        const trace = traceOf(drafts);
        const shuffled = trace.spans
          .map((span) => ({ span, key: keys.next().value as number }))
          .sort((left, right) => left.key - right.key)
          .map((entry) => entry.span);
        const expected = told(criticalPath(trace));
        expect(told(criticalPath({ traceId: trace.traceId, spans: shuffled }))).toEqual(expected);
        const renamed = (id: number): string => (id * 1_000 + 77).toString(16).padStart(16, "0");
        const names = new Map(Array.from({ length: 16 }, (_, id) => [hexId(id), renamed(id)]));
        expect(told(criticalPath(traceOf(drafts, 1, 0, renamed)))).toEqual(
          expected.map(([id, from, to]) => [names.get(id) ?? "-", from, to]),
        );
      }),
      RUNS,
    );
  });

  test("P9: in a chain of nested spans each has its exclusive time", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { minLength: 1, maxLength: 14 }), (insets) => {
        let from = 0;
        let to = 200;
        const drafts = insets.map(([left, right], id): Draft => {
          from += left;
          to -= right;
          return {
            id,
            parent: id === 0 ? undefined : id - 1,
            kind: "INTERNAL",
            start: from,
            duration: to - from,
          };
        });
        const path = criticalPath(traceOf(drafts));
        for (const [index, draft] of drafts.entries()) {
          const own = path.segments
            .filter((segment) => segment.span?.spanId === hexId(draft.id))
            .reduce((sum, segment) => sum + segment.durationNanos, 0n);
          const inner = drafts[index + 1]?.duration ?? 0;
          expect(own).toBe(BigInt(draft.duration - inner) * 1_000_000n);
        }
      }),
      RUNS,
    );
  });

  test("P10: sequential children that touch in time are all on the path", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 14 }), (durations) => {
        let at = 0;
        const children = durations.map((duration, index): Draft => {
          at += duration;
          return { id: index + 1, parent: 0, kind: "CLIENT", start: at - duration, duration };
        });
        const root: Draft = { id: 0, parent: undefined, kind: "SERVER", start: 0, duration: at };
        expect(told(criticalPath(traceOf([root, ...children]))).map(([id]) => id)).toEqual(
          children.map((child) => hexId(child.id)),
        );
      }),
      RUNS,
    );
  });

  test("P13: a recursive second implementation gives the same path for any trace", () => {
    fc.assert(
      fc.property(anyTrace, fc.array(fc.nat(13), { maxLength: 3 }), (drafts, repeats) => {
        const repeated = [...drafts, ...repeats.flatMap((index) => drafts[index] ?? [])];
        const trace = traceOf(repeated);
        expect(told(criticalPath(trace))).toEqual(referenceCriticalPath(trace.spans));
      }),
      { numRuns: 2_000, examples: [[SAME_ID_AND_TIMES, []]] },
    );
  });
});
