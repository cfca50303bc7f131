/** Performance over the newest traces a filter finds. */

import type { Performance } from "../analysis/performance.ts";
import { PerformanceCollector } from "../analysis/performance.ts";
import { MAX_SPANS_AT_ONCE } from "../base/limits.ts";
import type { Steps } from "../base/time-slice.ts";
import { inSlices, TimeSlice } from "../base/time-slice.ts";
import { nameOf, serviceNameOf } from "../batch/row-names.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import { durationMsBetween } from "../model/time.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { CoveredRange, TraceFilter } from "./trace-filter.ts";
import { coveredRange, timeRangeFrom, traceQueryFrom } from "./trace-filter.ts";

/** A duration here, and once more in the thread that sorts it. */
const DURATION_BYTES = 16;
/** Rows added between two chances for others to run. */
const ROWS_PER_STEP = 1_024;
/** Durations sorted at once, in some 10 ms: sorting numbers takes far less than walking a tree of spans. */
const MAX_DURATIONS_AT_ONCE = MAX_SPANS_AT_ONCE * 16;

/** The figures, and whether all matching traces are in them. */
export interface PerformanceAnswer {
  readonly performance: Performance;
  /** True when more traces match than were analysed (`performance.totalTraces`). */
  readonly truncated: boolean;
  readonly range: CoveredRange;
}

/**
 * Durations, errors and slowest operations of the matching traces, newest first, up to the limits on traces and spans
 * of one answer. Exact for the traces it counts.
 *
 * @throws TracAggError `invalid_argument` when the filter's range or durations make no sense.
 */
export async function performanceOf(
  context: QueryContext,
  filter: TraceFilter,
  { signal, held }: RunningQuery,
): Promise<PerformanceAnswer> {
  const { maxTracesAnalysed, maxSpansAnalysed } = context.answerLimits;
  const nowMillis = context.clock.nowMillis();
  const range = timeRangeFrom(filter, nowMillis);
  const collector = new PerformanceCollector();
  let traces = 0;
  let spans = 0;
  let truncated = false;
  let latestStart = 0n;
  const slice = new TimeSlice(signal);
  const query = traceQueryFrom(filter, range);
  // One trace more than is analysed says whether there are more.
  for await (const { summary, rows } of context.reader.scan(query, {
    limit: maxTracesAnalysed + 1,
    signal,
    held,
  })) {
    spans += rows.length;
    truncated = traces === maxTracesAnalysed || (spans > maxSpansAnalysed && traces > 0);
    if (truncated) break;
    traces++;
    if (summary.startTimeUnixNano > latestStart) latestStart = summary.startTimeUnixNano;
    collector.addTrace({
      durationMs: durationMsBetween(summary.startTimeUnixNano, summary.endTimeUnixNano),
      errorCount: summary.errorCount,
    });
    held.add(rows.length * DURATION_BYTES);
    await inSlices(addSpans(collector, rows), slice);
    if (slice.isOver(rows.length)) await slice.rest();
  }
  return {
    performance: await figuresOf(collector, context, signal),
    truncated,
    range: coveredRange(range, nowMillis, latestStart),
  };
}

function* addSpans(collector: PerformanceCollector, rows: readonly SpanRow[]): Steps<void> {
  for (const [at, row] of rows.entries()) {
    const { startTimesUnixNano, endTimesUnixNano } = row.batch;
    const durationMs = durationMsBetween(
      startTimesUnixNano[row.row] as bigint,
      endTimesUnixNano[row.row] as bigint,
    );
    collector.addSpan(serviceNameOf(row), nameOf(row), durationMs);
    if (at % ROWS_PER_STEP === ROWS_PER_STEP - 1) yield ROWS_PER_STEP;
  }
}

async function figuresOf(
  collector: PerformanceCollector,
  { largeAnalyses }: QueryContext,
  signal: AbortSignal,
): Promise<Performance> {
  const { spanCount } = collector;
  if (largeAnalyses === undefined || spanCount <= MAX_DURATIONS_AT_ONCE) return collector.performance();
  return await largeAnalyses.performance(collector.collected(), spanCount, signal);
}
