/** The summary of a trace in view. */

import type { Steps } from "../../base/time-slice.ts";
import type { ServiceShare, TraceSummary } from "../../model/trace-summary.ts";
import type { TraceView } from "./trace-view.ts";

const STATUS_ERROR = 2;
/** Spans looked at between two chances for others to run. */
const SPANS_PER_STEP = 1_024;

type MutableShare = { -readonly [Key in keyof ServiceShare]: ServiceShare[Key] };

/**
 * Summarises a trace: what `rowSummary` says of its rows. Work that can be done in slices.
 *
 * @throws RangeError when there is no span.
 */
export function* viewSummary(view: TraceView): Steps<TraceSummary> {
  if (view.spanCount === 0) throw new RangeError("a trace summary needs at least one span, got none");
  const startTimeUnixNano = view.startTimeUnixNano(0);
  const shares = new Map<string, MutableShare>();
  let endTimeUnixNano = startTimeUnixNano;
  let errorCount = 0;
  let root = -1;
  for (let span = 0; span < view.spanCount; span++) {
    const end = view.endTimeUnixNano(span);
    if (end > endTimeUnixNano) endTimeUnixNano = end;
    const name = view.serviceName(span);
    const share = shares.get(name) ?? { name, spanCount: 0, errorCount: 0 };
    shares.set(name, share);
    share.spanCount++;
    if (view.status(span) === STATUS_ERROR) {
      share.errorCount++;
      errorCount++;
    }
    if (root === -1 && view.parentSpanId(span) === undefined) root = span;
    if (span % SPANS_PER_STEP === SPANS_PER_STEP - 1) yield SPANS_PER_STEP;
  }
  return {
    traceId: view.traceId,
    rootServiceName: root === -1 ? "" : view.serviceName(root),
    rootOperationName: root === -1 ? "" : view.name(root),
    startTimeUnixNano,
    endTimeUnixNano,
    spanCount: view.spanCount,
    errorCount,
    services: [...shares.values()].sort((left, right) => (left.name < right.name ? -1 : 1)),
  };
}
