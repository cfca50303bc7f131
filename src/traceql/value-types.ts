/** What is known before run time about the types of a query's parts. */

import type { FieldExpression, FilterValue, Intrinsic } from "../filter/query-model.ts";

/** A type of values that compare with each other; `unknown` is an attribute's, which each span decides anew. */
export type ValueType = "string" | "number" | "boolean" | "status" | "kind" | "nil" | "unknown";

/** How a message calls each type. */
export const TYPE_NAMES: Readonly<Record<ValueType, string>> = {
  string: "a text",
  number: "a number or duration",
  boolean: "true or false",
  status: "a status",
  kind: "a kind",
  nil: "`nil`",
  unknown: "an attribute",
};

const NUMBER_INTRINSICS: ReadonlySet<Intrinsic> = new Set<Intrinsic>([
  "trace:duration",
  "span:duration",
  "span:childCount",
  "span:nestedSetLeft",
  "span:nestedSetRight",
  "span:nestedSetParent",
  "span:selfTime",
  "span:criticalPath",
  "event:timeSinceStart",
]);

/** The type of an intrinsic. */
export function intrinsicType(name: Intrinsic): ValueType {
  if (name === "span:status") return "status";
  if (name === "span:kind") return "kind";
  return NUMBER_INTRINSICS.has(name) ? "number" : "string";
}

/** The type of a value. */
export function typeOfValue(value: FilterValue): ValueType {
  switch (value.type) {
    case "int":
    case "float":
    case "duration":
      return "number";
    default:
      return value.type;
  }
}

/** The type that an expression has when all is right with its parts. */
export function typeOfExpression(expression: FieldExpression): ValueType {
  switch (expression.node) {
    case "literal":
      return typeOfValue(expression.value);
    case "attribute":
      return "unknown";
    case "intrinsic":
      return intrinsicType(expression.name);
    case "unary":
      return expression.operator === "-" ? "number" : "boolean";
    default:
      return isArithmetic(expression.operator) ? "number" : "boolean";
  }
}

/** Whether an operator gives a number. */
export function isArithmetic(operator: string): boolean {
  return operator.length === 1 && "+-*/%^".includes(operator);
}

/** Whether an expression asks anything of a span. */
export function mentionsSpan(expression: FieldExpression): boolean {
  switch (expression.node) {
    case "literal":
      return false;
    case "unary":
      return mentionsSpan(expression.operand);
    case "binary":
      return mentionsSpan(expression.left) || mentionsSpan(expression.right);
    default:
      return true;
  }
}
