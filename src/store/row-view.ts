/** Traces that are there as rows, as queries look at them. */

import type { Steps } from "../base/time-slice.ts";
import { rowTraceView } from "../filter/evaluator/row-trace-view.ts";
import type { TraceSummary } from "../model/trace-summary.ts";
import type { TraceInView, TraceRows } from "./trace-reader.ts";

/** A whole trace in view. */
export function rowsInView({ summary, rows }: TraceRows): TraceInView {
  return {
    traceId: summary.traceId,
    startTimeUnixNano: summary.startTimeUnixNano,
    view: rowTraceView(rows),
    summary: () => known(summary),
  };
}

// biome-ignore lint/correctness/useYield: it is known already
function* known(summary: TraceSummary): Steps<TraceSummary> {
  return summary;
}
