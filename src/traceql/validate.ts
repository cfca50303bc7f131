/** Checks of a whole query: what can be known to be wrong before it meets a span. */

import type {
  Aggregate,
  MetricsAggregate,
  MetricsComparison,
  MetricsExpression,
  MetricsPipeline,
  OrderStage,
  Pipeline,
  PipelineStage,
  Query,
  ScalarExpression,
  ScalarFilter,
  SpansetCombination,
  SpansetExpression,
  SpansetFilter,
  SpansetRelation,
} from "../filter/query-model.ts";
import type { CheckedText } from "./check-field.ts";
import { checkExpression, refusePart, requireType } from "./check-field.ts";
import {
  MAX_COMPARE_VALUES,
  MAX_GROUP_FIELDS,
  MAX_SELECTED_FIELDS,
  MAX_SPANSET_OPERATORS,
  MAX_STAGES,
} from "./limits.ts";
import { mentionsSpan } from "./value-types.ts";

/** Throws a TraceQlError about the first part of a query that cannot be right. */
export function validateQuery(text: string, query: Query): void {
  const { expression } = query;
  const checked: CheckedText = { text, patternSteps: 0, spansetOperators: 0, stages: 0, operands: 0 };
  if (expression.node === "pipeline") checkPipeline(checked, expression);
  else checkMetrics(checked, expression);
}

function checkPipeline(checked: CheckedText, pipeline: Pipeline): void {
  const first = pipeline.stages[0];
  if (first?.node === "coalesce") refusePart(checked, first, "a stage before `coalesce()`");
  for (const stage of pipeline.stages) checkStage(checked, stage);
}

function checkStage(checked: CheckedText, stage: PipelineStage): void {
  checked.stages++;
  if (checked.stages > MAX_STAGES) refusePart(checked, stage, `at most ${MAX_STAGES} stages in a query`);
  switch (stage.node) {
    case "coalesce":
      return;
    case "select":
      if (stage.fields.length > MAX_SELECTED_FIELDS)
        refusePart(checked, stage, `at most ${MAX_SELECTED_FIELDS} fields`);
      return;
    case "by":
      checkExpression(checked, stage.field);
      if (!mentionsSpan(stage.field)) refusePart(checked, stage.field, "a field to group by");
      return;
    case "scalarFilter":
      checkScalarFilter(checked, stage);
      return;
    case "orderBy":
      checkOrder(checked, stage);
      return;
    default:
      checkSpanset(checked, stage);
  }
}

function checkSpanset(checked: CheckedText, spanset: SpansetExpression): void {
  switch (spanset.node) {
    case "filter":
      checkFilter(checked, spanset);
      return;
    case "pipeline":
      checkPipeline(checked, spanset);
      return;
    default:
      checkOperands(checked, spanset);
  }
}

function checkOperands(checked: CheckedText, operation: SpansetCombination | SpansetRelation): void {
  checked.spansetOperators++;
  if (checked.spansetOperators > MAX_SPANSET_OPERATORS)
    refusePart(checked, operation, `at most ${MAX_SPANSET_OPERATORS} operators between spansets`);
  checked.operands++;
  checkSpanset(checked, operation.left);
  checkSpanset(checked, operation.right);
  checked.operands--;
}

function checkFilter(checked: CheckedText, filter: SpansetFilter): void {
  if (filter.condition === undefined) return;
  checkExpression(checked, filter.condition);
  requireType(checked, filter.condition, "boolean", "a condition that is true or false");
}

function checkOrder(checked: CheckedText, stage: OrderStage): void {
  // Traces have one order, whatever their parts have.
  if (checked.operands > 0) refusePart(checked, stage, "`orderBy` behind all operators between spansets");
  if (stage.key.node === "aggregate") checkAggregate(checked, stage.key);
}

function checkAggregate(checked: CheckedText, aggregate: Aggregate): void {
  const { field } = aggregate;
  if (field === undefined) return;
  checkExpression(checked, field);
  requireType(checked, field, "number", `a number or duration for \`${aggregate.function}\``);
  if (!mentionsSpan(field)) refusePart(checked, field, `a field of the span for \`${aggregate.function}\``);
}

/** Checks both sides and says whether either asks anything of spans. */
function checkScalar(checked: CheckedText, scalar: ScalarExpression): boolean {
  switch (scalar.node) {
    case "literal":
      return false;
    case "aggregate":
      checkAggregate(checked, scalar);
      return true;
    default: {
      const left = checkScalar(checked, scalar.left);
      return checkScalar(checked, scalar.right) || left;
    }
  }
}

function checkScalarFilter(checked: CheckedText, filter: ScalarFilter): void {
  const left = checkScalar(checked, filter.left);
  const right = checkScalar(checked, filter.right);
  if (!left && !right)
    refusePart(checked, filter, "an aggregate such as `count()` in a comparison of numbers");
}

function checkMetrics(checked: CheckedText, metrics: MetricsExpression): void {
  switch (metrics.node) {
    case "number":
      return;
    case "metrics":
      checkMetricsPipeline(checked, metrics);
      return;
    default:
      checkMetrics(checked, metrics.left);
      checkMetrics(checked, metrics.right);
  }
}

function checkMetricsPipeline(checked: CheckedText, pipeline: MetricsPipeline): void {
  checkPipeline(checked, pipeline.spans);
  const { metrics, series } = pipeline;
  if (metrics.node === "compare") {
    checkComparison(checked, metrics);
    const after = series[0];
    if (after !== undefined) refusePart(checked, after, "nothing behind `compare`");
    return;
  }
  checkFunction(checked, metrics);
  for (const stage of series) {
    if (stage.node !== "threshold" && stage.count < 1) {
      refusePart(checked, stage, `a whole number, 1 or more, for \`${stage.node}\``);
    }
  }
}

function checkFunction(checked: CheckedText, metrics: MetricsAggregate): void {
  const { field, by } = metrics;
  if (field !== undefined)
    requireType(checked, field, "number", `a number or duration for \`${metrics.function}\``);
  const tooMany = by[MAX_GROUP_FIELDS];
  if (tooMany !== undefined) refusePart(checked, tooMany, `at most ${MAX_GROUP_FIELDS} fields in \`by\``);
}

function checkComparison(checked: CheckedText, comparison: MetricsComparison): void {
  checkFilter(checked, comparison.selection);
  const { topN, range } = comparison;
  if (topN < 1 || topN > MAX_COMPARE_VALUES) {
    refusePart(checked, comparison, `1 to ${MAX_COMPARE_VALUES} values for \`compare\``);
  }
  if (range !== undefined && range.startUnixNano >= range.endUnixNano) {
    refusePart(checked, comparison, "a start before the end for `compare`");
  }
}
