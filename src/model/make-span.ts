/** The one way to make a Span object from its independent parts. */

import type { Resource, Span } from "./span.ts";
import { EMPTY_RESOURCE, EMPTY_SCOPE, UNKNOWN_SERVICE } from "./span.ts";
import { durationMsBetween, isoFromUnixNano } from "./time.ts";

/** What cannot be derived; everything else has the default of an OTLP field that was not sent. */
export type SpanParts = Pick<Span, "traceId" | "spanId" | "name" | "startTimeUnixNano" | "endTimeUnixNano"> &
  Partial<Omit<Span, "startTime" | "endTime" | "durationMs" | "operationName" | "serviceName">>;

/** Fills in the derived members (ISO times, duration, service and operation name) and the defaults. */
export function makeSpan(parts: SpanParts): Span {
  const resource = parts.resource ?? EMPTY_RESOURCE;
  return {
    traceId: parts.traceId,
    spanId: parts.spanId,
    parentSpanId: parts.parentSpanId,
    name: parts.name,
    kind: parts.kind ?? "UNSPECIFIED",
    startTime: isoFromUnixNano(parts.startTimeUnixNano),
    endTime: isoFromUnixNano(parts.endTimeUnixNano),
    startTimeUnixNano: parts.startTimeUnixNano,
    endTimeUnixNano: parts.endTimeUnixNano,
    durationMs: durationMsBetween(parts.startTimeUnixNano, parts.endTimeUnixNano),
    status: parts.status ?? "UNSET",
    statusMessage: parts.statusMessage ?? "",
    serviceName: serviceNameOfResource(resource),
    operationName: parts.name,
    attributes: parts.attributes ?? {},
    events: parts.events ?? [],
    links: parts.links ?? [],
    tags: parts.tags ?? {},
    resource,
    scope: parts.scope ?? EMPTY_SCOPE,
    traceState: parts.traceState ?? "",
    flags: parts.flags ?? 0,
    droppedAttributesCount: parts.droppedAttributesCount ?? 0,
    droppedEventsCount: parts.droppedEventsCount ?? 0,
    droppedLinksCount: parts.droppedLinksCount ?? 0,
  };
}

/** `service.name`, or {@link UNKNOWN_SERVICE} when it is missing, empty or no string. */
export function serviceNameOfResource(resource: Resource): string {
  const serviceName = resource.attributes["service.name"];
  return typeof serviceName === "string" && serviceName !== "" ? serviceName : UNKNOWN_SERVICE;
}
