/** The summary of a trace, from its spans. */

import type { Span } from "../model/span.ts";
import type { ServiceShare, TraceSummary } from "../model/trace-summary.ts";

/** What a summary needs of a span. */
export type SummarySpan = Pick<
  Span,
  | "traceId"
  | "spanId"
  | "parentSpanId"
  | "name"
  | "serviceName"
  | "status"
  | "startTimeUnixNano"
  | "endTimeUnixNano"
>;

/**
 * Summarises the distinct spans of one trace, in any order.
 *
 * The root is the earliest span without a parent, the smaller span id first among equals. The end is never before
 * the start, whatever the spans say.
 *
 * @throws RangeError when there is no span.
 */
export function traceSummary(spans: readonly SummarySpan[]): TraceSummary {
  const first = spans[0];
  if (first === undefined) throw new RangeError("a trace summary needs at least one span, got none");
  let root: SummarySpan | undefined;
  let startTimeUnixNano = first.startTimeUnixNano;
  let endTimeUnixNano = first.endTimeUnixNano;
  let errorCount = 0;
  for (const span of spans) {
    if (span.startTimeUnixNano < startTimeUnixNano) startTimeUnixNano = span.startTimeUnixNano;
    if (span.endTimeUnixNano > endTimeUnixNano) endTimeUnixNano = span.endTimeUnixNano;
    if (span.status === "ERROR") errorCount++;
    if (span.parentSpanId === undefined && (root === undefined || isBefore(span, root))) root = span;
  }
  if (endTimeUnixNano < startTimeUnixNano) endTimeUnixNano = startTimeUnixNano;
  return {
    traceId: first.traceId,
    rootServiceName: root?.serviceName ?? "",
    rootOperationName: root?.name ?? "",
    startTimeUnixNano,
    endTimeUnixNano,
    spanCount: spans.length,
    errorCount,
    services: serviceShares(spans),
  };
}

function isBefore(left: SummarySpan, right: SummarySpan): boolean {
  if (left.startTimeUnixNano !== right.startTimeUnixNano) {
    return left.startTimeUnixNano < right.startTimeUnixNano;
  }
  return left.spanId < right.spanId;
}

function serviceShares(spans: readonly SummarySpan[]): ServiceShare[] {
  const shares = new Map<string, { name: string; spanCount: number; errorCount: number }>();
  for (const span of spans) {
    const name = span.serviceName;
    let share = shares.get(name);
    if (share === undefined) {
      share = { name, spanCount: 0, errorCount: 0 };
      shares.set(name, share);
    }
    share.spanCount++;
    if (span.status === "ERROR") share.errorCount++;
  }
  return [...shares.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}
