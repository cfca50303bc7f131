/** Functions over time of a query: which there are, and what becomes of their series. */

import type { Steps } from "../../base/time-slice.ts";
import type { MetricsExpression, MetricsPipeline } from "../query-model.ts";
import type { Series } from "./series.ts";
import type { SeriesGrid } from "./series-grid.ts";
import { intervalOf } from "./series-grid.ts";
import type { Operand } from "./series-math.ts";
import { calculateSeries } from "./series-math.ts";
import { runSeriesStages } from "./series-stages.ts";

/** Every function over time of an expression, in the order of the text. */
export function metricsPipelinesOf(expression: MetricsExpression): readonly MetricsPipeline[] {
  switch (expression.node) {
    case "number":
      return [];
    case "metrics":
      return [expression];
    case "metricsMath":
      return [...metricsPipelinesOf(expression.left), ...metricsPipelinesOf(expression.right)];
  }
}

/**
 * The series of an expression, from those of its functions: stages and arithmetic.
 *
 * @param seriesOf - what a function gives, before its stages
 */
export function* seriesOfExpression(
  expression: MetricsExpression,
  grid: SeriesGrid,
  seriesOf: (pipeline: MetricsPipeline) => Steps<readonly Series[]>,
): Steps<readonly Series[]> {
  const operand = yield* operandOf(expression, grid, seriesOf);
  return typeof operand === "number" ? [] : operand;
}

function* operandOf(
  expression: MetricsExpression,
  grid: SeriesGrid,
  seriesOf: (pipeline: MetricsPipeline) => Steps<readonly Series[]>,
): Steps<Operand> {
  switch (expression.node) {
    case "number":
      return expression.value;
    case "metrics": {
      const series = yield* seriesOf(expression);
      return yield* runSeriesStages(series, expression.series, (time) => intervalOf(grid, time));
    }
    case "metricsMath": {
      const left = yield* operandOf(expression.left, grid, seriesOf);
      const right = yield* operandOf(expression.right, grid, seriesOf);
      return yield* calculateSeries(expression.operator, left, right);
    }
  }
}
