import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { atOnce } from "../../../src/base/time-slice.ts";
import { nestedSetsOf } from "../../../src/filter/evaluator/nested-sets.ts";
import { relatedSpans } from "../../../src/filter/evaluator/relation.ts";
import { spanTraceView } from "../../../src/filter/evaluator/span-trace-view.ts";
import type { Intrinsic, SpansetExpression, StructuralRelation } from "../../../src/filter/query-model.ts";
import type { Span } from "../../../src/model/span.ts";
import { binary, filter, intrinsic, kind, named, relation } from "../../helpers/filter-builder.ts";
import { matchedNames } from "../../helpers/filter-run.ts";
import { anyTraceDrafts, spanFromDraft } from "../../helpers/trace-arbitrary.ts";
import { buildSpan, buildTrace } from "../../helpers/trace-builder.ts";

/**
 * root -+- a -+- b --- c
 *       |     +- d
 *       +- e --- b (a second one)
 * orphan --- b (a third one)
 */
const TREE = buildTrace(
  "tree",
  { id: "root", at: [0, 100] },
  { id: "a", parent: "root", at: [1, 50] },
  { id: "b1", name: "b", parent: "a", at: [2, 20] },
  { id: "c", parent: "b1", at: [3, 10] },
  { id: "d", parent: "a", at: [21, 30] },
  { id: "e", parent: "root", at: [51, 90] },
  { id: "b2", name: "b", parent: "e", at: [52, 60] },
  { id: "orphan", parent: "nowhere", at: [61, 70] },
  { id: "b3", name: "b", parent: "orphan", at: [62, 65] },
).spans;

type Sign = Parameters<typeof relation>[1];

function related(left: SpansetExpression, sign: Sign, right: SpansetExpression): readonly string[] {
  return matchedNames([relation(left, sign, right)], TREE)[0] ?? [];
}

const ALL = filter();

describe("a structural operator", () => {
  it("gives the spans of the right that are related to one of the left", () => {
    expect(related(named("a"), ">", ALL)).toEqual(["b", "d"]);
    expect(related(named("root"), ">", named("b"))).toEqual([]);
    expect(related(named("b"), "<", ALL)).toEqual(["a", "e"]);
    expect(related(named("root"), ">>", named("b"))).toEqual(["b", "b"]);
    expect(related(named("a"), ">>", ALL)).toEqual(["b", "c", "d"]);
    expect(related(named("c"), "<<", ALL)).toEqual(["a", "b", "root"]);
    expect(related(named("b"), "~", ALL)).toEqual(["d"]);
    expect(related(named("a"), "~", ALL)).toEqual(["e"]);
  });

  it("relates no span to itself", () => {
    expect(related(named("a"), "~", named("a"))).toEqual([]);
    expect(related(named("a"), ">>", named("a"))).toEqual([]);
    expect(related(named("root"), "~", ALL)).toEqual([]);
  });

  it("negated gives the spans of the right with no relation to any of the left", () => {
    expect(related(named("a"), "!>", named("b"))).toEqual(["b"]);
    expect(related(named("b"), "!<", ALL)).toEqual(["b", "b", "c", "d", "root"]);
    expect(related(named("a"), "!>>", ALL)).toEqual(["a", "b", "e", "root"]);
    expect(related(named("c"), "!<<", ALL)).toEqual(["b", "c", "d", "e"]);
    expect(related(named("b"), "!~", ALL)).toEqual(["a", "b", "b", "c", "e", "root"]);
    expect(related(named("nobody"), "!>>", named("b"))).toEqual(["b", "b"]);
  });

  it("as a union gives the related spans of both sides", () => {
    expect(related(named("a"), "&>", named("b"))).toEqual(["a", "b"]);
    expect(related(named("b"), "&<", named("e"))).toEqual(["b", "e"]);
    expect(related(named("root"), "&>>", named("c"))).toEqual(["c", "root"]);
    expect(related(ALL, "&>>", named("c"))).toEqual(["a", "b", "c", "root"]);
    expect(related(named("c"), "&<<", named("a"))).toEqual(["a", "c"]);
    expect(related(named("b"), "&~", named("d"))).toEqual(["b", "d"]);
    expect(related(named("a"), "&>", named("nobody"))).toEqual([]);
  });

  it("never finds spans below a missing parent, in no form", () => {
    expect(related(named("orphan"), ">", ALL)).toEqual([]);
    expect(related(named("orphan"), ">>", ALL)).toEqual([]);
    expect(related(ALL, "<", named("orphan"))).toEqual([]);
    expect(related(ALL, "!>", named("orphan"))).toEqual([]);
    expect(related(named("orphan"), "&>", ALL)).toEqual([]);
  });

  it("takes relations as sides", () => {
    expect(related(relation(named("root"), ">", named("a")), ">>", named("c"))).toEqual(["c"]);
    expect(related(relation(named("root"), ">", named("e")), ">>", named("c"))).toEqual([]);
  });
});

