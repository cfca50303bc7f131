/** What one stored trace means: critical path and bottlenecks. */

import type { Bottleneck } from "../analysis/bottlenecks.ts";
import { identifyBottlenecks } from "../analysis/bottlenecks.ts";
import { criticalPath } from "../analysis/critical-path.ts";
import { MAX_SPANS_AT_ONCE } from "../base/limits.ts";
import { lazySpan } from "../batch/span-from-row.ts";
import { durationMsBetween } from "../model/time.ts";
import type { TracePath } from "./large-analyses.ts";
import type { QueryContext } from "./query-context.ts";
import { storedTrace } from "./stored-trace.ts";

/** The exact critical path of a stored trace. @throws what {@link storedTrace} throws. */
export async function criticalPathOf(
  context: QueryContext,
  traceId: string,
  signal: AbortSignal,
): Promise<TracePath> {
  const { summary, rows } = await storedTrace(context, traceId, signal);
  const { largeAnalyses } = context;
  if (largeAnalyses !== undefined && rows.length > MAX_SPANS_AT_ONCE) {
    return await largeAnalyses.criticalPath(rows, signal);
  }
  return criticalPath({ traceId: summary.traceId, spans: rows.map(lazySpan) });
}

/** Spans longer than `thresholdMs`, longest first; can be read more than once. @throws what {@link storedTrace} throws. */
export async function bottlenecksOf(
  context: QueryContext,
  traceId: string,
  thresholdMs: number,
  signal: AbortSignal,
): Promise<Iterable<Bottleneck>> {
  const { summary, rows } = await storedTrace(context, traceId, signal);
  const { largeAnalyses } = context;
  const traceDurationMs = durationMsBetween(summary.startTimeUnixNano, summary.endTimeUnixNano);
  if (largeAnalyses !== undefined && rows.length > MAX_SPANS_AT_ONCE) {
    return await largeAnalyses.bottlenecks(rows, { thresholdMs, traceDurationMs }, signal);
  }
  return identifyBottlenecks({ durationMs: traceDurationMs, spans: rows.map(lazySpan) }, thresholdMs);
}
