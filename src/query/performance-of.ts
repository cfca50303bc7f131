/** Performance over the newest traces a filter finds. */

import type { Performance } from "../analysis/performance.ts";
import { PerformanceCollector } from "../analysis/performance.ts";
import { lazySpan } from "../batch/span-from-row.ts";
import { durationMsBetween } from "../model/time.ts";
import type { QueryContext } from "./query-context.ts";
import type { CoveredRange, TraceFilter } from "./trace-filter.ts";
import { coveredRange, timeRangeFrom, traceQueryFrom } from "./trace-filter.ts";

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
  signal: AbortSignal,
): Promise<PerformanceAnswer> {
  const { maxTracesAnalysed, maxSpansAnalysed } = context.answerLimits;
  const nowMillis = context.clock.nowMillis();
  const range = timeRangeFrom(filter, nowMillis);
  const collector = new PerformanceCollector();
  let traces = 0;
  let spans = 0;
  let truncated = false;
  let latestStart = 0n;
  const query = traceQueryFrom(filter, range);
  // One trace more than is analysed says whether there are more.
  for await (const { summary, rows } of context.reader.scan(query, {
    limit: maxTracesAnalysed + 1,
    signal,
  })) {
    spans += rows.length;
    truncated = traces === maxTracesAnalysed || (spans > maxSpansAnalysed && traces > 0);
    if (truncated) break;
    traces++;
    if (summary.startTimeUnixNano > latestStart) latestStart = summary.startTimeUnixNano;
    collector.add({
      durationMs: durationMsBetween(summary.startTimeUnixNano, summary.endTimeUnixNano),
      errorCount: summary.errorCount,
      spans: rows.map(lazySpan),
    });
  }
  return {
    performance: collector.performance(),
    truncated,
    range: coveredRange(range, nowMillis, latestStart),
  };
}
