/** Spans and summaries as the native API writes them. */

import { jsonFromAttributes } from "../../codec/attribute-json.ts";
import type { Span, SpanEvent, SpanLink } from "../../model/span.ts";
import { durationMsBetween, isoFromUnixNano } from "../../model/time.ts";
import type { TraceSummary } from "../../model/trace-summary.ts";
import type { SpanEventJson, SpanJson, SpanLinkJson, TraceSummaryJson } from "../contract.ts";

/** A length of time as both forms answers carry. */
function durations(
  startTimeUnixNano: bigint,
  endTimeUnixNano: bigint,
): { readonly durationMs: number; readonly durationNanos: string } {
  const nanos = endTimeUnixNano > startTimeUnixNano ? endTimeUnixNano - startTimeUnixNano : 0n;
  return {
    durationMs: durationMsBetween(startTimeUnixNano, endTimeUnixNano),
    durationNanos: nanos.toString(),
  };
}

/** A span with all its fields. */
export function spanJson(span: Span): SpanJson {
  const { resource, scope } = span;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? null,
    name: span.name,
    kind: span.kind,
    startTime: span.startTime,
    endTime: span.endTime,
    startTimeUnixNano: span.startTimeUnixNano.toString(),
    endTimeUnixNano: span.endTimeUnixNano.toString(),
    ...durations(span.startTimeUnixNano, span.endTimeUnixNano),
    status: span.status,
    statusMessage: span.statusMessage,
    serviceName: span.serviceName,
    operationName: span.operationName,
    attributes: jsonFromAttributes(span.attributes),
    events: span.events.map(eventJson),
    links: span.links.map(linkJson),
    tags: span.tags,
    resource: {
      attributes: jsonFromAttributes(resource.attributes),
      droppedAttributesCount: resource.droppedAttributesCount,
      schemaUrl: resource.schemaUrl,
    },
    scope: {
      name: scope.name,
      version: scope.version,
      attributes: jsonFromAttributes(scope.attributes),
      droppedAttributesCount: scope.droppedAttributesCount,
      schemaUrl: scope.schemaUrl,
    },
    traceState: span.traceState,
    flags: span.flags,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  };
}

function eventJson(event: SpanEvent): SpanEventJson {
  return {
    name: event.name,
    time: isoFromUnixNano(event.timeUnixNano),
    timeUnixNano: event.timeUnixNano.toString(),
    attributes: jsonFromAttributes(event.attributes),
    droppedAttributesCount: event.droppedAttributesCount,
  };
}

function linkJson(link: SpanLink): SpanLinkJson {
  return {
    traceId: link.traceId,
    spanId: link.spanId,
    traceState: link.traceState,
    attributes: jsonFromAttributes(link.attributes),
    droppedAttributesCount: link.droppedAttributesCount,
    flags: link.flags,
  };
}

/** One row of a list of traces. */
export function summaryJson(summary: TraceSummary): TraceSummaryJson {
  const { startTimeUnixNano, endTimeUnixNano } = summary;
  return {
    traceId: summary.traceId,
    rootService: summary.rootServiceName,
    rootOperation: summary.rootOperationName,
    startTime: isoFromUnixNano(startTimeUnixNano),
    startTimeUnixNano: startTimeUnixNano.toString(),
    endTime: isoFromUnixNano(endTimeUnixNano),
    endTimeUnixNano: endTimeUnixNano.toString(),
    ...durations(startTimeUnixNano, endTimeUnixNano),
    spanCount: summary.spanCount,
    errorCount: summary.errorCount,
    serviceCount: summary.services.length,
    services: summary.services,
  };
}
