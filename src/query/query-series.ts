/** Functions over time in TraceQL: over whole traces, whatever requests their spans came in and wherever they are stored. */

import { TracAggError } from "../base/errors.ts";
import { inSlices, TimeSlice } from "../base/time-slice.ts";
import { boundedCondition } from "../filter/conditions/bounded-condition.ts";
import { candidateQuery } from "../filter/conditions/candidate-query.ts";
import type { TraceCondition } from "../filter/conditions/condition.ts";
import { anyOf } from "../filter/conditions/condition.ts";
import { conditionsOf } from "../filter/conditions/conditions-of.ts";
import type { MetricsExpression, MetricsPipeline, Query } from "../filter/query-model.ts";
import { metricsPipelinesOf, seriesOfExpression } from "../filter/series/metrics-expression.ts";
import type { Series } from "../filter/series/series.ts";
import type { SeriesGrid } from "../filter/series/series-grid.ts";
import { endOf } from "../filter/series/series-grid.ts";
import type { TraceSeries } from "../filter/series/trace-series.ts";
import { compileTraceSeries } from "../filter/series/trace-series.ts";
import type { TraceQuery } from "../filter/trace-query.ts";
import type { ViewNeeds, ViewScan, ViewTally } from "../store/trace-reader.ts";
import { newViewTally } from "../store/trace-reader.ts";
import type { LintWarning } from "../traceql/lint-query.ts";
import { warningsAbout } from "../traceql/lint-query.ts";
import { parseQuery } from "../traceql/parse-query.ts";
import { labelText } from "../traceql/print-value.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import { inTextOf, matchOf, stepsInTextOf } from "./run-pipeline.ts";
import type { SeriesRange } from "./series-range.ts";
import { seriesGridFrom } from "./series-range.ts";
import type { CoveredRange } from "./trace-filter.ts";

/** Series in an answer when none are asked for: more than anybody tells apart. */
export const DEFAULT_SERIES = 1_000;
/** Most series in an answer. */
export const MAX_SERIES = 10_000;
/** Most exemplars in an answer, and how many there are when none are asked for. */
export const MAX_EXEMPLARS = 100;
/** Most groups that a function makes before `topk` and the like choose among them. */
const MAX_GROUPS = 10_000;

/** Which series, over which range. */
export interface SeriesRequest extends SeriesRange {
  /** TraceQL with functions over time. */
  readonly q: string;
  /** 1 to {@link MAX_SERIES}, default {@link DEFAULT_SERIES}. */
  readonly maxSeries?: number;
  /** 0 to {@link MAX_EXEMPLARS}, default {@link MAX_EXEMPLARS}; a hint of the query decides before it. */
  readonly exemplars?: number;
}

/** How series were worked out. */
export interface SeriesExplanation {
  /** What the store was asked for: every trace that can have spans that count, and others. */
  readonly candidates: TraceQuery;
  /** What holds on every trace with spans that count: the store passed over what does not meet it. */
  readonly where: TraceCondition;
  /** Candidates that the query was run over, whole. */
  readonly tracesExamined: number;
  readonly spansExamined: number;
  /** Spans that were counted; in arithmetic by each function of its own. */
  readonly spansCounted: number;
  /** How the store went about it. */
  readonly store: Readonly<ViewTally>;
}

/** Series and what is known of them. */
export interface SeriesAnswer {
  readonly series: readonly Series[];
  readonly grid: SeriesGrid;
  /** All intervals together: start exclusive, end inclusive. */
  readonly range: CoveredRange;
  /** `PARTIAL`: there are more series than the answer has. */
  readonly status: "COMPLETE" | "PARTIAL";
  /** Why the answer is not whole; "" when it is. */
  readonly message: string;
  /** What is legal in the query and probably not meant. */
  readonly warnings: readonly LintWarning[];
  readonly explanation: SeriesExplanation;
}

/**
 * Works out the series of a query with functions over time.
 *
 * Every trace that begins before the end of the range, ends in it or later, and can match is looked at whole; of those that
 * match, the spans that the pipeline gives count once each, in the interval that their start lies in.
 *
 * @throws TraceQlError for a query that cannot be understood.
 * @throws TracAggError `invalid_argument` for what cannot be worked out of a trace, a query without a function over time,
 * a range or step that is none, more than 10,000 intervals; `too_large` when self times of a trace of more than 100,000 spans are
 * asked for.
 *
 * @example
 * await querySeries(context, { q: "{ status = error } | rate() by(resource.service.name)", since: "1h" }, running);
 */
