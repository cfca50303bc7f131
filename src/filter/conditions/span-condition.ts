/** What must hold on a span for an expression to be true of it. */

import { plainChoices } from "../evaluator/text-pattern.ts";
import type { FieldComparison } from "../field-comparison.ts";
import { fieldComparison } from "../field-comparison.ts";
import type {
  AttributeField,
  BinaryExpression,
  ComparisonOperator,
  Field,
  FieldExpression,
  FilterValue,
  IntrinsicField,
} from "../query-model.ts";
import type { DurationBounds, OrderOperator, SpanCondition } from "./condition.ts";
import { ALWAYS, allOf, anyOf, NEVER } from "./condition.ts";

/** The necessary condition of an expression: where that is true, this is; where nothing can be said, it is always. */
export function spanConditionOf(expression: FieldExpression): SpanCondition {
  switch (expression.node) {
    case "literal":
      return expression.value.type === "boolean" && expression.value.value ? ALWAYS : NEVER;
    case "attribute":
      return equalTo(expression, { type: "boolean", value: true });
    case "intrinsic":
    case "unary":
      return ALWAYS;
    case "binary":
      return ofBinary(expression);
  }
}

function ofBinary(expression: BinaryExpression): SpanCondition {
  const { operator, left, right } = expression;
  if (operator === "&&") return allOf(spanConditionOf(left), spanConditionOf(right));
  if (operator === "||") return anyOf(spanConditionOf(left), spanConditionOf(right));
  const comparison = fieldComparison(expression);
  return comparison === undefined ? ALWAYS : ofComparison(comparison);
}

function ofComparison(comparison: FieldComparison): SpanCondition {
  const { field, operator } = comparison;
  const { value } = comparison.literal;
  if (isOfRoots(comparison)) return { node: "root" };
  if (operator === "=~") return ofPattern(field, value);
  if (field.node === "intrinsic" && isDuration(field)) {
    const bounds = boundsOf(operator, value);
    return bounds === undefined ? ALWAYS : { node: DURATIONS[field.name], ...bounds };
  }
  if (operator === "=") return value.type === "nil" ? ALWAYS : equalTo(field, value);
  // What is not there is neither unequal nor in any order.
  if (operator === "!=" || operator === "!~") return existing(field);
  return ordered(field, operator, value);
}

/** True for the ways to ask for spans that lie below none. */
export function isOfRoots({ field, operator, literal: { value } }: FieldComparison): boolean {
  if (field.node !== "intrinsic" || field.name !== "span:nestedSetParent" || value.type !== "int")
    return false;
  if (operator === "<") return value.value === 0n;
  return (operator === "=" || operator === "<=") && value.value === -1n;
}

/** Truth values, statuses and kinds have no order. */
function ordered(field: Field, operator: OrderOperator, value: FilterValue): SpanCondition {
  switch (value.type) {
    case "nil":
    case "status":
    case "kind":
    case "boolean":
      return NEVER;
    default:
      break;
  }
  if (field.node === "intrinsic" || field.key === "service.name") return existing(field);
  return { node: "attributeOrder", scope: field.scope, key: field.key, operator, than: value };
}

function ofPattern(field: Field, value: FilterValue): SpanCondition {
  const choices = value.type === "string" ? plainChoices(value.value) : undefined;
  if (choices === undefined) return existing(field);
  return anyOf(...choices.map((choice) => equalTo(field, { type: "string", value: choice })));
}

function existing(field: Field): SpanCondition {
  if (field.node === "intrinsic" || field.key === "service.name") return ALWAYS;
  return { node: "attributeExists", scope: field.scope, key: field.key };
}

function equalTo(field: Field, value: FilterValue): SpanCondition {
  return field.node === "attribute" ? attributeEqualTo(field, value) : intrinsicEqualTo(field, value);
}

function attributeEqualTo({ scope, key }: AttributeField, value: FilterValue): SpanCondition {
  switch (value.type) {
    case "nil":
      return ALWAYS;
    case "status":
    case "kind":
      return NEVER;
    default:
      break;
  }
  if (scope !== "resource" || key !== "service.name") return { node: "attribute", scope, key, equals: value };
  return value.type === "string" ? { node: "service", equals: value.value } : NEVER;
}

function intrinsicEqualTo({ name }: IntrinsicField, value: FilterValue): SpanCondition {
  switch (name) {
    case "span:status":
      return value.type === "status" ? { node: "status", equals: value.value } : NEVER;
    case "span:kind":
      return value.type === "kind" ? { node: "kind", equals: value.value } : NEVER;
    case "span:name":
      return textLeaf("name", value);
    case "trace:id":
      return textLeaf("traceId", value);
    case "trace:rootName":
      return textLeaf("rootName", value);
    case "trace:rootService":
      return textLeaf("rootService", value);
    default:
      return ALWAYS;
  }
}

function textLeaf(node: "name" | "traceId" | "rootName" | "rootService", value: FilterValue): SpanCondition {
  return value.type === "string" ? { node, equals: value.value } : NEVER;
}

const DURATIONS = Object.freeze({ "span:duration": "duration", "trace:duration": "traceDuration" } as const);

function isDuration(
  field: IntrinsicField,
): field is IntrinsicField & { readonly name: keyof typeof DURATIONS } {
  return Object.hasOwn(DURATIONS, field.name);
}

/** Whole nanoseconds that a comparison leaves; undefined: any. */
function boundsOf(operator: ComparisonOperator, value: FilterValue): DurationBounds | undefined {
  const nanos = nanosOf(value);
  if (nanos === undefined) return undefined;
  const least = wholeFrom(nanos, Math.ceil);
  const most = wholeFrom(nanos, Math.floor);
  switch (operator) {
    case "=":
      return { minNanos: least, maxNanos: most };
    case ">":
      return { minNanos: most + 1n };
    case ">=":
      return { minNanos: least };
    case "<":
      return { maxNanos: least - 1n };
    case "<=":
      return { maxNanos: most };
    default:
      return undefined;
  }
}

function nanosOf(value: FilterValue): bigint | number | undefined {
  switch (value.type) {
    case "duration":
      return value.nanos;
    case "int":
      return value.value;
    case "float":
      return Number.isFinite(value.value) ? value.value : undefined;
    default:
      return undefined;
  }
}

function wholeFrom(nanos: bigint | number, round: (value: number) => number): bigint {
  return typeof nanos === "bigint" ? nanos : BigInt(round(nanos));
}
