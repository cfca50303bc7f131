/** What a store must answer, worked out the slow and obvious way over plain spans. Shares no code with src/filter. */

import type { TraceQuery } from "../../src/filter/trace-query.ts";
import type { AttributeValue } from "../../src/model/attribute-value.ts";
import type { Span } from "../../src/model/span.ts";
import type { TraceSummary } from "../../src/model/trace-summary.ts";
import type { ServiceStatistics } from "../../src/store/trace-statistics.ts";

/** A trace as the model knows it. */
export interface NaiveTrace {
  readonly summary: TraceSummary;
  readonly spans: readonly Span[];
}

/** Text that is equal exactly when two spans are. */
export function spanText(span: Span): string {
  return JSON.stringify(span, (_key, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : Object.is(value, Number.NaN) ? "NaN" : value,
  );
}

/** All traces, newest first, each distinct span once. */
export function naiveTraces(spans: readonly Span[]): NaiveTrace[] {
  const distinct = [...new Map(spans.map((span) => [spanText(span), span])).values()];
  const ids = [...new Set(distinct.map((span) => span.traceId))];
  return ids
    .map((id) => naiveTrace(distinct.filter((span) => span.traceId === id)))
    .sort((left, right) => compareNewestFirst(left.summary, right.summary));
}

/** The traces that match, newest first. */
export function naiveSearch(spans: readonly Span[], query: TraceQuery): NaiveTrace[] {
  return naiveTraces(spans).filter(
    (trace) => trace.spans.some((span) => spanFits(span, query)) && summaryFits(trace.summary, query),
  );
}

/** Sums by service over the traces that start in the range. */
export function naiveStatistics(
  spans: readonly Span[],
  range: Pick<TraceQuery, "startTimeUnixNano" | "endTimeUnixNano">,
): ServiceStatistics[] {
  const counted = naiveSearch(spans, range).flatMap((trace) => trace.spans);
  const names = [...new Set(counted.map((span) => span.serviceName))].sort();
  return names.map((serviceName) => {
    const own = counted.filter((span) => span.serviceName === serviceName);
    return {
      serviceName,
      spanCount: own.length,
      errorCount: own.filter((span) => span.status === "ERROR").length,
      totalDurationNanos: own.reduce((sum, span) => sum + durationOf(span), 0n),
      operations: [...new Set(own.map((span) => span.name))].sort(),
      operationsTruncated: false,
    };
  });
}

function compareNewestFirst(left: TraceSummary, right: TraceSummary): number {
  if (left.startTimeUnixNano !== right.startTimeUnixNano) {
    return left.startTimeUnixNano > right.startTimeUnixNano ? -1 : 1;
  }
  return left.traceId > right.traceId ? -1 : 1;
}

function durationOf(span: Span): bigint {
  return span.endTimeUnixNano > span.startTimeUnixNano ? span.endTimeUnixNano - span.startTimeUnixNano : 0n;
}

function naiveTrace(spans: readonly Span[]): NaiveTrace {
  const ordered = spans.toSorted((left, right) => {
    if (left.startTimeUnixNano !== right.startTimeUnixNano) {
      return left.startTimeUnixNano < right.startTimeUnixNano ? -1 : 1;
    }
    return left.spanId < right.spanId ? -1 : 1;
  });
  const first = ordered[0] as Span;
  const root = ordered.find((span) => span.parentSpanId === undefined);
  let endTimeUnixNano = first.startTimeUnixNano;
  for (const span of ordered)
    if (span.endTimeUnixNano > endTimeUnixNano) endTimeUnixNano = span.endTimeUnixNano;
  const services = [...new Set(ordered.map((span) => span.serviceName))].sort();
  return {
    spans: ordered,
    summary: {
      traceId: first.traceId,
      rootServiceName: root?.serviceName ?? "",
      rootOperationName: root?.name ?? "",
      startTimeUnixNano: first.startTimeUnixNano,
      endTimeUnixNano,
      spanCount: ordered.length,
      errorCount: ordered.filter((span) => span.status === "ERROR").length,
      services: services.map((name) => {
        const own = ordered.filter((span) => span.serviceName === name);
        const errorCount = own.filter((span) => span.status === "ERROR").length;
        return { name, spanCount: own.length, errorCount };
      }),
    },
  };
}

function spanFits(span: Span, query: TraceQuery): boolean {
  if (query.serviceName !== undefined && query.serviceName !== span.serviceName) return false;
  if (query.operationName !== undefined && query.operationName !== span.name) return false;
  if (query.hasErrors === true && span.status !== "ERROR") return false;
  for (const { key, value } of query.attributes ?? []) {
    const holder = Object.hasOwn(span.attributes, key) ? span.attributes : span.resource.attributes;
    const stored = holder[key];
    if (stored === undefined || !valueFits(stored, value)) return false;
  }
  return true;
}

/** Only for the values and texts the property test makes: numbers without exponents. */
function valueFits(stored: AttributeValue, text: string): boolean {
  if (typeof stored === "string") return stored === text;
  if (typeof stored === "boolean" || typeof stored === "bigint") return `${stored}` === text;
  if (typeof stored === "number") return text !== "" && Number(text) === stored;
  return Array.isArray(stored) && stored.some((element: AttributeValue) => valueFits(element, text));
}

function summaryFits(summary: TraceSummary, query: TraceQuery): boolean {
  const duration = summary.endTimeUnixNano - summary.startTimeUnixNano;
  const wrong = [
    query.rootServiceName !== undefined && query.rootServiceName !== summary.rootServiceName,
    query.rootOperationName !== undefined && query.rootOperationName !== summary.rootOperationName,
    query.hasErrors === false && summary.errorCount > 0,
    query.minDurationNanos !== undefined && duration < query.minDurationNanos,
    query.maxDurationNanos !== undefined && duration > query.maxDurationNanos,
    query.startTimeUnixNano !== undefined && summary.startTimeUnixNano < query.startTimeUnixNano,
    query.endTimeUnixNano !== undefined && summary.startTimeUnixNano >= query.endTimeUnixNano,
    query.minEndTimeUnixNano !== undefined && summary.endTimeUnixNano < query.minEndTimeUnixNano,
  ];
  return !wrong.includes(true);
}
