/** Parts of a query outside of braces, and what an operator makes of two of them. */

import type {
  ArithmeticOperator,
  LogicalOperator,
  MetricsExpression,
  MetricsMath,
  PipelineStage,
  ScalarExpression,
  ScalarFilter,
  SeriesStage,
  SourceRange,
  SpansetExpression,
  SpansetRelation,
} from "../filter/query-model.ts";
import { foldNumber, thresholdOf } from "./constants.ts";
import type { Cursor } from "./cursor.ts";

/** Whatever can stand in parentheses outside of braces. */
export type Part = PipelineStage | ScalarExpression | MetricsExpression;

const RELATION_SIGNS = [
  ["child", ">"],
  ["parent", "<"],
  ["descendant", ">>"],
  ["ancestor", "<<"],
  ["sibling", "~"],
] as const;

type RelationForm = Pick<SpansetRelation, "relation" | "form">;

/** The relation and form of each structural operator. */
export const RELATIONS: ReadonlyMap<string, RelationForm> = new Map(
  RELATION_SIGNS.flatMap(([relation, sign]): (readonly [string, RelationForm])[] => [
    [sign, { relation, form: "plain" }],
    [`!${sign}`, { relation, form: "not" }],
    [`&${sign}`, { relation, form: "union" }],
  ]),
);

/** Operators that compare numbers. */
export const COMPARISONS: ReadonlySet<string> = new Set(["=", "!=", "<", "<=", ">", ">="]);

/** How tightly operators outside of braces bind; `^` alone groups to the right. */
export const OPERATOR_PRECEDENCE: ReadonlyMap<string, number> = new Map([
  ...["&&", "||"].map((text) => [text, 1] as const),
  ...[...COMPARISONS, ...RELATIONS.keys()].map((text) => [text, 2] as const),
  ...["+", "-"].map((text) => [text, 3] as const),
  ...["*", "/", "%"].map((text) => [text, 4] as const),
  ["^", 5],
]);

/** Two parts and what stands between them. */
export interface Operation extends SourceRange {
  readonly operator: string;
  readonly operatorStart: number;
  readonly left: Part;
  readonly right: Part;
}

/** Whether a part gives series. */
export function isMetrics(part: Part): part is MetricsExpression {
  return part.node === "metrics" || part.node === "metricsMath" || part.node === "number";
}

/** Whether a part is a number made of spans, or one that is written out. */
export function isScalar(part: Part): part is ScalarExpression {
  return part.node === "literal" || part.node === "aggregate" || part.node === "scalarBinary";
}

/** What an operator makes of two parts; throws when it makes nothing of them. */
export function combine(cursor: Cursor, operation: Operation): Part {
  const { left, right } = operation;
  if (isMetrics(left) || isMetrics(right)) return combineSeries(cursor, operation);
  if (isScalar(left)) {
    return isScalar(right) ? combineScalars(cursor, operation, left, right) : refuse(cursor, operation);
  }
  return isScalar(right) ? refuse(cursor, operation) : combineSpansets(cursor, operation, left, right);
}

function refuse(cursor: Cursor, operation: Operation): never {
  const { operatorStart: start, operator, left, right } = operation;
  const kindOf = (part: Part): string => (isMetrics(part) ? "series" : isScalar(part) ? "a number" : "spans");
  const sides = `${kindOf(left)} and ${kindOf(right)}`;
  const advice = isMetrics(left) === isMetrics(right) && isScalar(left) !== isScalar(right);
  return cursor.failAt(
    { start, end: start + operator.length },
    `an operator that goes between ${sides}`,
    advice ? "an aggregate is compared in a stage of its own: `{ ... } | count() > 2`" : undefined,
  );
}

/** A stage that stood in parentheses is a pipeline beside an operator. */
function asSpanset(part: PipelineStage): SpansetExpression {
  switch (part.node) {
    case "filter":
    case "combination":
    case "relation":
    case "pipeline":
      return part;
    default:
      return { node: "pipeline", stages: [part], start: part.start, end: part.end };
  }
}

function combineSpansets(
  cursor: Cursor,
  operation: Operation,
  left: PipelineStage,
  right: PipelineStage,
): Part {
  const { operator, start, end } = operation;
  const sides = { left: asSpanset(left), right: asSpanset(right), start, end };
  if (operator === "&&" || operator === "||") {
    return { node: "combination", operator: operator satisfies LogicalOperator, ...sides };
  }
  const relation = RELATIONS.get(operator);
  return relation === undefined ? refuse(cursor, operation) : { node: "relation", ...relation, ...sides };
}

function combineScalars(
  cursor: Cursor,
  operation: Operation,
  left: ScalarExpression,
  right: ScalarExpression,
): Part {
  const { operator, start, end } = operation;
  if (COMPARISONS.has(operator)) {
    return { node: "scalarFilter", operator: operator as ScalarFilter["operator"], left, right, start, end };
  }
  const precedence = OPERATOR_PRECEDENCE.get(operator) as number;
  if (precedence < 3) return refuse(cursor, operation);
  return { node: "scalarBinary", operator: operator as ArithmeticOperator, left, right, start, end };
}

/** A side of arithmetic over series; a number is worked out at once. */
function asSeries(cursor: Cursor, part: Part): MetricsExpression | undefined {
  if (isMetrics(part)) return part;
  if (!isScalar(part)) return undefined;
  return { node: "number", value: foldNumber(cursor, part), start: part.start, end: part.end };
}

function combineSeries(cursor: Cursor, operation: Operation): Part {
  const { operator, left, right, start, end } = operation;
  if (left.node === "metrics" && isScalar(right) && COMPARISONS.has(operator)) {
    const threshold: SeriesStage = {
      node: "threshold",
      operator: operator as ScalarFilter["operator"],
      value: thresholdOf(cursor, right),
      start: operation.operatorStart,
      end,
    };
    return { ...left, series: [...left.series, threshold], start, end };
  }
  if (operator !== "+" && operator !== "-" && operator !== "*" && operator !== "/") {
    return refuse(cursor, operation);
  }
  const leftSeries = asSeries(cursor, left);
  const rightSeries = asSeries(cursor, right);
  if (leftSeries === undefined || rightSeries === undefined) return refuse(cursor, operation);
  const sides = { left: leftSeries, right: rightSeries };
  return { node: "metricsMath", operator: operator satisfies MetricsMath["operator"], ...sides, start, end };
}
