/** Search in TraceQL: over whole traces, whatever requests their spans came in and wherever they are stored. */

import { TracAggError } from "../base/errors.ts";
import { DEFAULT_PAGE_SIZE } from "../base/limits.ts";
import { inSlices, TimeSlice } from "../base/time-slice.ts";
import { candidateQuery } from "../filter/conditions/candidate-query.ts";
import { conditionsOf } from "../filter/conditions/conditions-of.ts";
import type { CompiledPipeline, TraceMatch } from "../filter/evaluator/pipeline.ts";
import { compilePipeline } from "../filter/evaluator/pipeline.ts";
import { rowTraceView } from "../filter/evaluator/row-trace-view.ts";
import { FilterError } from "../filter/filter-error.ts";
import type { Pipeline, Query } from "../filter/query-model.ts";
import type { TraceQuery } from "../filter/trace-query.ts";
import type { TraceSummary } from "../model/trace-summary.ts";
import type { TraceKey, TraceRows } from "../store/trace-reader.ts";
import type { LintWarning } from "../traceql/lint-query.ts";
import { warningsAbout } from "../traceql/lint-query.ts";
import { parseQuery } from "../traceql/parse-query.ts";
import { lineAndColumn } from "../traceql/traceql-error.ts";
import type { FoundTrace } from "./found-traces.ts";
import { BestTraces, foundTraceReader } from "./found-traces.ts";
import { decodePageToken, encodePageToken } from "./page-token.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import { checkPageSize } from "./search-traces.ts";
import type { CoveredRange, TextRange, TimeRange } from "./trace-filter.ts";
import { coveredRange, timeRangeFrom } from "./trace-filter.ts";

/** Spans shown of each spanset when none are asked for: what people look at in a list. */
export const DEFAULT_SPANS_SHOWN = 3;
/** Most spans shown of each spanset; the trace itself has the others. */
export const MAX_SPANS_SHOWN = 100;
/** Spans of a trace that self times and critical paths are still worked out of: a tenth of a second without a pause. */
const MAX_ANALYSED_SPANS = 100_000;

/** Which page of which query. */
export interface TraceQlSearchRequest extends TextRange {
  /** TraceQL without functions over time. */
  readonly q: string;
  /** 1 to 1,000, default 20. */
  readonly pageSize?: number;
  /** `nextPageToken` of the page before; absent or "" for the first page. */
  readonly pageToken?: string;
  /** 0 to {@link MAX_SPANS_SHOWN}, default {@link DEFAULT_SPANS_SHOWN}. */
  readonly spansShown?: number;
}

/** How a query was answered. */
export interface SearchExplanation {
  /** What the store was asked for: every trace that can match, and others. */
  readonly candidates: TraceQuery;
  /** Candidates that the query was run over, whole. */
  readonly tracesExamined: number;
  readonly spansExamined: number;
  readonly tracesMatched: number;
}

/** One page. */
export interface TraceQlSearchAnswer {
  /** Start descending, then trace id descending; with `orderBy` in the order asked for. */
  readonly traces: readonly FoundTrace[];
  /**
   * "" when nothing further matches, and always with `orderBy`: there the first of all are in the answer. A full page has
   * one, though the next page may turn out to be empty.
   */
  readonly nextPageToken: string;
  readonly range: CoveredRange;
  /** What is legal in the query and probably not meant. */
  readonly warnings: readonly LintWarning[];
  readonly explanation: SearchExplanation;
}

/**
 * Finds traces that match a query of TraceQL.
 *
 * The store gives the traces that can match, newest first, each of them whole; the query is run over them until the page
 * is full. With `orderBy` it is run over all of them, and the page has the first of all that match.
 *
 * @throws TraceQlError for a query that cannot be understood.
 * @throws TracAggError `invalid_argument` for what cannot be worked out of a trace, a function over time, a page size or a number of spans out of range, a
 * token of another search, a range that ends before it starts; `too_large` when self times of a
 * trace of more than 100,000 spans are asked for.
 *
 * @example
 * await searchTraceQl(context, { q: '{ resource.service.name = "checkout" && duration > 50ms }', start: "-1h" }, running);
 */
