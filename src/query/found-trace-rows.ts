/** A search that gives the traces themselves: for those who read whole traces rather than lists of them. */

import { TracAggError } from "../base/errors.ts";
import { inSlices, TimeSlice } from "../base/time-slice.ts";
import { rowSummary } from "../batch/row-summary.ts";
import { findTraceQl } from "./find-traceql.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { StoredTrace } from "./stored-trace.ts";
import { traceIdFrom } from "./stored-trace.ts";
import type { TextRange, TraceFilter } from "./trace-filter.ts";
import { timeRangeFrom, traceQueryFrom } from "./trace-filter.ts";

/** Which traces are read. */
export interface FoundTraceRowsRequest extends TextRange {
  /** TraceQL without functions over time. */
  readonly q: string;
  /** See `findTraceQl`. */
  readonly maxTraces: number;
  /** Spans after which no further trace is read; absent: as many as one answer may have, and more are refused. */
  readonly enoughSpans?: number;
}

/** Traces with their spans. */
export interface FoundTraceRows {
  /** Newest first. */
  readonly traces: readonly StoredTrace[];
  /** True when traces that match were not read: there are at least so many, or their spans were enough. */
  readonly truncated: boolean;
}

/**
 * Finds the newest traces that match and reads them whole.
 *
 * @throws what `findTraceQl` throws; TracAggError `too_large` without `enoughSpans` when the traces have more spans
 * together than one answer may.
 */
export async function foundTraceRows(
  context: QueryContext,
  { enoughSpans, ...search }: FoundTraceRowsRequest,
  running: RunningQuery,
): Promise<FoundTraceRows> {
  const { maxSpansPerAnswer } = context.answerLimits;
  const found = await findTraceQl(context, { ...search, spansShown: 0 }, running);
  const summaries = found.traces.map(({ summary }) => summary);
  let taken = 0;
  let spans = 0;
  for (const { spanCount } of summaries) {
    if (enoughSpans !== undefined && taken > 0 && spans >= enoughSpans) break;
    spans += spanCount;
    taken++;
  }
  if (enoughSpans === undefined && spans > maxSpansPerAnswer) throw tooManySpans(spans, maxSpansPerAnswer);
  const traceIds = summaries.slice(0, taken).map(({ traceId }) => traceId);
  const traces = await readTraces(context, traceIds, running);
  return { traces, truncated: taken < summaries.length || summaries.length === search.maxTraces };
}

/** Which traces are read, by what the store itself can tell. */
export interface NewestTraceRowsRequest {
  readonly filter: TraceFilter;
  /** 1 or more. */
  readonly maxTraces: number;
  /** See {@link FoundTraceRowsRequest.enoughSpans}. */
  readonly enoughSpans?: number;
}

/**
 * Reads the newest traces that match, many in one go: {@link foundTraceRows} without a query to be run over them.
 *
 * @throws TracAggError `invalid_argument` for a range or durations that make no sense, `too_large` as
 * {@link foundTraceRows}.
 */
export async function newestTraceRows(
  { reader, clock, answerLimits: { maxSpansPerAnswer } }: QueryContext,
  { filter, maxTraces, enoughSpans }: NewestTraceRowsRequest,
  { signal, held }: RunningQuery,
): Promise<FoundTraceRows> {
  const query = traceQueryFrom(filter, timeRangeFrom(filter, clock.nowMillis()));
  const traces: StoredTrace[] = [];
  let spans = 0;
  for await (const trace of reader.scan(query, { limit: maxTraces, signal, held })) {
    spans += trace.rows.length;
    if (enoughSpans === undefined && spans > maxSpansPerAnswer) throw tooManySpans(spans, maxSpansPerAnswer);
    traces.push(trace);
    if (enoughSpans !== undefined && spans >= enoughSpans) break;
  }
  return {
    traces,
    truncated: traces.length === maxTraces || spans >= (enoughSpans ?? Number.POSITIVE_INFINITY),
  };
}

function tooManySpans(spans: number, maxSpans: number): TracAggError {
  return new TracAggError(
    "too_large",
    `the traces found have ${spans} spans and more; one answer holds at most ${maxSpans}: ask for fewer traces`,
  );
}

/** Ids of traces to be read. */
export interface TracesByIdRequest {
  /** 32 hex digits each. */
  readonly traceIds: readonly string[];
}

/**
 * Reads traces by their ids, those that are stored.
 *
 * @throws TracAggError `invalid_argument` for a malformed id, `too_large` when they have more spans together than one
 * answer may.
 */
export async function tracesById(
  context: QueryContext,
  { traceIds }: TracesByIdRequest,
  running: RunningQuery,
): Promise<readonly StoredTrace[]> {
  const { maxSpansPerAnswer } = context.answerLimits;
  const traces = await readTraces(context, traceIds.map(traceIdFrom), running);
  const spans = traces.reduce((sum, { rows }) => sum + rows.length, 0);
  if (spans <= maxSpansPerAnswer) return traces;
  throw tooManySpans(spans, maxSpansPerAnswer);
}

/** In the order of the ids; a trace that retention removed meanwhile is left out. */
async function readTraces(
  { reader }: QueryContext,
  traceIds: readonly string[],
  { signal, held }: RunningQuery,
): Promise<readonly StoredTrace[]> {
  const found = await reader.traces(traceIds, signal, held);
  const slice = new TimeSlice(signal);
  const traces: StoredTrace[] = [];
  for (const traceId of traceIds) {
    const rows = found.get(traceId);
    if (rows !== undefined) traces.push({ summary: await inSlices(rowSummary(rows), slice), rows });
  }
  return traces;
}
