/** Functions over time and what is done with their series. */

import type {
  Field,
  MetricsAggregate,
  MetricsComparison,
  MetricsFunction,
  MetricsPipeline,
  Pipeline,
  ScalarFilter,
  SeriesStage,
} from "../filter/query-model.ts";
import { thresholdOf } from "./constants.ts";
import type { Cursor } from "./cursor.ts";
import { parseField, parseFilter, parseLiteral, parseSignedNumber } from "./field-parser.ts";
import { DEFAULT_COMPARE_VALUES } from "./limits.ts";
import { COMPARISONS } from "./parts.ts";
import { METRICS_WORDS, SERIES_WORDS } from "./words.ts";

const QUANTILE = "a quantile from 0 to 1, such as `.95`";

/** Whether a function over time is in front. */
export function atMetrics(cursor: Cursor): boolean {
  return cursor.kind === "word" && METRICS_WORDS.has(cursor.word as MetricsFunction);
}

/** Reads a function over time and what follows it. */
export function parseMetrics(cursor: Cursor, spans: Pipeline, start: number): MetricsPipeline {
  const metrics = cursor.atWord("compare") ? parseCompare(cursor) : parseAggregate(cursor);
  const end = cursor.previousEnd;
  return parseSeriesStages(cursor, { node: "metrics", spans, metrics, series: [], start, end }, start);
}

/** Reads the stages over series that follow, with or without `|` before a threshold. */
export function parseSeriesStages(cursor: Cursor, metrics: MetricsPipeline, start: number): MetricsPipeline {
  const series = [...metrics.series];
  for (;;) {
    if (COMPARISONS.has(cursor.kind)) series.push(parseThreshold(cursor));
    else if (cursor.take("|")) series.push(parseSeriesStage(cursor));
    else break;
  }
  if (series.length === metrics.series.length && start === metrics.start) return metrics;
  return { ...metrics, series, start, end: cursor.previousEnd };
}

function parseSeriesStage(cursor: Cursor): SeriesStage {
  if (COMPARISONS.has(cursor.kind)) return parseThreshold(cursor);
  if (cursor.kind === "word" && SERIES_WORDS.has(cursor.word)) return parseTop(cursor);
  return cursor.fail(
    "`topk`, `bottomk` or a comparison, as a function over time is the last stage over spans",
    SERIES_WORDS,
  );
}

function parseThreshold(cursor: Cursor): SeriesStage {
  const { start } = cursor;
  const operator = cursor.kind as ScalarFilter["operator"];
  cursor.countOperator();
  cursor.next();
  const value = thresholdOf(cursor, parseSignedNumber(cursor));
  return { node: "threshold", operator, value, start, end: cursor.previousEnd };
}

function parseTop(cursor: Cursor): SeriesStage {
  const { start } = cursor;
  const node = cursor.word as "topk" | "bottomk";
  cursor.next();
  cursor.expect("(");
  const count = parseWhole(cursor);
  cursor.expect(")");
  return { node, count, start, end: cursor.previousEnd };
}

/** A whole number; a sign is read so that it can be refused by its value. */
function parseWhole(cursor: Cursor): number {
  if (cursor.kind === "-") cursor.fail("a whole number, 1 or more");
  if (cursor.kind !== "int") cursor.fail("a whole number");
  const value = Number(cursor.int);
  cursor.next();
  return value;
}

function parseAggregate(cursor: Cursor): MetricsAggregate {
  const { start } = cursor;
  const name = cursor.word as MetricsFunction;
  const takes = METRICS_WORDS.get(name);
  cursor.next();
  cursor.expect("(");
  if (takes === "nothing") {
    cursor.expect(")", `\`)\`: \`${name}\` takes nothing`);
    const by = parseGroups(cursor);
    return { node: "metricsAggregate", function: name, by, start, end: cursor.previousEnd };
  }
  const field = parseField(cursor);
  const quantiles = takes === "quantiles" ? parseQuantiles(cursor) : undefined;
  cursor.expect(")", takes === "quantiles" ? "`,` or `)`" : "`)`");
  const by = parseGroups(cursor);
  const end = cursor.previousEnd;
  if (quantiles === undefined) return { node: "metricsAggregate", function: name, field, by, start, end };
  return { node: "metricsAggregate", function: name, field, quantiles, by, start, end };
}

function parseQuantiles(cursor: Cursor): number[] {
  const quantiles: number[] = [];
  if (cursor.kind !== ",") cursor.fail("`,` and a quantile such as `.95`");
  while (cursor.take(",")) {
    const literal = parseLiteral(cursor);
    if (literal.value.type !== "int" && literal.value.type !== "float") {
      cursor.failAt(literal, QUANTILE);
    }
    const quantile = Number(literal.value.value);
    if (quantile > 1) cursor.failAt(literal, QUANTILE, `did you mean \`${quantile / 100}\`?`);
    quantiles.push(quantile);
  }
  return quantiles;
}

function parseGroups(cursor: Cursor): Field[] {
  const by: Field[] = [];
  if (!cursor.atWord("by")) return by;
  cursor.next();
  cursor.expect("(");
  do by.push(parseField(cursor));
  while (cursor.take(","));
  cursor.expect(")", "`,` or `)`");
  return by;
}

function parseCompare(cursor: Cursor): MetricsComparison {
  const { start } = cursor;
  cursor.next();
  cursor.expect("(");
  const selection = parseFilter(cursor);
  const topN = cursor.take(",") ? parseWhole(cursor) : DEFAULT_COMPARE_VALUES;
  const range = cursor.take(",") ? parseMoments(cursor) : undefined;
  cursor.expect(")", "`,` or `)`");
  return { node: "compare", selection, topN, ...(range && { range }), start, end: cursor.previousEnd };
}

function parseMoments(cursor: Cursor): NonNullable<MetricsComparison["range"]> {
  const startUnixNano = parseMoment(cursor);
  cursor.expect(",");
  return { startUnixNano, endUnixNano: parseMoment(cursor) };
}

function parseMoment(cursor: Cursor): bigint {
  if (cursor.kind !== "int") cursor.fail("nanoseconds since 1970, a whole number");
  const value = cursor.int;
  cursor.next();
  return value;
}
