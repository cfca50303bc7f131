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

/** What bottlenecks need of a trace. */
export type BottleneckTrace = Pick<Trace, "durationMs"> & {
  readonly spans: readonly Pick<Span, "serviceName" | "name" | "durationMs" | "spanId">[];
};

/**
 * Spans that last longer than `thresholdMs`, longest first, then in the trace's order. A span that only waits for its
 * children counts too; `criticalPath` tells waiting from working.
 */
export function identifyBottlenecks(trace: BottleneckTrace, thresholdMs: number): Bottleneck[] {
  return trace.spans
    .filter((span) => span.durationMs > thresholdMs)
    .sort((left, right) => right.durationMs - left.durationMs)
    .map((span) => ({
      service: span.serviceName,
      operation: span.name,
      durationMs: span.durationMs,
      percentageOfTrace: trace.durationMs === 0 ? 0 : (span.durationMs / trace.durationMs) * 100,
      spanId: span.spanId,
    }));
}
