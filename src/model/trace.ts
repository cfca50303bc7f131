/** The Trace model and the one way to make it from spans. */

import type { Span } from "./span.ts";
import { durationMsBetween, isoFromUnixNano } from "./time.ts";

/** All known spans of one trace id, with what can be told from them at a glance. */
export interface Trace {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** By start time, then span id. */
  readonly spans: readonly Span[];
  /** The earliest span without a parent; undefined when none is known. */
  readonly rootSpan: Span | undefined;
  /** Earliest start, ISO 8601 with nine fractional digits. */
  readonly startTime: string;
  /** Latest end, ISO 8601 with nine fractional digits. */
  readonly endTime: string;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  /** Latest end - earliest start, in milliseconds. */
  readonly durationMs: number;
  readonly serviceCount: number;
  readonly spanCount: number;
  /** Spans whose status is ERROR. */
  readonly errorCount: number;
  /** Distinct service names, sorted. */
  readonly services: readonly string[];
}

/** Start ascending, then span id: the order of {@link Trace.spans}. */
export function compareSpans(left: Span, right: Span): number {
  if (left.startTimeUnixNano !== right.startTimeUnixNano) {
    return left.startTimeUnixNano < right.startTimeUnixNano ? -1 : 1;
  }
  if (left.spanId === right.spanId) return 0;
  return left.spanId < right.spanId ? -1 : 1;
}

/**
 * Makes a trace of spans that share a trace id. The input is not changed.
 *
 * @throws RangeError when there is no span.
 */
export function traceFromSpans(spans: readonly Span[]): Trace {
  const sorted = [...spans].sort(compareSpans);
  const first = sorted[0];
  if (first === undefined) throw new RangeError("a trace needs at least one span, got none");
  let endTimeUnixNano = first.endTimeUnixNano;
  let errorCount = 0;
  const services = new Set<string>();
  for (const span of sorted) {
    if (span.endTimeUnixNano > endTimeUnixNano) endTimeUnixNano = span.endTimeUnixNano;
    if (span.status === "ERROR") errorCount++;
    services.add(span.serviceName);
  }
  const startTimeUnixNano = first.startTimeUnixNano;
  if (endTimeUnixNano < startTimeUnixNano) endTimeUnixNano = startTimeUnixNano;
  return {
    traceId: first.traceId,
    spans: sorted,
    rootSpan: sorted.find((span) => span.parentSpanId === undefined),
    startTime: isoFromUnixNano(startTimeUnixNano),
    endTime: isoFromUnixNano(endTimeUnixNano),
    startTimeUnixNano,
    endTimeUnixNano,
    durationMs: durationMsBetween(startTimeUnixNano, endTimeUnixNano),
    serviceCount: services.size,
    spanCount: sorted.length,
    errorCount,
    services: [...services].sort(),
  };
}