export async function querySeries(
  context: QueryContext,
  request: SeriesRequest,
  running: RunningQuery,
): Promise<SeriesAnswer> {
  const { q, maxSeries = DEFAULT_SERIES, exemplars = MAX_EXEMPLARS, isInstant = false } = request;
  checkCount("maxSeries", maxSeries, 1, MAX_SERIES);
  checkCount("exemplars", exemplars, 0, MAX_EXEMPLARS);
  const query = parseQuery(q);
  const expression = metricsOf(query);
  const grid = seriesGridFrom(request, context.clock.nowMillis());
  const options = {
    grid,
    labelNameOf: labelText,
    maxGroups: MAX_GROUPS,
    maxExemplars: isInstant ? 0 : exemplarsOf(query, exemplars),
    held: running.held,
  };
  const pipelines = metricsPipelinesOf(expression);
  const sources = new Map(
    pipelines.map((pipeline) => [pipeline, inTextOf(q, () => compileTraceSeries(pipeline, options))]),
  );
  const where = boundedCondition(anyOf(...pipelines.map(({ spans }) => conditionsOf(spans))));
  const candidates = candidatesOf(where, grid);
  const asked = { q, candidates, where, sources: [...sources.values()] };
  const counts = await observeTraces(context, asked, running);
  const seriesOf = (pipeline: MetricsPipeline) => (sources.get(pipeline) as TraceSeries).series();
  const series = await inSlices(
    seriesOfExpression(expression, grid, seriesOf),
    new TimeSlice(running.signal),
  );
  const message = cutMessage(series.length, maxSeries, [...sources.values()]);
  return {
    series: series.slice(0, maxSeries),
    grid,
    range: { startTimeUnixNano: fromEpoch(grid.startUnixNano), endTimeUnixNano: endOf(grid) },
    status: message === "" ? "COMPLETE" : "PARTIAL",
    message,
    warnings: warningsAbout(query),
    explanation: { candidates, where, ...counts },
  };
}

interface Observation {
  readonly q: string;
  readonly candidates: TraceQuery;
  readonly where: TraceCondition;
  readonly sources: readonly TraceSeries[];
}

async function observeTraces(
  { reader }: QueryContext,
  { q, candidates, where, sources }: Observation,
  { signal, held }: RunningQuery,
): Promise<Omit<SeriesExplanation, "candidates" | "where">> {
  const slice = new TimeSlice(signal);
  const counts = { tracesExamined: 0, spansExamined: 0, spansCounted: 0, store: newViewTally() };
  const scan = reader.scanViews(candidates, {
    needs: needsOf(sources),
    where,
    ...summersOf(sources),
    tally: counts.store,
    limit: Number.MAX_SAFE_INTEGER,
    signal,
    held,
  });
  for await (const trace of scan) {
    counts.tracesExamined++;
    counts.spansExamined += trace.view.spanCount;
    for (const source of sources) {
      const match = await matchOf(q, source.pipeline, trace, slice);
      if (match !== undefined) counts.spansCounted += await stepsInTextOf(q, source.observe(match), slice);
    }
    if (slice.isOver(trace.view.spanCount)) await slice.rest();
  }
  counts.spansCounted += counts.store.spansBySums;
  return counts;
}

/** Spans are summed up by the store where every function lets it. */
function summersOf(sources: readonly TraceSeries[]): Pick<ViewScan, "summers"> {
  const summers = sources.flatMap(({ summer }) => summer ?? []);
  return summers.length === sources.length ? { summers } : {};
}

/** What any of the functions reads. */
function needsOf(sources: readonly TraceSeries[]): ViewNeeds {
  return {
    fields: sources.flatMap(({ pipeline }) => pipeline.fields),
    facts: new Set(sources.flatMap(({ pipeline }) => [...pipeline.facts])),
  };
}

/** Traces that begin before the range ends and end in it or later: spans of the range may be in any of them. */
function candidatesOf(where: TraceCondition, grid: SeriesGrid): TraceQuery {
  return {
    ...candidateQuery(where),
    minEndTimeUnixNano: fromEpoch(grid.startUnixNano),
    endTimeUnixNano: endOf(grid) + 1n,
  };
}

/** The first interval of a range near 1970 may begin before it. */
function fromEpoch(unixNano: bigint): bigint {
  return unixNano < 0n ? 0n : unixNano;
}

function metricsOf({ expression }: Query): MetricsExpression {
  if (expression.node !== "pipeline") return expression;
  throw new TracAggError(
    "invalid_argument",
    "q: expected a query for series over time, got one for traces; add a function such as | rate(), or ask /api/v1/traces",
    { field: "q" },
  );
}

function exemplarsOf({ hints }: Query, asked: number): number {
  const value = hints.find(({ name }) => name === "exemplars")?.value;
  if (value?.type === "int") return Number(value.value);
  if (value?.type === "boolean") return value.value ? asked || MAX_EXEMPLARS : 0;
  return asked;
}

function cutMessage(seriesCount: number, maxSeries: number, sources: readonly TraceSeries[]): string {
  if (sources.some(({ isCut }) => isCut)) {
    return `spans make more than ${MAX_GROUPS} groups; those that came later are left out: narrow the query, or group by less`;
  }
  if (seriesCount <= maxSeries) return "";
  return `${seriesCount} series, of which the answer has ${maxSeries}: narrow the query, add topk, or raise maxSeries`;
}

function checkCount(field: string, count: number, least: number, most: number): void {
  if (Number.isInteger(count) && count >= least && count <= most) return;
  const expected = `a whole number from ${least} to ${most}`;
  throw new TracAggError("invalid_argument", `${field}: expected ${expected}, got ${count}`, { field });
}
