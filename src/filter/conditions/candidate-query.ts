/** The part of a filter that a search of today can look for. */

import { isSentServiceName } from "../evaluator/field-reader.ts";
import type { AttributeCondition, TraceQuery } from "../trace-query.ts";
import type { AttributeLiteral, SpanCondition, SpanLeaf, TraceCondition, TraceLeaf } from "./condition.ts";

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * A search that finds every trace that meets some conditions, and others: what holds of the whole trace, and of the
 * spans that must be there the one with most conditions.
 */
export function candidateQuery(condition: TraceCondition): TraceQuery {
  const query: Writable<TraceQuery> = {};
  let most: readonly (SpanLeaf | TraceLeaf)[] = [];
  for (const some of partsOf(condition)) {
    if (some.node !== "someSpan") continue;
    const leaves = certainLeaves(some.condition);
    for (const leaf of leaves) addTraceLeaf(query, leaf);
    if (spanLeavesOf(leaves) > spanLeavesOf(most)) most = leaves;
  }
  const attributes: AttributeCondition[] = [];
  for (const leaf of most) addSpanLeaf(query, leaf, attributes);
  return attributes.length === 0 ? query : { ...query, attributes };
}

function partsOf(condition: TraceCondition): readonly TraceCondition[] {
  return condition.node === "all" ? condition.conditions : [condition];
}

/** What holds in any case; choices are left out. */
export function certainLeaves(condition: SpanCondition): readonly (SpanLeaf | TraceLeaf)[] {
  switch (condition.node) {
    case "any":
      return [];
    case "all":
      return condition.conditions.flatMap(certainLeaves);
    default:
      return [condition];
  }
}

function spanLeavesOf(leaves: readonly (SpanLeaf | TraceLeaf)[]): number {
  const attributes: AttributeCondition[] = [];
  const query: Writable<TraceQuery> = {};
  for (const leaf of leaves) addSpanLeaf(query, leaf, attributes);
  return Object.keys(query).length + attributes.length;
}

function addTraceLeaf(query: Writable<TraceQuery>, leaf: SpanLeaf | TraceLeaf): void {
  switch (leaf.node) {
    case "rootService":
      query.rootServiceName ??= leaf.equals;
      return;
    case "rootName":
      query.rootOperationName ??= leaf.equals;
      return;
    case "traceDuration":
    case "duration":
      narrowDuration(query, leaf);
      return;
    default:
      return;
  }
}

/** A trace is no shorter than any of its spans, but it may be longer than all of them. */
function narrowDuration(
  query: Writable<TraceQuery>,
  {
    node,
    minNanos,
    maxNanos,
  }: Extract<SpanLeaf | TraceLeaf, { readonly node: "duration" | "traceDuration" }>,
): void {
  if (minNanos !== undefined && minNanos > (query.minDurationNanos ?? 0n)) query.minDurationNanos = minNanos;
  if (node === "duration" || maxNanos === undefined) return;
  if (query.maxDurationNanos === undefined || maxNanos < query.maxDurationNanos)
    query.maxDurationNanos = maxNanos;
}

function addSpanLeaf(
  query: Writable<TraceQuery>,
  leaf: SpanLeaf | TraceLeaf,
  attributes: AttributeCondition[],
): void {
  switch (leaf.node) {
    case "service":
      query.serviceName ??= leaf.equals;
      return;
    case "name":
      query.operationName ??= leaf.equals;
      return;
    case "status":
      if (leaf.equals === "error") query.hasErrors = true;
      return;
    case "attribute":
      if (isSearchable(leaf)) attributes.push({ key: leaf.key, value: textOfLiteral(leaf.equals) });
      return;
    default:
      return;
  }
}

/** A search asks the span, then its resource, for what was sent: not for a resource alone, nor a default service. */
function isSearchable({ scope, key, equals }: Extract<SpanLeaf, { readonly node: "attribute" }>): boolean {
  if (scope !== "any" && scope !== "span") return false;
  return (
    key !== "service.name" ||
    scope === "span" ||
    (equals.type === "string" && isSentServiceName(equals.value))
  );
}

/** A text that every attribute equals that equals the literal. */
export function textOfLiteral(literal: AttributeLiteral): string {
  switch (literal.type) {
    case "string":
      return literal.value;
    case "boolean":
    case "int":
      return String(literal.value);
    case "duration":
      return String(literal.nanos);
    case "float":
      // All digits of a great whole float, or the int it equals would be another number.
      return Number.isInteger(literal.value) ? String(BigInt(literal.value)) : String(literal.value);
  }
}
