/** Performance over the newest traces a filter finds. */

import type { Performance } from "../analysis/performance.ts";
import { PerformanceCollector } from "../analysis/performance.ts";
import { MAX_SPANS_AT_ONCE } from "../base/limits.ts";
import type { Steps } from "../base/time-slice.ts";
import { inSlices } from "../base/time-slice.ts";
import { nameOf, serviceNameOf } from "../batch/row-names.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import { durationMsBetween } from "../model/time.ts";
import type { AnalysedTraces } from "./analysed-traces.ts";
import { analyseTraces } from "./analysed-traces.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { TraceFilter } from "./trace-filter.ts";

/** A duration here, and once more in the thread that sorts it. */
const DURATION_BYTES = 16;
/** Rows added between two chances for others to run. */
const ROWS_PER_STEP = 1_024;
/** Durations sorted at once, in some 10 ms: sorting numbers takes far less than walking a tree of spans. */
const MAX_DURATIONS_AT_ONCE = MAX_SPANS_AT_ONCE * 16;

/** The figures, and whether all matching traces are in them. */
export interface PerformanceAnswer extends AnalysedTraces {
  /** Of `totalTraces` traces. */
  readonly performance: Performance;
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
  running: RunningQuery,
): Promise<PerformanceAnswer> {
  const collector = new PerformanceCollector();
  const analysed = await analyseTraces(context, filter, running, async ({ summary, rows }, slice) => {
    collector.addTrace({
      durationMs: durationMsBetween(summary.startTimeUnixNano, summary.endTimeUnixNano),
      errorCount: summary.errorCount,
    });
    running.held.add(rows.length * DURATION_BYTES);
    await inSlices(addSpans(collector, rows), slice);
  });
  return { ...analysed, performance: await figuresOf(collector, context, running.signal) };
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