export async function searchTraceQl(
  context: QueryContext,
  request: TraceQlSearchRequest,
  running: RunningQuery,
): Promise<TraceQlSearchAnswer> {
  const { q, pageSize = DEFAULT_PAGE_SIZE, pageToken = "", spansShown = DEFAULT_SPANS_SHOWN } = request;
  checkPageSize(pageSize);
  checkSpansShown(spansShown);
  const prepared = prepareQuery(q);
  const { isOrdered } = prepared;
  const nowMillis = context.clock.nowMillis();
  const filter = filterOf(request);
  if (isOrdered && pageToken !== "") throw refusedToken();
  const position = pageToken === "" ? undefined : decodePageToken(filter, pageToken);
  const range = position?.range ?? timeRangeFrom(request, nowMillis);
  const candidates = candidatesOf(prepared, range);
  const search = { ...prepared, candidates, pageSize, spansShown };
  const found = await findTraces(context, search, running, position?.after);
  const last = found.traces.at(-1)?.summary;
  const token =
    found.hasMore && !isOrdered && last !== undefined
      ? encodePageToken(filter, { after: keyOf(last), range })
      : "";
  return {
    traces: found.traces,
    nextPageToken: token,
    range: coveredRange(range, nowMillis, latestStartOf(found.traces)),
    warnings: warningsAbout(prepared.query),
    explanation: { candidates, ...found.examined },
  };
}

/** A query for traces, ready to run. */
export interface PreparedQuery {
  readonly q: string;
  readonly query: Query;
  readonly pipeline: Pipeline;
  readonly compiled: CompiledPipeline;
  /** True when the first of all that match are known only at the end. */
  readonly isOrdered: boolean;
}

/**
 * Reads a query for traces.
 *
 * @throws TraceQlError and TracAggError as {@link searchTraceQl} does for the query itself.
 */
export function prepareQuery(q: string): PreparedQuery {
  const query = parseQuery(q);
  const pipeline = pipelineOf(query);
  const compiled = inTextOf(q, () => compilePipeline(pipeline));
  return { q, query, pipeline, compiled, isOrdered: pipeline.stages.some(({ node }) => node === "orderBy") };
}

/** What the store is asked for, so that no trace that matches is left out. */
export function candidatesOf({ pipeline }: Pick<PreparedQuery, "pipeline">, range: TimeRange): TraceQuery {
  return { ...candidateQuery(conditionsOf(pipeline)), ...range };
}

/** What was looked at so far. */
export interface SearchCounts {
  tracesExamined: number;
  spansExamined: number;
  tracesMatched: number;
}

/** Which traces a query is run over. */
interface Matching extends Pick<PreparedQuery, "q" | "compiled"> {
  readonly candidates: TraceQuery;
  /** How many matches will likely be taken. */
  readonly expected: number;
  readonly after?: TraceKey | undefined;
}

/** A trace that matched, its rows at hand. */
interface Matched {
  readonly summary: TraceSummary;
  readonly match: TraceMatch;
}

/**
 * Runs a query over the traces that can match, newest first, and counts them. Gives undefined now and then in between,
 * so that whoever follows the search can tell how far it is.
 */
export async function* matchingTraces(
  { reader }: QueryContext,
  { candidates, expected, after, ...query }: Matching,
  { signal, held }: RunningQuery,
  counts: SearchCounts,
): AsyncGenerator<Matched | undefined, void> {
  const slice = new TimeSlice(signal);
  const scan = reader.scan(candidates, {
    limit: Number.MAX_SAFE_INTEGER,
    expected,
    ...(after === undefined ? {} : { after }),
    signal,
    held,
  });
  for await (const trace of scan) {
    const match = await matchOf(query, trace, slice);
    counts.tracesExamined++;
    counts.spansExamined += trace.rows.length;
    if (match !== undefined) {
      counts.tracesMatched++;
      yield { summary: trace.summary, match };
    }
    if (!slice.isOver(trace.rows.length)) continue;
    await slice.rest();
    yield undefined;
  }
}

