import type {
  Aggregate,
  FieldExpression,
  Hint,
  MetricsAggregate,
  MetricsComparison,
  MetricsExpression,
  MetricsPipeline,
  Pipeline,
  PipelineStage,
  Query,
  ScalarExpression,
  SeriesStage,
  SpansetExpression,
  SpansetFilter,
  SpansetRelation,
} from "../filter/query-model.ts";
import { DEFAULT_COMPARE_VALUES } from "./limits.ts";
import { OPERATOR_PRECEDENCE, RELATIONS } from "./parts.ts";
import { fieldText, numberText, valueText } from "./print-value.ts";
import { FIELD_PRECEDENCE, POWER_PRECEDENCE, SIGN_OPERAND_PRECEDENCE } from "./words.ts";

const RELATION_SIGNS: ReadonlyMap<string, string> = new Map(
  [...RELATIONS].map(([sign, { relation, form }]) => [`${form} ${relation}`, sign]),
);

/**
 * A query in its one canonical form: reading it again gives the same query. Older names of intrinsics become the
 * scoped ones, and parentheses stand only where they are needed.
 */
export function printQuery(query: Query): string {
  const { expression, hints } = query;
  const text = expression.node === "pipeline" ? pipelineText(expression) : metricsText(expression, 0);
  return hints.length === 0 ? text : `${text} with(${hints.map(hintText).join(", ")})`;
}

function hintText(hint: Hint): string {
  return `${hint.name} = ${valueText(hint.value)}`;
}

function wrapped(text: string, wrap: boolean): string {
  return wrap ? `(${text})` : text;
}

/** Precedences for the sides of an operator. */
function sides(precedence: number): { left: number; right: number } {
  return precedence === POWER_PRECEDENCE
    ? { left: precedence + 1, right: precedence }
    : { left: precedence, right: precedence + 1 };
}

/** An expression over one span, in parentheses when its operator binds less than `least`. */
export function expressionText(expression: FieldExpression, least = 0): string {
  switch (expression.node) {
    case "literal": {
      const text = valueText(expression.value);
      return wrapped(text, text.startsWith("-") && least >= SIGN_OPERAND_PRECEDENCE);
    }
    case "attribute":
    case "intrinsic":
      return fieldText(expression);
    case "unary": {
      const operand = expressionText(expression.operand, SIGN_OPERAND_PRECEDENCE);
      return wrapped(`${expression.operator}${operand}`, least >= SIGN_OPERAND_PRECEDENCE);
    }
    default: {
      const precedence = FIELD_PRECEDENCE.get(expression.operator) as number;
      const { left, right } = sides(precedence);
      const text = `${expressionText(expression.left, left)} ${expression.operator} ${expressionText(expression.right, right)}`;
      return wrapped(text, precedence < least);
    }
  }
}

function filterText(filter: SpansetFilter): string {
  return filter.condition === undefined ? "{ }" : `{ ${expressionText(filter.condition)} }`;
}

function relationSign(relation: SpansetRelation): string {
  return RELATION_SIGNS.get(`${relation.form} ${relation.relation}`) as string;
}

function spansetText(spanset: SpansetExpression, least: number): string {
  if (spanset.node === "filter") return filterText(spanset);
  if (spanset.node === "pipeline") return `(${pipelineText(spanset)})`;
  const sign = spanset.node === "relation" ? relationSign(spanset) : spanset.operator;
  const precedence = OPERATOR_PRECEDENCE.get(sign) as number;
  const { left, right } = sides(precedence);
  const text = `${spansetText(spanset.left, left)} ${sign} ${spansetText(spanset.right, right)}`;
  return wrapped(text, precedence < least);
}

function aggregateText(aggregate: Aggregate): string {
  return `${aggregate.function}(${aggregate.field === undefined ? "" : expressionText(aggregate.field)})`;
}

function scalarText(scalar: ScalarExpression, least: number): string {
  if (scalar.node === "literal") return valueText(scalar.value);
  if (scalar.node === "aggregate") return aggregateText(scalar);
  const precedence = OPERATOR_PRECEDENCE.get(scalar.operator) as number;
  const { left, right } = sides(precedence);
  const text = `${scalarText(scalar.left, left)} ${scalar.operator} ${scalarText(scalar.right, right)}`;
  return wrapped(text, precedence < least);
}

function stageText(stage: PipelineStage): string {
  switch (stage.node) {
    case "scalarFilter": {
      const { left, right } = sides(OPERATOR_PRECEDENCE.get(stage.operator) as number);
      return `${scalarText(stage.left, left)} ${stage.operator} ${scalarText(stage.right, right)}`;
    }
    case "by":
      return `by(${expressionText(stage.field)})`;
    case "coalesce":
      return "coalesce()";
    case "select":
      return `select(${stage.fields.map(fieldText).join(", ")})`;
    case "orderBy": {
      const key = stage.key.node === "aggregate" ? aggregateText(stage.key) : fieldText(stage.key);
      return `orderBy(${key}, ${stage.direction})`;
    }
    default:
      return spansetText(stage, 0);
  }
}

function pipelineText(pipeline: Pipeline): string {
  return pipeline.stages.map(stageText).join(" | ");
}

function functionText(metrics: MetricsAggregate): string {
  const parts = [
    ...(metrics.field === undefined ? [] : [fieldText(metrics.field)]),
    ...(metrics.quantiles ?? []).map(numberText),
  ];
  const by = metrics.by.length === 0 ? "" : ` by(${metrics.by.map(fieldText).join(", ")})`;
  return `${metrics.function}(${parts.join(", ")})${by}`;
}

function comparisonText(metrics: MetricsComparison): string {
  const { selection, topN, range } = metrics;
  const top = topN === DEFAULT_COMPARE_VALUES && range === undefined ? "" : `, ${topN}`;
  const moments = range === undefined ? "" : `, ${range.startUnixNano}, ${range.endUnixNano}`;
  return `compare(${filterText(selection)}${top}${moments})`;
}

function seriesText(stage: SeriesStage): string {
  return stage.node === "threshold"
    ? ` ${stage.operator} ${numberText(stage.value)}`
    : ` | ${stage.node}(${stage.count})`;
}

function metricsPipelineText(metrics: MetricsPipeline): string {
  const call =
    metrics.metrics.node === "compare" ? comparisonText(metrics.metrics) : functionText(metrics.metrics);
  return `${pipelineText(metrics.spans)} | ${call}${metrics.series.map(seriesText).join("")}`;
}

/** Functions over time stand in parentheses beside an operator; `least` is 0 when they stand alone. */
function metricsText(metrics: MetricsExpression, least: number): string {
  if (metrics.node === "number") return numberText(metrics.value);
  if (metrics.node === "metrics") return wrapped(metricsPipelineText(metrics), least > 0);
  const precedence = OPERATOR_PRECEDENCE.get(metrics.operator) as number;
  const { left, right } = sides(precedence);
  const text = `${metricsText(metrics.left, left)} ${metrics.operator} ${metricsText(metrics.right, right)}`;
  return wrapped(text, precedence < least);
}
