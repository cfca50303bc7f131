/** Performance over the newest traces a filter finds. */

import type { Performance } from "../analysis/performance.ts";
import { PerformanceCollector } from "../analysis/performance.ts";
import { MAX_SPANS_AT_ONCE } from "../base/limits.ts";
import type { Steps } from "../base/time-slice.ts";
import { inSlices } from "../base/time-slice.ts";
import { durationMsBetween } from "../model/time.ts";
import type { DurationColumns, TraceDurations } from "../model/trace-durations.ts";
import type { AnalysedTraces } from "./analysed-traces.ts";
import { analyseScanned } from "./analysed-traces.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { TraceFilter } from "./trace-filter.ts";

/** A duration here, and once more in the thread that sorts it. */
const DURATION_BYTES = 16;
/** Durations added between two chances for others to run. */
const DURATIONS_PER_STEP = 16_384;
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
  const { reader } = context;
  const analysed = await analyseScanned<TraceDurations>(context, filter, running, {
    scan: (query, options) => reader.scanDurations(query, { ...options, numbers: collector }),
    take: ({ summary, durations }, slice) => {
      running.held.add(durations.operations.length * DURATION_BYTES);
      collector.addTrace({
        durationMs: durationMsBetween(summary.startTimeUnixNano, summary.endTimeUnixNano),
        errorCount: summary.errorCount,
      });
      return inSlices(addDurations(collector, durations), slice);
    },
  });
  return { ...analysed, performance: await figuresOf(collector, context, running.signal) };
}

/** Work that can be done in slices: a trace may have a million spans. */
function* addDurations(
  collector: PerformanceCollector,
  { operations, durationsMs }: DurationColumns,
): Steps<void> {
  for (let start = 0; start < operations.length; start += DURATIONS_PER_STEP) {
    const end = start + DURATIONS_PER_STEP;
    collector.addDurations({
      operations: operations.subarray(start, end),
      durationsMs: durationsMs.subarray(start, end),
    });
    if (end < operations.length) yield DURATIONS_PER_STEP;
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