describe("an id that two spans share", () => {
  /** As Zipkin has it: client and server of one call are two spans of one id and one parent. */
  const CALL: readonly Span[] = [
    buildSpan("shared", { id: "root", at: [0, 100] }),
    buildSpan("shared", { id: "call", name: "client", kind: "CLIENT", parent: "root", at: [1, 50] }),
    buildSpan("shared", { id: "call", name: "server", kind: "SERVER", parent: "root", at: [2, 49] }),
    buildSpan("shared", { id: "work", parent: "call", at: [3, 10] }),
    buildSpan("shared", { id: "next", parent: "call", kind: "CLIENT", at: [11, 20] }),
    buildSpan("shared", { id: "received", parent: "call", kind: "SERVER", at: [21, 30] }),
  ];

  it("puts the server below the client, what it does below the server, and another server below the client", () => {
    expect(matchedNames([relation(named("client"), ">", ALL)], CALL)).toEqual([["received", "server"]]);
    expect(matchedNames([relation(named("server"), ">", ALL)], CALL)).toEqual([["next", "work"]]);
    expect(matchedNames([relation(named("root"), ">", ALL)], CALL)).toEqual([["client"]]);
    const servers = filter(binary(intrinsic("span:kind"), "=", kind("server")));
    expect(matchedNames([relation(named("client"), ">>", servers)], CALL)).toEqual([["received", "server"]]);
  });

  it("and one start relates the same spans in whatever order a store lists the two", () => {
    const spans = [
      buildSpan("tied", { id: "call", name: "one", kind: "INTERNAL", at: [1, 50] }),
      buildSpan("tied", { id: "call", name: "other", kind: "CLIENT", at: [1, 50] }),
      buildSpan("tied", { id: "call below", parent: "call", at: [3, 10] }),
    ];
    for (const listed of [spans, spans.toReversed()]) {
      expect(matchedNames([relation(named("one"), ">", ALL)], listed)).toEqual([["call below"]]);
      expect(matchedNames([relation(named("other"), ">", ALL)], listed)).toEqual([]);
    }
  });

  it("three times leaves the trace without numbers", () => {
    const thrice = [...CALL, buildSpan("shared", { id: "call", name: "third", parent: "root", at: [4, 5] })];
    expect(matchedNames([relation(ALL, ">", ALL)], thrice)).toEqual([]);
    expect(matchedNames([relation(ALL, "!>", ALL)], thrice)).toEqual([]);
    const isZero = (name: Intrinsic) => filter(binary(intrinsic(name), "=", 0n));
    for (const name of ["span:nestedSetLeft", "span:nestedSetRight", "span:nestedSetParent"] as const) {
      expect(matchedNames([isZero(name)], thrice)[0]).toHaveLength(7);
    }
  });
});

/** Parents by number as the text says it, one span after the other; undefined: it hangs on no root. */
function parentsByText(spans: readonly Span[]): readonly (number | undefined)[] {
  const parent = (span: number): number | undefined => {
    const { parentSpanId } = spans[span] as Span;
    if (parentSpanId === undefined) return -1;
    const found = spans.findIndex(({ spanId }) => spanId === parentSpanId);
    return found === -1 ? undefined : found;
  };
  return spans.map((_, span) => {
    let at: number | undefined = span;
    for (let steps = 0; at !== undefined && at !== -1; steps++) {
      if (steps > spans.length) return undefined;
      at = parent(at);
    }
    return at === undefined ? undefined : parent(span);
  });
}

