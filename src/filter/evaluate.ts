/** What a search means: the one definition that every store must agree with. */

import { resourceAttribute, spanAttribute } from "../batch/row-attributes.ts";
import { nameOf, serviceNameOf } from "../batch/row-names.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import type { TraceSummary } from "../model/trace-summary.ts";
import type { TypedText } from "./attribute-text.ts";
import { matchesAttributeText, typedText } from "./attribute-text.ts";
import type { TraceQuery } from "./trace-query.ts";

const STATUS_ERROR = 2;

/** Says of one span whether every span condition of a query holds on it. */
export type SpanMatcher = (row: SpanRow) => boolean;

/** True when the query has a condition that must hold on a span: service, operation, attribute, `hasErrors: true`. */
export function hasSpanConditions(query: TraceQuery): boolean {
  return (
    query.serviceName !== undefined ||
    query.operationName !== undefined ||
    query.hasErrors === true ||
    (query.attributes !== undefined && query.attributes.length > 0)
  );
}

/**
 * Prepares the span conditions of a query for many rows. The cheap conditions (columns) are asked before the ones
 * that decode bytes. Keys are taken as they are written: no aliases of older semantic conventions.
 */
export function spanMatcher(query: TraceQuery): SpanMatcher {
  const { serviceName, operationName } = query;
  const onlyErrors = query.hasErrors === true;
  const attributes = (query.attributes ?? []).map(({ key, value }) => ({ key, wanted: typedText(value) }));
  return (row) => {
    if (onlyErrors && row.batch.statusCodes[row.row] !== STATUS_ERROR) return false;
    if (serviceName !== undefined && serviceNameOf(row) !== serviceName) return false;
    if (operationName !== undefined && nameOf(row) !== operationName) return false;
    return attributes.every(({ key, wanted }) => hasAttribute(row, key, wanted));
  };
}

/**
 * True when all span conditions of a query hold on this one span; true for a query without any.
 * Use {@link spanMatcher} for many rows.
 */
export function matchesSpan(query: TraceQuery, row: SpanRow): boolean {
  return spanMatcher(query)(row);
}

/**
 * True when all conditions on the trace as a whole hold: its time, duration, root, and `hasErrors: false`.
 * Bounds of the duration are inclusive; the time range includes its start and excludes its end.
 */
export function matchesSummary(query: TraceQuery, summary: TraceSummary): boolean {
  return (
    matchesTimes(query, summary.startTimeUnixNano, summary.endTimeUnixNano) &&
    (query.rootServiceName === undefined || query.rootServiceName === summary.rootServiceName) &&
    (query.rootOperationName === undefined || query.rootOperationName === summary.rootOperationName) &&
    (query.hasErrors !== false || summary.errorCount === 0)
  );
}

/**
 * The part of {@link matchesSummary} that needs only the start and end of the trace. A trace whose last span ends before
 * its first one starts ends as it starts.
 */
export function matchesTimes(query: TraceQuery, startTimeUnixNano: bigint, lastEndUnixNano: bigint): boolean {
  const endTimeUnixNano = lastEndUnixNano > startTimeUnixNano ? lastEndUnixNano : startTimeUnixNano;
  const durationNanos = endTimeUnixNano - startTimeUnixNano;
  return (
    (query.startTimeUnixNano === undefined || startTimeUnixNano >= query.startTimeUnixNano) &&
    (query.endTimeUnixNano === undefined || startTimeUnixNano < query.endTimeUnixNano) &&
    (query.minEndTimeUnixNano === undefined || endTimeUnixNano >= query.minEndTimeUnixNano) &&
    (query.minDurationNanos === undefined || durationNanos >= query.minDurationNanos) &&
    (query.maxDurationNanos === undefined || durationNanos <= query.maxDurationNanos)
  );
}

function hasAttribute(row: SpanRow, key: string, wanted: TypedText): boolean {
  const own = spanAttribute(row, key);
  const value = own === undefined ? resourceAttribute(row, key) : own;
  return value !== undefined && matchesAttributeText(value, wanted);
}
