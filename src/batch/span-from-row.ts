/** Spans as plain objects, from the rows they are kept in. */

import type { Span } from "../model/span.ts";
import { lazySpan } from "./lazy-span.ts";
import type { SpanRow } from "./span-batch.ts";

export { lazySpan };

/** The span of a row as a plain object, everything decoded. */
export function spanFromRow(row: SpanRow): Span {
  const span = lazySpan(row);
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    name: span.name,
    kind: span.kind,
    startTime: span.startTime,
    endTime: span.endTime,
    startTimeUnixNano: span.startTimeUnixNano,
    endTimeUnixNano: span.endTimeUnixNano,
    durationMs: span.durationMs,
    status: span.status,
    statusMessage: span.statusMessage,
    serviceName: span.serviceName,
    operationName: span.operationName,
    attributes: span.attributes,
    events: span.events,
    links: span.links,
    tags: span.tags,
    resource: span.resource,
    scope: span.scope,
    traceState: span.traceState,
    flags: span.flags,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  };
}
