/** What one stored trace means: critical path and bottlenecks. */

import type { Bottleneck } from "../analysis/bottlenecks.ts";
import { identifyBottlenecks } from "../analysis/bottlenecks.ts";
import type { LazyCriticalPath } from "../analysis/critical-path.ts";
import { criticalPath } from "../analysis/critical-path.ts";
import type { ClockOptions } from "../analysis/trace-clocks.ts";
import { MAX_SPANS_AT_ONCE } from "../base/limits.ts";
import { lazySpan } from "../batch/span-from-row.ts";
import { durationMsBetween } from "../model/time.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import { storedTrace } from "./stored-trace.ts";

/** Bytes of a span in the table an analysis is given and in the columns of its answer. */
const ANALYSIS_BYTES = 100;

/** Which spans of which trace. */
export interface BottleneckRequest {
  readonly traceId: string;
  /** Milliseconds. */
  readonly thresholdMs: number;
}

/** Which trace is analysed, and by which times. */
export interface TraceRequest extends ClockOptions {
  readonly traceId: string;
}

/** The exact critical path of a stored trace. @throws what {@link storedTrace} throws. */
export async function criticalPathOf(
  context: QueryContext,
  { traceId, ...options }: TraceRequest,
  running: RunningQuery,
): Promise<LazyCriticalPath> {
  const { summary, rows } = await storedTrace(context, traceId, running);
  const { largeAnalyses } = context;
  if (largeAnalyses !== undefined && rows.length > MAX_SPANS_AT_ONCE) {
    running.held.add(rows.length * ANALYSIS_BYTES);
    return await largeAnalyses.criticalPath(rows, running.signal, options);
  }
  return criticalPath({ traceId: summary.traceId, spans: rows.map(lazySpan) }, options);
}

/** Spans longer than `thresholdMs`, longest first; can be read more than once. @throws what {@link storedTrace} throws. */
export async function bottlenecksOf(
  context: QueryContext,
  { traceId, thresholdMs }: BottleneckRequest,
  running: RunningQuery,
): Promise<Iterable<Bottleneck>> {
  const { summary, rows } = await storedTrace(context, traceId, running);
  const { largeAnalyses } = context;
  const traceDurationMs = durationMsBetween(summary.startTimeUnixNano, summary.endTimeUnixNano);
  if (largeAnalyses !== undefined && rows.length > MAX_SPANS_AT_ONCE) {
    running.held.add(rows.length * ANALYSIS_BYTES);
    return await largeAnalyses.bottlenecks(rows, { thresholdMs, traceDurationMs }, running.signal);
  }
  return identifyBottlenecks({ durationMs: traceDurationMs, spans: rows.map(lazySpan) }, thresholdMs);
}
