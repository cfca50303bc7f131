/** TracAgg's model to Zipkin v2 JSON, by OpenTelemetry's Zipkin mapping. */

import { plainJsonFromAttributes } from "../../model/attribute-json.ts";
import type { Span, SpanEvent, SpanLink } from "../../model/span.ts";
import { textFromAttribute } from "../attribute-text.ts";
import { localEndpointOf, remoteEndpointOf } from "./endpoints.ts";
import type { ZipkinAnnotation, ZipkinEndpoint, ZipkinSpan } from "./zipkin-model.ts";

const REMOTE_KINDS: ReadonlySet<string> = new Set(["CLIENT", "SERVER", "PRODUCER", "CONSUMER"]);
const UPPER_HALF_ZERO = "0".repeat(16);

/**
 * Spans as Zipkin's clients and UI read them; resource attributes become tags beside the span's own (on a clash the
 * span wins over the scope, the scope over the resource).
 *
 * Lost on the way: nanoseconds below a microsecond, attribute types, which attributes were the resource's, span flags,
 * schema URLs, INTERNAL against UNSPECIFIED. Links travel as tags `otel.link.N`.
 */
export function zipkinSpansFromSpans(spans: Iterable<Span>): ZipkinSpan[] {
  return Array.from(spans, zipkinSpan);
}

function zipkinSpan(span: Span): ZipkinSpan {
  const timestamp = Number(span.startTimeUnixNano / 1_000n);
  const duration = durationMicros(span);
  const annotations = span.events.map(annotationFromEvent);
  const tags = tagsOf(span);
  const remoteEndpoint: ZipkinEndpoint | undefined = remoteEndpointOf(span);
  return {
    traceId: span.traceId.startsWith(UPPER_HALF_ZERO) ? span.traceId.slice(16) : span.traceId,
    ...(span.parentSpanId === undefined ? {} : { parentId: span.parentSpanId }),
    id: span.spanId,
    ...(REMOTE_KINDS.has(span.kind) ? { kind: span.kind as NonNullable<ZipkinSpan["kind"]> } : {}),
    ...(span.name === "" ? {} : { name: span.name }),
    ...(timestamp === 0 ? {} : { timestamp }),
    ...(duration === 0 ? {} : { duration }),
    localEndpoint: localEndpointOf(span),
    ...(remoteEndpoint === undefined ? {} : { remoteEndpoint }),
    ...(annotations.length === 0 ? {} : { annotations }),
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
  };
}

/** Floored, but a span that took any time takes at least 1: Zipkin reads 0 as "unknown". */
function durationMicros(span: Span): number {
  const nanos = span.endTimeUnixNano - span.startTimeUnixNano;
  if (nanos <= 0n) return 0;
  return Math.max(1, Number(nanos / 1_000n));
}

function annotationFromEvent(event: SpanEvent): ZipkinAnnotation {
  const hasAttributes = Object.keys(event.attributes).length > 0;
  const value = hasAttributes
    ? `${JSON.stringify(event.name)}: ${JSON.stringify(plainJsonFromAttributes(event.attributes))}`
    : event.name;
  return { timestamp: Number(event.timeUnixNano / 1_000n), value };
}

function tagsOf(span: Span): Record<string, string> {
  const tags = new Map<string, string>();
  for (const source of [span.resource.attributes, span.scope.attributes, span.attributes, span.tags]) {
    for (const [key, value] of Object.entries(source)) tags.set(key, textFromAttribute(value));
  }
  tags.delete("service.name");
  if (tags.get("error") === "false") tags.delete("error");
  const add = (key: string, value: string) => {
    if (value !== "") tags.set(key, value);
  };
  add("otel.scope.name", span.scope.name);
  add("otel.scope.version", span.scope.version);
  add("otel.library.name", span.scope.name);
  add("otel.library.version", span.scope.version);
  add("w3c.tracestate", span.traceState);
  if (span.status !== "UNSET") tags.set("otel.status_code", span.status);
  if (span.status === "ERROR") tags.set("error", span.statusMessage);
  addCount(tags, "otel.dropped_attributes_count", span.droppedAttributesCount);
  addCount(tags, "otel.dropped_events_count", span.droppedEventsCount);
  addCount(tags, "otel.dropped_links_count", span.droppedLinksCount);
  for (const [index, link] of span.links.entries()) tags.set(`otel.link.${index}`, textFromLink(link));
  return Object.fromEntries([...tags].sort(([left], [right]) => (left < right ? -1 : 1)));
}

function addCount(tags: Map<string, string>, key: string, count: number): void {
  if (count > 0) tags.set(key, String(count));
}

/** A JSON object, so that reading it back needs no rules of escaping. */
function textFromLink(link: SpanLink): string {
  return JSON.stringify({
    traceId: link.traceId,
    spanId: link.spanId,
    traceState: link.traceState,
    attributes: plainJsonFromAttributes(link.attributes),
  });
}