function isRelated(
  name: StructuralRelation,
  parents: readonly (number | undefined)[],
  left: number,
  right: number,
): boolean {
  const isAbove = (above: number, below: number): boolean => {
    for (let at = parents[below]; at !== undefined && at !== -1; at = parents[at])
      if (at === above) return true;
    return false;
  };
  switch (name) {
    case "child":
      return parents[right] === left;
    case "parent":
      return parents[left] === right;
    case "descendant":
      return isAbove(left, right);
    case "ancestor":
      return isAbove(right, left);
    case "sibling":
      return left !== right && parents[left] !== -1 && parents[left] === parents[right];
  }
}

describe("the relations of any trace", () => {
  const uniqueIds = anyTraceDrafts.map((drafts) => [
    ...new Map(drafts.map((draft) => [draft.id, draft])).values(),
  ]);
  const relations = ["child", "parent", "descendant", "ancestor", "sibling"] as const;

  it("are those that comparing every span with every other finds", () => {
    fc.assert(
      fc.property(uniqueIds, fc.nat(), fc.nat(), (drafts, leftBits, rightBits) => {
        const view = spanTraceView(drafts.map(spanFromDraft));
        const spans = Array.from({ length: view.spanCount }, (_, span) => span);
        const parents = parentsByText(spans.map((span) => view.analysed(span)));
        const sets = atOnce(nestedSetsOf(view));
        const left = spans.filter((span) => ((leftBits >> span) & 1) === 1);
        const right = spans.filter((span) => ((rightBits >> span) & 1) === 1);
        const isIn = (span: number): boolean => parents[span] !== undefined;
        for (const name of relations) {
          const holds = (one: number, other: number): boolean =>
            isIn(one) && isIn(other) && isRelated(name, parents, one, other);
          const ofRight = right.filter((span) => left.some((other) => holds(other, span)));
          const ofLeft = left.filter((span) => right.some((other) => holds(span, other)));
          const ask = (form: "plain" | "not" | "union") =>
            relatedSpans(sets, { relation: name, form, left, right });
          expect(ask("plain")).toEqual(ofRight);
          expect(ask("not")).toEqual(right.filter((span) => isIn(span) && !ofRight.includes(span)));
          expect(ask("union")).toEqual(
            spans.filter((span) => ofRight.includes(span) || ofLeft.includes(span)),
          );
        }
      }),
    );
  });

  it("give intervals that lie inside each other exactly below", () => {
    fc.assert(
      fc.property(uniqueIds, (drafts) => {
        const view = spanTraceView(drafts.map(spanFromDraft));
        const { lefts, rights } = atOnce(nestedSetsOf(view));
        const parents = parentsByText(Array.from(lefts, (_, span) => view.analysed(span)));
        for (const [span, parent] of parents.entries()) {
          expect(lefts[span] === 0).toBe(parent === undefined);
          expect(rights[span] === 0).toBe(parent === undefined);
          for (const other of parents.keys()) {
            if (parent === undefined || parents[other] === undefined) continue;
            const isInside =
              (lefts[other] as number) < (lefts[span] as number) &&
              (rights[span] as number) < (rights[other] as number);
            expect(isInside).toBe(isRelated("descendant", parents, other, span));
          }
        }
      }),
    );
  });

  it("are found in a trace of a hundred thousand spans, however deep", () => {
    const count = 100_000;
    const link = buildSpan("deep", { id: "link", at: [0, 1] });
    const spans: Span[] = [];
    for (let index = 0; index < count; index++) {
      spans.push({
        ...link,
        name: index === count - 1 ? "last" : "link",
        spanId: (index + 1).toString(16).padStart(16, "0"),
        parentSpanId: index === 0 ? undefined : index.toString(16).padStart(16, "0"),
      });
    }
    const found = matchedNames([relation(named("link"), "&>>", named("last"))], spans);
    expect(found[0]).toHaveLength(count);
    expect(matchedNames([relation(named("last"), "<<", ALL)], spans)[0]).toHaveLength(count - 1);
  });
});
