/** Summaries as the native API writes them. */

import { durationMsBetween, isoFromUnixNano } from "../../model/time.ts";
import type { TraceSummary } from "../../model/trace-summary.ts";
import type { TraceSummaryJson } from "../contract.ts";

/** One row of a list of traces. */
export function summaryJson(summary: TraceSummary): TraceSummaryJson {
  const { startTimeUnixNano, endTimeUnixNano } = summary;
  const isForward = endTimeUnixNano > startTimeUnixNano;
  return {
    traceId: summary.traceId,
    rootService: summary.rootServiceName,
    rootOperation: summary.rootOperationName,
    startTime: isoFromUnixNano(startTimeUnixNano),
    startTimeUnixNano: startTimeUnixNano.toString(),
    endTime: isoFromUnixNano(endTimeUnixNano),
    endTimeUnixNano: endTimeUnixNano.toString(),
    durationMs: durationMsBetween(startTimeUnixNano, endTimeUnixNano),
    durationNanos: (isForward ? endTimeUnixNano - startTimeUnixNano : 0n).toString(),
    spanCount: summary.spanCount,
    errorCount: summary.errorCount,
    serviceCount: summary.services.length,
    services: summary.services,
  };
}
