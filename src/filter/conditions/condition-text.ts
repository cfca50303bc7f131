/** Conditions in words, for people who ask how a query was worked out. */

import { textOfLiteral } from "./candidate-query.ts";
import type { AttributeLiteral, DurationBounds, SpanCondition, TraceCondition } from "./condition.ts";

/** A condition as text: `some span (service = "shop" and status = error)`. Durations are in nanoseconds. */
export function conditionText(condition: TraceCondition): string {
  switch (condition.node) {
    case "all":
      return condition.conditions.length === 0
        ? "any trace"
        : joined(condition.conditions, " and ", conditionText);
    case "any":
      return condition.conditions.length === 0
        ? "no trace"
        : joined(condition.conditions, " or ", conditionText);
    case "someSpan":
      return `some span (${spanText(condition.condition, true)})`;
  }
}

function spanText(condition: SpanCondition, isOutermost = false): string {
  switch (condition.node) {
    case "all":
    case "any": {
      const text = joined(condition.conditions, condition.node === "all" ? " and " : " or ", spanText);
      return isOutermost ? text.replace(/^\((.*)\)$/s, "$1") : text;
    }
    case "root":
      return "no parent";
    case "duration":
    case "traceDuration":
      return boundsText(condition.node === "duration" ? "duration" : "trace duration", condition);
    case "status":
    case "kind":
      return `${condition.node} = ${condition.equals}`;
    case "attribute":
      return `${attributeText(condition)} = ${literalText(condition.equals)}`;
    case "attributeOrder":
      return `${attributeText(condition)} ${condition.operator} ${literalText(condition.than)}`;
    case "attributeExists":
      return `${attributeText(condition)} is there`;
    default:
      return `${NAMES[condition.node]} = ${JSON.stringify(condition.equals)}`;
  }
}

const NAMES = Object.freeze({
  service: "service",
  name: "name",
  traceId: "trace id",
  rootName: "root name",
  rootService: "root service",
});

function joined<T>(parts: readonly T[], between: string, text: (part: T) => string): string {
  return `(${parts.map((part) => text(part)).join(between)})`;
}

function boundsText(what: string, { minNanos, maxNanos }: DurationBounds): string {
  const least = minNanos === undefined ? [] : [`${what} >= ${minNanos}`];
  const most = maxNanos === undefined ? [] : [`${what} <= ${maxNanos}`];
  return [...least, ...most].join(" and ");
}

function attributeText({ scope, key }: { readonly scope: string; readonly key: string }): string {
  return `${scope === "any" ? "" : scope}.${key}`;
}

function literalText(literal: AttributeLiteral): string {
  return literal.type === "string" ? JSON.stringify(literal.value) : textOfLiteral(literal);
}
