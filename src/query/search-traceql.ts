/** Search in TraceQL: over whole traces, whatever requests their spans came in and wherever they are stored. */

import { TracAggError } from "../base/errors.ts";
import { DEFAULT_PAGE_SIZE } from "../base/limits.ts";
import { inSlices, TimeSlice } from "../base/time-slice.ts";
import { candidateQuery } from "../filter/conditions/candidate-query.ts";
import type { TraceCondition } from "../filter/conditions/condition.ts";
import { conditionsOf } from "../filter/conditions/conditions-of.ts";
import type { CompiledPipeline, TraceMatch } from "../filter/evaluator/pipeline.ts";
import { compilePipeline } from "../filter/evaluator/pipeline.ts";
import type { Pipeline, Query } from "../filter/query-model.ts";
import type { TraceQuery } from "../filter/trace-query.ts";
import type { TraceSummary } from "../model/trace-summary.ts";
import type { TraceKey, ViewTally } from "../store/trace-reader.ts";
import { newViewTally } from "../store/trace-reader.ts";
import type { LintWarning } from "../traceql/lint-query.ts";
import { warningsAbout } from "../traceql/lint-query.ts";
import { parseQuery } from "../traceql/parse-query.ts";
import type { FoundTrace } from "./found-traces.ts";
import { BestTraces, foundTraceReader } from "./found-traces.ts";
import { decodePageToken, encodePageToken } from "./page-token.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import { inTextOf, matchOf } from "./run-pipeline.ts";
import { checkPageSize } from "./search-traces.ts";
import type { CoveredRange, TextRange, TimeRange } from "./trace-filter.ts";
import { coveredRange, timeRangeFrom } from "./trace-filter.ts";

/** Spans shown of each spanset when none are asked for: what people look at in a list. */
export const DEFAULT_SPANS_SHOWN = 3;
/** Most spans shown of each spanset; the trace itself has the others. */
export const MAX_SPANS_SHOWN = 100;

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
  /** What holds on every trace that matches: the store passed over what does not meet it. */
  readonly where: TraceCondition;
  /** Candidates that the query was run over, whole. */
  readonly tracesExamined: number;
  readonly spansExamined: number;
  readonly tracesMatched: number;
  /** How the store went about it. */
  readonly store: Readonly<ViewTally>;
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
  const { isOrdered, where } = prepared;
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
    explanation: { candidates, where, ...found.examined },
  };
}

/** A query for traces, ready to run. */
export interface PreparedQuery {
  readonly q: string;
  readonly query: Query;
  readonly pipeline: Pipeline;
  readonly compiled: CompiledPipeline;
  /** What holds on every trace that matches. */
  readonly where: TraceCondition;
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
  const isOrdered = pipeline.stages.some(({ node }) => node === "orderBy");
  return { q, query, pipeline, compiled, where: conditionsOf(pipeline), isOrdered };
}

/** What the store is asked for, so that no trace that matches is left out. */
export function candidatesOf({ where }: Pick<PreparedQuery, "where">, range: TimeRange): TraceQuery {
  return { ...candidateQuery(where), ...range };
}

/** What was looked at so far. */
export interface SearchCounts {
  tracesExamined: number;
  spansExamined: number;
  tracesMatched: number;
  readonly store: ViewTally;
}

/** Counters at their beginning. */
export function newSearchCounts(): SearchCounts {
  return { tracesExamined: 0, spansExamined: 0, tracesMatched: 0, store: newViewTally() };
}

/** Which traces a query is run over. */
interface Matching extends Pick<PreparedQuery, "q" | "compiled" | "where"> {
  readonly candidates: TraceQuery;
  /** How many matches will likely be taken. */
  readonly expected: number;
  readonly after?: TraceKey | undefined;
}

/** A trace that matched, to be read before the next one is asked for. */
interface Matched {
  readonly match: TraceMatch;
  /** Worked out when it is asked for. */
  summary(): TraceSummary | Promise<TraceSummary>;
}

/**
 * Runs a query over the traces that can match, newest first, and counts them. Gives undefined now and then in between,
 * so that whoever follows the search can tell how far it is.
 */
export async function* matchingTraces(
  { reader }: QueryContext,
  { q, candidates, where, compiled, expected, after }: Matching,
  { signal, held }: RunningQuery,
  counts: SearchCounts,
): AsyncGenerator<Matched | undefined, void> {
  const slice = new TimeSlice(signal);
  const scan = reader.scanViews(candidates, {
    needs: compiled,
    where,
    tally: counts.store,
    limit: Number.MAX_SAFE_INTEGER,
    expected,
    ...(after === undefined ? {} : { after }),
    signal,
    held,
  });
  for await (const trace of scan) {
    const match = await matchOf(q, compiled, trace, slice);
    counts.tracesExamined++;
    counts.spansExamined += trace.view.spanCount;
    if (match !== undefined) {
      counts.tracesMatched++;
      yield { match, summary: () => inSlices(trace.summary(), slice) };
    }
    if (!slice.isOver(trace.view.spanCount)) continue;
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
  const examined = newSearchCounts();
  let hasMore = false;
  const matches = matchingTraces(context, { ...search, expected: pageSize, after }, running, examined);
  for await (const found of matches) {
    if (found === undefined) continue;
    const { sortKey } = found.match;
    if (best.takes(sortKey)) best.add(sortKey, read(await found.summary(), found.match));
    // Whether there are more is for who asks for the next page: that may take all that is stored.
    hasMore = best.isFull && !isOrdered;
    if (hasMore) break;
  }
  return { traces: best.traces(), hasMore, examined };
}

function pipelineOf({ expression }: Query): Pipeline {
  if (expression.node === "pipeline") return expression;
  throw new TracAggError(
    "invalid_argument",
    "q: expected a query for traces, got one for series over time; ask /api/v1/query, or leave out what follows the last | that gives spans",
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
