import { describe, expect, it } from "vitest";
import {
  boundedCondition,
  MAX_ATTRIBUTE_CONDITIONS,
  MAX_CONDITIONS,
} from "../../../src/filter/conditions/bounded-condition.ts";
import type { SpanCondition, TraceCondition } from "../../../src/filter/conditions/condition.ts";
import { ALWAYS } from "../../../src/filter/conditions/condition.ts";

const equals = (at: number): SpanCondition => ({
  node: "attribute",
  scope: "span",
  key: "a",
  equals: { type: "int", value: BigInt(at) },
});
const service = (at: number): SpanCondition => ({ node: "service", equals: `s${at}` });
const listOf = (count: number, make: (at: number) => SpanCondition): SpanCondition[] =>
  Array.from({ length: count }, (_, at) => make(at));
const some = (node: "all" | "any", conditions: readonly SpanCondition[]): TraceCondition => ({
  node: "someSpan",
  condition: { node, conditions },
});

describe("a condition that a store is asked for", () => {
  it("stays what it is as long as it has few comparisons", () => {
    const few = some("any", [...listOf(MAX_ATTRIBUTE_CONDITIONS, equals), ...listOf(400, service)]);
    expect(boundedCondition(few)).toEqual(few);
  });

  it("keeps the first of many that must hold together", () => {
    const many = [service(1), ...listOf(MAX_ATTRIBUTE_CONDITIONS + 9, equals), service(2)];
    const kept = [service(1), ...listOf(MAX_ATTRIBUTE_CONDITIONS, equals), service(2)];
    expect(boundedCondition(some("all", many))).toEqual(some("all", kept));
  });

  it("says nothing of a choice among more than fit, and keeps what stands beside it", () => {
    const tooMany = some("any", listOf(MAX_ATTRIBUTE_CONDITIONS + 1, equals));
    expect(boundedCondition(tooMany)).toEqual(ALWAYS);
    const few = some("any", listOf(MAX_ATTRIBUTE_CONDITIONS, equals));
    expect(boundedCondition({ node: "all", conditions: [tooMany, few] })).toEqual(few);
    expect(boundedCondition(some("any", listOf(MAX_CONDITIONS + 1, service)))).toEqual(ALWAYS);
  });

  it("has what is said over and over once", () => {
    const twice = some(
      "any",
      listOf(1_000, (at) => equals(at % 2)),
    );
    expect(boundedCondition(twice)).toEqual(some("any", [equals(0), equals(1)]));
    const zeros: SpanCondition[] = [0, -0].map((value) => ({
      node: "attribute",
      scope: "span",
      key: "a",
      equals: { type: "float", value },
    }));
    expect(boundedCondition(some("any", zeros))).toEqual(some("any", zeros));
  });
});