interface Search extends PreparedQuery {
  readonly candidates: TraceQuery;
  readonly pageSize: number;
  readonly spansShown: number;
}

interface Found {
  readonly traces: readonly FoundTrace[];
  readonly hasMore: boolean;
  readonly examined: SearchCounts;
}

async function findTraces(
  context: QueryContext,
  { pageSize, spansShown, isOrdered, ...search }: Search,
  running: RunningQuery,
  after: TraceKey | undefined,
): Promise<Found> {
  const read = foundTraceReader(search.compiled.fields, spansShown);
  const best = new BestTraces(pageSize, running.held);
  const examined = { tracesExamined: 0, spansExamined: 0, tracesMatched: 0 };
  let hasMore = false;
  for await (const found of matchingTraces(
    context,
    { ...search, expected: pageSize, after },
    running,
    examined,
  )) {
    if (found === undefined) continue;
    best.offer(found.match.sortKey, () => read(found.summary, found.match));
    // Whether there are more is for who asks for the next page: that may take all that is stored.
    hasMore = best.isFull && !isOrdered;
    if (hasMore) break;
  }
  return { traces: best.traces(), hasMore, examined };
}

/**
 * Runs a query over one whole trace; undefined when it does not match.
 *
 * @throws TracAggError as {@link searchTraceQl} does for what cannot be worked out.
 */
export async function matchOf(
  { q, compiled: { facts, run } }: Pick<PreparedQuery, "q" | "compiled">,
  { summary, rows }: TraceRows,
  slice: TimeSlice,
): Promise<TraceMatch | undefined> {
  if (rows.length > MAX_ANALYSED_SPANS && (facts.has("selfTimes") || facts.has("criticalPath"))) {
    throw new TracAggError(
      "too_large",
      `q: trace ${summary.traceId} has ${rows.length} spans; selfTime and criticalPath are worked out of at most ` +
        `${MAX_ANALYSED_SPANS}; leave them out, or exclude the trace by its time`,
      { field: "q" },
    );
  }
  try {
    return await inSlices(run(rowTraceView(rows)), slice);
  } catch (thrown) {
    throw placedError(q, thrown);
  }
}

function inTextOf<T>(q: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw placedError(q, thrown);
  }
}

/** What cannot be worked out, with its place as errors of the language have it. */
function placedError(q: string, thrown: unknown): unknown {
  if (!(thrown instanceof FilterError)) return thrown;
  const { line, column } = lineAndColumn(q, thrown.start);
  const message = `line ${line}, column ${column}: ${thrown.reason}`;
  return new TracAggError("invalid_argument", message, { field: "q", cause: thrown });
}

function pipelineOf({ expression }: Query): Pipeline {
  if (expression.node === "pipeline") return expression;
  throw new TracAggError(
    "invalid_argument",
    "q: expected a query for traces, got one for series over time; leave out what follows the last | that gives spans",
    { field: "q" },
  );
}

/** What a page token belongs to. */
function filterOf({ q, start, end }: TraceQlSearchRequest): object {
  return { q, start, end };
}

function keyOf({ startTimeUnixNano, traceId }: TraceSummary): TraceKey {
  return { startTimeUnixNano, traceId };
}

function latestStartOf(traces: readonly FoundTrace[]): bigint {
  let latest = 0n;
  for (const { summary } of traces)
    if (summary.startTimeUnixNano > latest) latest = summary.startTimeUnixNano;
  return latest;
}

function refusedToken(): TracAggError {
  return new TracAggError(
    "invalid_argument",
    "pageToken: a query with orderBy has one page; ask for a larger pageSize",
    { field: "pageToken" },
  );
}

/** @throws TracAggError `invalid_argument` when it is out of range. */
export function checkSpansShown(spansShown: number): void {
  if (Number.isInteger(spansShown) && spansShown >= 0 && spansShown <= MAX_SPANS_SHOWN) return;
  throw new TracAggError(
    "invalid_argument",
    `spansShown: expected a whole number from 0 to ${MAX_SPANS_SHOWN}, got ${spansShown}`,
    { field: "spansShown" },
  );
}
