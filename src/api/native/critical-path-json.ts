/** The critical path as the native API writes it. */

import type {
  CriticalPathSegment,
  CriticalPathShare,
  LazyCriticalPath,
} from "../../analysis/critical-path.ts";
import type { CriticalPathSegmentJson, CriticalPathShareJson } from "../contract.ts";
import { listChunks } from "../json-chunks.ts";
import { hostClockJson } from "./trace-analysis-json.ts";

/** {@link CriticalPathJson} as text in pieces, to be joined. */
export function* criticalPathChunks(path: LazyCriticalPath): Iterable<string> {
  const { traceId, durationNanos } = path;
  const head = JSON.stringify({ traceId, durationNanos: durationNanos.toString() });
  yield `${head.slice(0, -1)},"segments":`;
  yield* listChunks(path.segments, segmentJson);
  yield ',"byOperation":';
  yield* listChunks(path.byOperation, shareJson);
  yield ',"clocks":';
  yield* listChunks(path.clocks, hostClockJson);
  yield "}";
}

/** Segments of time that no stored span covers have empty span id, service and operation. */
function segmentJson(segment: CriticalPathSegment): CriticalPathSegmentJson {
  return {
    spanId: segment.span?.spanId ?? "",
    service: segment.span?.serviceName ?? "",
    operation: segment.span?.operationName ?? "",
    startTimeUnixNano: segment.startTimeUnixNano.toString(),
    endTimeUnixNano: segment.endTimeUnixNano.toString(),
    durationNanos: segment.durationNanos.toString(),
    class: segment.class,
  };
}

function shareJson(share: CriticalPathShare): CriticalPathShareJson {
  return {
    service: share.service,
    operation: share.operation,
    durationNanos: share.durationNanos.toString(),
    durationMs: Number(share.durationNanos) / 1e6,
    percentageOfTrace: share.share * 100,
  };
}
