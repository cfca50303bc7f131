/** Builds queries of the filter model for tests, without a language. */

import type {
  Aggregate,
  ArithmeticOperator,
  AttributeField,
  AttributeScope,
  BinaryExpression,
  FieldExpression,
  FilterValue,
  GroupStage,
  Intrinsic,
  IntrinsicField,
  KindValue,
  Literal,
  LogicalOperator,
  OrderStage,
  Pipeline,
  PipelineStage,
  ScalarBinary,
  ScalarExpression,
  ScalarFilter,
  SelectStage,
  SpansetCombination,
  SpansetExpression,
  SpansetFilter,
  SpansetRelation,
  StatusValue,
  UnaryExpression,
} from "../../src/filter/query-model.ts";

const NOWHERE = { start: 0, end: 0 };

/** What stands for a literal here: a text, a float, an int, a truth value, or a value of the model. */
export type LiteralSketch = string | number | bigint | boolean | FilterValue;

export const NIL: FilterValue = { type: "nil" };

/** A duration in nanoseconds. */
export function nanos(count: bigint): FilterValue {
  return { type: "duration", nanos: count };
}

/** A duration in milliseconds. */
export function millis(count: number): FilterValue {
  return { type: "duration", nanos: BigInt(Math.round(count * 1e6)) };
}

export function status(value: StatusValue["value"]): FilterValue {
  return { type: "status", value };
}

export function kind(value: KindValue["value"]): FilterValue {
  return { type: "kind", value };
}

export function literal(sketch: LiteralSketch): Literal {
  return { ...NOWHERE, node: "literal", value: filterValueOf(sketch) };
}

function filterValueOf(sketch: LiteralSketch): FilterValue {
  switch (typeof sketch) {
    case "string":
      return { type: "string", value: sketch };
    case "number":
      return { type: "float", value: sketch };
    case "bigint":
      return { type: "int", value: sketch };
    case "boolean":
      return { type: "boolean", value: sketch };
    default:
      return sketch;
  }
}

export function attribute(scope: AttributeScope, key: string): AttributeField {
  return { ...NOWHERE, node: "attribute", scope, key };
}

export function intrinsic(name: Intrinsic): IntrinsicField {
  return { ...NOWHERE, node: "intrinsic", name };
}

/** An expression; what is no node is a literal. */
export type ExpressionSketch = FieldExpression | LiteralSketch;

function expressionOf(sketch: ExpressionSketch): FieldExpression {
  return typeof sketch === "object" && "node" in sketch ? sketch : literal(sketch);
}

export function binary(
  left: ExpressionSketch,
  operator: BinaryExpression["operator"],
  right: ExpressionSketch,
): BinaryExpression {
  return { ...NOWHERE, node: "binary", operator, left: expressionOf(left), right: expressionOf(right) };
}

export function unary(operator: UnaryExpression["operator"], operand: ExpressionSketch): UnaryExpression {
  return { ...NOWHERE, node: "unary", operator, operand: expressionOf(operand) };
}

/** All spans without a condition. */
export function filter(condition?: FieldExpression): SpansetFilter {
  return condition === undefined ? { ...NOWHERE, node: "filter" } : { ...NOWHERE, node: "filter", condition };
}

/** Spans with this name. */
export function named(name: string): SpansetFilter {
  return filter(binary(intrinsic("span:name"), "=", name));
}

export function combination(
  left: SpansetExpression,
  operator: LogicalOperator,
  right: SpansetExpression,
): SpansetCombination {
  return { ...NOWHERE, node: "combination", operator, left, right };
}

const RELATIONS = {
  ">": "child",
  "<": "parent",
  ">>": "descendant",
  "<<": "ancestor",
  "~": "sibling",
} as const;

/** A relation by its sign, with `!` or `&` before it for the other forms. */
export function relation(
  left: SpansetExpression,
  sign: `${"" | "!" | "&"}${keyof typeof RELATIONS}`,
  right: SpansetExpression,
): SpansetRelation {
  const form = sign.startsWith("!") ? "not" : sign.startsWith("&") ? "union" : "plain";
  const plain = sign.replace(/^[!&]/, "") as keyof typeof RELATIONS;
  return { ...NOWHERE, node: "relation", relation: RELATIONS[plain], form, left, right };
}

export function pipeline(...stages: readonly PipelineStage[]): Pipeline {
  return { ...NOWHERE, node: "pipeline", stages };
}

export function by(field: FieldExpression): GroupStage {
  return { ...NOWHERE, node: "by", field };
}

export const COALESCE: PipelineStage = { ...NOWHERE, node: "coalesce" };

export function select(...fields: SelectStage["fields"]): SelectStage {
  return { ...NOWHERE, node: "select", fields };
}

export function orderBy(key: OrderStage["key"], direction: OrderStage["direction"]): OrderStage {
  return { ...NOWHERE, node: "orderBy", key, direction };
}

export function aggregate(name: Aggregate["function"], field?: FieldExpression): Aggregate {
  return field === undefined
    ? { ...NOWHERE, node: "aggregate", function: name }
    : { ...NOWHERE, node: "aggregate", function: name, field };
}

type ScalarSketch = ScalarExpression | LiteralSketch;

function scalarOf(sketch: ScalarSketch): ScalarExpression {
  return typeof sketch === "object" && "node" in sketch ? sketch : literal(sketch);
}

export function scalar(left: ScalarSketch, operator: ArithmeticOperator, right: ScalarSketch): ScalarBinary {
  return { ...NOWHERE, node: "scalarBinary", operator, left: scalarOf(left), right: scalarOf(right) };
}

export function scalarFilter(
  left: ScalarSketch,
  operator: ScalarFilter["operator"],
  right: ScalarSketch,
): ScalarFilter {
  return { ...NOWHERE, node: "scalarFilter", operator, left: scalarOf(left), right: scalarOf(right) };
}
