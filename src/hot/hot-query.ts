/** Searches over hot rows: what a filter means, run trace by trace. */

import type { HeldBytes } from "../base/held-bytes.ts";
import { HeldPart } from "../base/held-bytes.ts";
import type { Steps } from "../base/time-slice.ts";
import { inSlices, TimeSlice } from "../base/time-slice.ts";
import { distinctRowsInSteps } from "../batch/distinct-rows.ts";
import { rowSummary } from "../batch/row-summary.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import type { SpanMatcher } from "../filter/evaluate.ts";
import { hasSpanConditions, matchesSummary, matchesTimes, spanMatcher } from "../filter/evaluate.ts";
import type { TraceQuery } from "../filter/trace-query.ts";
import type { TraceSummary } from "../model/trace-summary.ts";
import type { HotTraceRef, HotView } from "./hot-view.ts";
import type { TracePlace } from "./trace-heap.ts";
import { comparePlaces, TraceHeap } from "./trace-heap.ts";

/** A matching trace: its summary and its distinct rows, by start, then span id. */
export interface MatchedTrace {
  readonly summary: TraceSummary;
  readonly rows: readonly SpanRow[];
}

/** Tells of the rows of one trace whether they match; undefined when not. Work that can be done in slices. */
export type TraceMatcher = (rows: readonly SpanRow[]) => Steps<MatchedTrace | undefined>;

/** Rows asked between two chances for others to run: an attribute condition takes a microsecond or two a row. */
const ROWS_PER_STEP = 512;

/**
 * Prepares a query for many traces. The matcher takes all rows of one trace, equal spans as often as they came and
 * from wherever they are kept; span conditions are asked first, since they need no look at the trace as a whole.
 */
export function traceMatcher(query: TraceQuery): TraceMatcher {
  const matches: SpanMatcher = hasSpanConditions(query) ? spanMatcher(query) : () => true;
  return function* match(rows) {
    if (!(yield* someRow(rows, matches))) return undefined;
    const distinct = yield* distinctRowsInSteps(rows);
    const summary = yield* rowSummary(distinct);
    return matchesSummary(query, summary) ? { summary, rows: distinct } : undefined;
  };
}

/** True when one of the rows matches. Work that can be done in slices. */
export function* someRow(rows: readonly SpanRow[], matches: SpanMatcher): Steps<boolean> {
  for (const [index, row] of rows.entries()) {
    if (matches(row)) return true;
    if (index % ROWS_PER_STEP === ROWS_PER_STEP - 1) yield ROWS_PER_STEP;
  }
  return false;
}

/** What {@link matchingTraces} may be told besides the query. */
export interface MatchingOptions {
  /** Only traces that come after this place in the order of lists. */
  readonly after?: TracePlace | undefined;
  /** Ends the work with `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  /** Counts the rows of the trace that is looked at. */
  readonly held?: HeldBytes | undefined;
}

/**
 * Matching traces of a view, newest first: start descending, then trace id descending. Traces are evaluated as they
 * are asked for, so the cost follows the answer; long work lets the event loop run in between.
 *
 * @throws TracAggError `cancelled` when the signal is aborted.
 */
export async function* matchingTraces(
  view: HotView,
  query: TraceQuery,
  options: MatchingOptions = {},
): AsyncGenerator<MatchedTrace, void> {
  const slice = new TimeSlice(options.signal);
  const { after } = options;
  const candidates: HotTraceRef[] = [];
  for (const trace of view.traces()) {
    if (slice.isOver()) await slice.rest();
    if (mayMatch(query, trace) && (after === undefined || comparePlaces(after, trace) < 0)) {
      candidates.push(trace);
    }
  }
  const heap = new TraceHeap(candidates);
  const match = traceMatcher(query);
  for (let trace = heap.take(); trace !== undefined; trace = heap.take()) {
    const held = new HeldPart(options.held);
    const rows = await inSlices(trace.rows(held), slice);
    const matched = await inSlices(match(rows), slice);
    if (matched !== undefined) yield matched;
    held.release();
    if (slice.isOver(rows.length)) await slice.rest();
  }
}

/** What the extent of a whole trace says about a query without a look at its rows. */
export function mayMatch(query: TraceQuery, trace: HotTraceRef): boolean {
  if (query.hasErrors !== undefined && query.hasErrors !== trace.hasError) return false;
  return matchesTimes(query, trace.startTimeUnixNano, trace.endTimeUnixNano);
}

/**
 * Distinct rows of every trace of a view whose start lies in the time range of the query, for sums over all of them.
 * The other conditions of the query are not asked.
 *
 * @throws TracAggError `cancelled` when the signal is aborted.
 */
export async function* tracesInAnyOrder(
  view: HotView,
  range: Pick<TraceQuery, "startTimeUnixNano" | "endTimeUnixNano">,
  options: Omit<MatchingOptions, "after"> = {},
): AsyncGenerator<SpanRow[], void> {
  const slice = new TimeSlice(options.signal);
  for (const trace of view.traces()) {
    let steps = 1;
    if (matchesTimes(range, trace.startTimeUnixNano, trace.endTimeUnixNano)) {
      const held = new HeldPart(options.held);
      const rows = await inSlices(trace.rows(held), slice);
      yield await inSlices(distinctRowsInSteps(rows), slice);
      held.release();
      steps += rows.length;
    }
    if (slice.isOver(steps)) await slice.rest();
  }
}
