/** Bottlenecks by the original definition: the spans of a trace longer than a threshold. */

import type { Span } from "../model/span.ts";
import type { Trace } from "../model/trace.ts";

/** A span over the threshold. */
export interface Bottleneck {
  readonly service: string;
  readonly operation: string;
  readonly durationMs: number;
  /** Of the trace's duration, 0 to 100. */
  readonly percentageOfTrace: number;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
}

/** What bottlenecks need of a span. */
export type BottleneckSpan = Pick<Span, "serviceName" | "name" | "durationMs" | "spanId">;

/** What bottlenecks need of a trace. */
export type BottleneckTrace = Pick<Trace, "durationMs"> & { readonly spans: readonly BottleneckSpan[] };

/**
 * Spans that last longer than `thresholdMs`, longest first, then in the trace's order. A span that only waits for its
 * children counts too; `criticalPath` tells waiting from working.
 */
export function identifyBottlenecks(trace: BottleneckTrace, thresholdMs: number): Bottleneck[] {
  return spansLongerThan(trace.spans, thresholdMs).map((span) => bottleneckOf(span, trace.durationMs));
}

/** The spans of {@link identifyBottlenecks}, in its order. */
export function spansLongerThan<S extends Pick<Span, "durationMs">>(
  spans: readonly S[],
  thresholdMs: number,
): S[] {
  return spans
    .filter((span) => span.durationMs > thresholdMs)
    .sort((left, right) => right.durationMs - left.durationMs);
}

/** What is told of one span of a trace that lasts `traceDurationMs`. */
export function bottleneckOf(span: BottleneckSpan, traceDurationMs: number): Bottleneck {
  return {
    service: span.serviceName,
    operation: span.name,
    durationMs: span.durationMs,
    percentageOfTrace: traceDurationMs === 0 ? 0 : (span.durationMs / traceDurationMs) * 100,
    spanId: span.spanId,
  };
}
