/** Runs functions over time over traces that a test makes, and writes their series so that they can be read. */

import { atOnce } from "../../src/base/time-slice.ts";
import { spanTraceView } from "../../src/filter/evaluator/span-trace-view.ts";
import type { Value } from "../../src/filter/evaluator/values.ts";
import type { MetricsExpression } from "../../src/filter/query-model.ts";
import { metricsPipelinesOf, seriesOfExpression } from "../../src/filter/series/metrics-expression.ts";
import type { Series } from "../../src/filter/series/series.ts";
import type { SeriesGrid } from "../../src/filter/series/series-grid.ts";
import { rangeGrid } from "../../src/filter/series/series-grid.ts";
import type { SeriesLabel } from "../../src/filter/series/series-labels.ts";
import { compileTraceSeries } from "../../src/filter/series/trace-series.ts";
import type { Span } from "../../src/model/span.ts";
import { parseQuery } from "../../src/traceql/parse-query.ts";
import { labelText } from "../../src/traceql/print-value.ts";
import { BUILDER_START_UNIX_NANO } from "./trace-builder.ts";

const SECOND = 1_000_000_000n;

/** What {@link runSeries} goes by. */
export interface SeriesRun {
  readonly grid?: SeriesGrid;
  readonly maxGroups?: number;
  readonly maxExemplars?: number;
}

/** Three intervals of ten seconds: one up to the moment 0 of built traces, two behind it. */
export const THREE_TENS: SeriesGrid = rangeGrid({
  startUnixNano: BUILDER_START_UNIX_NANO,
  endUnixNano: BUILDER_START_UNIX_NANO + 20n * SECOND,
  stepNanos: 10n * SECOND,
});

/** The series of a query over traces, each the spans of one. */
export function runSeries(
  q: string,
  traces: readonly (readonly Span[])[],
  { grid = THREE_TENS, maxGroups = 1_000, maxExemplars = 0 }: SeriesRun = {},
): readonly Series[] {
  const expression = parseQuery(q).expression as MetricsExpression;
  const held = { add: () => {} };
  const options = { grid, labelNameOf: labelText, maxGroups, maxExemplars, held };
  const sources = new Map(
    metricsPipelinesOf(expression).map((each) => [each, compileTraceSeries(each, options)]),
  );
  for (const spans of traces) {
    for (const source of sources.values()) {
      const match = atOnce(source.pipeline.run(spanTraceView(spans)));
      if (match !== undefined) atOnce(source.observe(match));
    }
  }
  return atOnce(
    seriesOfExpression(expression, grid, (pipeline) => {
      const source = sources.get(pipeline);
      if (source === undefined) throw new Error("a function over time that was not prepared");
      return source.series();
    }),
  );
}

/** `{ 'resource.service.name="shop"': [1, null] }`: null where there is no value. */
export function shownSeries(series: readonly Series[]): Record<string, (number | null)[]> {
  return Object.fromEntries(
    series.map(({ labels, values }) => [
      shownLabels(labels),
      Array.from(values, (value) => (Number.isNaN(value) ? null : value)),
    ]),
  );
}

/** {@link runSeries} as {@link shownSeries} writes it. */
export function showSeries(
  q: string,
  traces: readonly (readonly Span[])[],
  run: SeriesRun = {},
): Record<string, (number | null)[]> {
  return shownSeries(runSeries(q, traces, run));
}

/** Labels with their types: texts have quotes, floats a point. */
export function shownLabels(labels: readonly SeriesLabel[]): string {
  return labels.map(({ name, value }) => `${name}=${shownValue(value)}`).join(" ");
}

function shownValue(value: Value): string {
  switch (typeof value) {
    case "undefined":
      return "nil";
    case "string":
      return JSON.stringify(value);
    case "number":
      return Number.isInteger(value) ? value.toFixed(1) : String(value);
    case "object":
      if (value.type === "duration") return `${value.nanos}ns`;
      return value.type === "status" || value.type === "kind" ? value.value : value.type;
    default:
      return String(value);
  }
}
