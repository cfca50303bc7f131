/** Whether a trace meets necessary conditions, leaf by leaf: what a store that narrows has to keep. */

import { durationNanosOf } from "../../src/analysis/span-forest.ts";
import type { DurationBounds, SpanCondition, TraceCondition } from "../../src/filter/conditions/condition.ts";
import { holds } from "../../src/filter/evaluator/comparison.ts";
import { fieldReader } from "../../src/filter/evaluator/field-reader.ts";
import type { TraceFacts } from "../../src/filter/evaluator/trace-facts.ts";
import type { Value } from "../../src/filter/evaluator/values.ts";
import { valueOfLiteral } from "../../src/filter/evaluator/values.ts";
import { attribute } from "./filter-builder.ts";

/** The trace must have its "whole" prepared. */
export function meets(condition: TraceCondition, trace: TraceFacts): boolean {
  switch (condition.node) {
    case "all":
      return condition.conditions.every((each) => meets(each, trace));
    case "any":
      return condition.conditions.some((each) => meets(each, trace));
    case "someSpan": {
      const spans = Array.from({ length: trace.view.spanCount }, (_, span) => span);
      return spans.some((span) => meetsOn(condition.condition, trace, span));
    }
  }
}

function meetsOn(condition: SpanCondition, trace: TraceFacts, span: number): boolean {
  const it = trace.view.analysed(span);
  switch (condition.node) {
    case "all":
      return condition.conditions.every((each) => meetsOn(each, trace, span));
    case "any":
      return condition.conditions.some((each) => meetsOn(each, trace, span));
    case "service":
      return it.serviceName === condition.equals;
    case "name":
      return it.name === condition.equals;
    case "status":
      return it.status.toLowerCase() === condition.equals;
    case "kind":
      return it.kind.toLowerCase() === condition.equals;
    case "root":
      return it.parentSpanId === undefined;
    case "duration":
      return isWithin(durationNanosOf(it), condition);
    case "traceDuration":
      return isWithin(trace.whole.durationNanos, condition);
    case "traceId":
      return trace.view.traceId === condition.equals;
    case "rootName":
      return trace.whole.rootName === condition.equals;
    case "rootService":
      return trace.whole.rootServiceName === condition.equals;
    case "attribute":
      return holds("=", read(condition, trace, span), valueOfLiteral(condition.equals));
    case "attributeOrder":
      return holds(condition.operator, read(condition, trace, span), valueOfLiteral(condition.than));
    case "attributeExists":
      return read(condition, trace, span) !== undefined;
  }
}

function read(
  {
    scope,
    key,
  }: Extract<SpanCondition, { readonly node: "attribute" | "attributeOrder" | "attributeExists" }>,
  trace: TraceFacts,
  span: number,
): Value {
  return fieldReader(attribute(scope, key))(trace, span);
}

function isWithin(nanos: bigint, { minNanos, maxNanos }: DurationBounds): boolean {
  return (minNanos === undefined || nanos >= minNanos) && (maxNanos === undefined || nanos <= maxNanos);
}
