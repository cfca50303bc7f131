/** The critical path as the native API writes it. */

import type { CriticalPath } from "../../analysis/critical-path.ts";
import type { CriticalPathJson, CriticalPathSegmentJson, CriticalPathShareJson } from "../contract.ts";

/** Segments of time that no stored span covers have empty span id, service and operation. */
export function criticalPathJson(path: CriticalPath): CriticalPathJson {
  return {
    traceId: path.traceId,
    durationNanos: path.durationNanos.toString(),
    segments: path.segments.map(
      (segment): CriticalPathSegmentJson => ({
        spanId: segment.span?.spanId ?? "",
        service: segment.span?.serviceName ?? "",
        operation: segment.span?.operationName ?? "",
        startTimeUnixNano: segment.startTimeUnixNano.toString(),
        endTimeUnixNano: segment.endTimeUnixNano.toString(),
        durationNanos: segment.durationNanos.toString(),
        class: segment.class,
      }),
    ),
    byOperation: path.byOperation.map(
      (share): CriticalPathShareJson => ({
        service: share.service,
        operation: share.operation,
        durationNanos: share.durationNanos.toString(),
        durationMs: Number(share.durationNanos) / 1e6,
        percentageOfTrace: share.share * 100,
      }),
    ),
  };
}
