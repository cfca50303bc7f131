/** What is true of a span exactly where an expression is, for work that no evaluator goes over again. */

import type { FieldComparison } from "../field-comparison.ts";
import { fieldComparison } from "../field-comparison.ts";
import type { AttributeField, BinaryExpression, FieldExpression, Intrinsic } from "../query-model.ts";
import { KINDS, STATUSES } from "../query-model.ts";
import type { SpanCondition } from "./condition.ts";
import { ALWAYS, allOf, anyOf, isAlways, NEVER } from "./condition.ts";
import { isOfRoots, spanConditionOf } from "./span-condition.ts";

/** Intrinsics whose conditions say all that their comparisons say. */
const EXACT_INTRINSICS: ReadonlySet<Intrinsic> = new Set<Intrinsic>([
  "span:duration",
  "span:name",
  "span:kind",
  "span:status",
]);

/**
 * The condition that an expression means; undefined when none says it. A root is a span without a parent, where no two
 * spans of a trace have one id.
 */
export function exactSpanCondition(expression: FieldExpression): SpanCondition | undefined {
  switch (expression.node) {
    case "literal":
      return expression.value.type === "boolean" && expression.value.value ? ALWAYS : NEVER;
    case "attribute":
      return isOneValued(expression.scope) ? spanConditionOf(expression) : undefined;
    case "intrinsic":
    case "unary":
      return undefined;
    case "binary":
      return ofBinary(expression);
  }
}

function ofBinary(expression: BinaryExpression): SpanCondition | undefined {
  const { operator, left, right } = expression;
  if (operator !== "&&" && operator !== "||") {
    const comparison = fieldComparison(expression);
    return comparison === undefined ? undefined : ofComparison(expression, comparison);
  }
  const ofLeft = exactSpanCondition(left);
  const ofRight = exactSpanCondition(right);
  if (ofLeft === undefined || ofRight === undefined) return undefined;
  return operator === "&&" ? allOf(ofLeft, ofRight) : anyOf(ofLeft, ofRight);
}

function ofComparison(expression: FieldExpression, comparison: FieldComparison): SpanCondition | undefined {
  const { field, operator } = comparison;
  if (isOfRoots(comparison)) return { node: "root" };
  if (operator === "=~" || operator === "!~") return undefined;
  if (field.node === "attribute") return ofAttribute(expression, field, comparison);
  if (operator === "!=") return otherWord(comparison);
  const isOrder = operator !== "=";
  if (!EXACT_INTRINSICS.has(field.name) || (isOrder && field.name !== "span:duration")) return undefined;
  const condition = spanConditionOf(expression);
  // Nothing is said of numbers that are none.
  return isAlways(condition) ? undefined : condition;
}

function ofAttribute(
  expression: FieldExpression,
  { scope, key }: AttributeField,
  { operator, literal }: FieldComparison,
): SpanCondition | undefined {
  if (!isOneValued(scope)) return undefined;
  if (literal.value.type === "nil") {
    if (operator !== "!=") return undefined;
    return key === "service.name" && scope === "resource" ? ALWAYS : { node: "attributeExists", scope, key };
  }
  // An order among services would be asked of a column that the condition does not name.
  const isAsked = operator === "=" || (operator !== "!=" && key !== "service.name");
  return isAsked ? spanConditionOf(expression) : undefined;
}

/** An array of a span has several values too, but its key is then known to have some outside columns. */
function isOneValued(scope: string): boolean {
  return scope === "any" || scope === "span" || scope === "resource";
}

function otherWord({ field, literal: { value } }: FieldComparison): SpanCondition | undefined {
  if (field.node !== "intrinsic") return undefined;
  if (field.name === "span:status" && value.type === "status") {
    const others = STATUSES.filter((word) => word !== value.value);
    return anyOf(...others.map((equals) => ({ node: "status", equals }) as const));
  }
  if (field.name === "span:kind" && value.type === "kind") {
    const others = KINDS.filter((word) => word !== value.value);
    return anyOf(...others.map((equals) => ({ node: "kind", equals }) as const));
  }
  return undefined;
}
