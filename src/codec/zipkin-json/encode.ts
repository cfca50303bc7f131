/** TracAgg's model to Zipkin v2 JSON, by OpenTelemetry's Zipkin mapping. */

import { plainJsonFromAttributes } from "../../model/attribute-json.ts";
import type { AttributeValue } from "../../model/attribute-value.ts";
import type { Span, SpanEvent, SpanLink } from "../../model/span.ts";
import { textFromAttribute } from "../attribute-text.ts";
import { isMap, localEndpointOf, remoteEndpointOf } from "./endpoints.ts";
import { otelEventText, peerAttributes, statusFromErrorTag } from "./span-from-reading.ts";
import { ZipkinAttribute } from "./zipkin-attributes.ts";
import type { ZipkinAnnotation, ZipkinEndpoint, ZipkinKind, ZipkinSpan } from "./zipkin-model.ts";

const ZIPKIN_KINDS: ReadonlySet<string> = new Set(["CLIENT", "SERVER", "PRODUCER", "CONSUMER"]);
const UPPER_HALF_ZERO = "0".repeat(16);

/** How spans are written. */
export interface ZipkinWriting {
  /** True: names of services and spans in lower case, as Zipkin's own API answers. Default false. */
  readonly lowerCaseNames?: boolean;
}

/**
 * Spans as Zipkin's clients and UI read them; resource attributes become tags beside the span's own (on a clash the
 * span wins over the scope, the scope over the resource). What came from Zipkin leaves as it came.
 *
 * Lost on the way: nanoseconds below a microsecond, attribute types, which attributes were the resource's, span flags,
 * schema URLs, INTERNAL against UNSPECIFIED. Links travel as tags `otel.link.N`.
 */
export function zipkinSpansFromSpans(
  spans: Iterable<Span>,
  { lowerCaseNames = false }: ZipkinWriting = {},
): ZipkinSpan[] {
  const written = Array.from(spans, zipkinSpan);
  return lowerCaseNames ? written.map(withLowerCaseNames) : written;
}

function withLowerCaseNames(span: ZipkinSpan): ZipkinSpan {
  const { name, localEndpoint, remoteEndpoint } = span;
  return {
    ...span,
    ...(name === undefined ? {} : { name: name.toLowerCase() }),
    ...(localEndpoint === undefined ? {} : { localEndpoint: lowerCased(localEndpoint) }),
    ...(remoteEndpoint === undefined ? {} : { remoteEndpoint: lowerCased(remoteEndpoint) }),
  };
}

function lowerCased(endpoint: ZipkinEndpoint): ZipkinEndpoint {
  const { serviceName } = endpoint;
  return serviceName === undefined ? endpoint : { ...endpoint, serviceName: serviceName.toLowerCase() };
}

function zipkinSpan(span: Span): ZipkinSpan {
  const timestamp = Number(span.startTimeUnixNano / 1_000n);
  const duration = durationMicros(span);
  const annotations = span.events.map(annotationFromEvent);
  const tags = tagsOf(span);
  const localEndpoint = localEndpointOf(span);
  const remoteEndpoint = remoteEndpointOf(span);
  return {
    traceId: span.traceId.startsWith(UPPER_HALF_ZERO) ? span.traceId.slice(16) : span.traceId,
    ...(span.parentSpanId === undefined ? {} : { parentId: span.parentSpanId }),
    id: span.spanId,
    ...(ZIPKIN_KINDS.has(span.kind) ? { kind: span.kind as ZipkinKind } : {}),
    ...(span.name === "" ? {} : { name: span.name }),
    ...(timestamp === 0 ? {} : { timestamp }),
    ...(duration === 0 ? {} : { duration }),
    ...(localEndpoint === undefined ? {} : { localEndpoint }),
    ...(remoteEndpoint === undefined ? {} : { remoteEndpoint }),
    ...(annotations.length === 0 ? {} : { annotations }),
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
    ...(span.attributes[ZipkinAttribute.DEBUG] === true ? { debug: true } : {}),
    ...(span.attributes[ZipkinAttribute.SHARED] === true ? { shared: true } : {}),
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
  const value = hasAttributes ? otelEventText(event.name, event.attributes) : event.name;
  return { timestamp: Number(event.timeUnixNano / 1_000n), value };
}

function tagsOf(span: Span): Record<string, string> {
  const tags = new Map<string, string>();
  const hasZipkinEndpoint = isMap(span.resource.attributes[ZipkinAttribute.LOCAL_ENDPOINT]);
  const ofZipkin = derivedKeys(span);
  for (const [key, value] of Object.entries(span.resource.attributes)) {
    const isOfEndpoint = key === ZipkinAttribute.LOCAL_ENDPOINT || (hasZipkinEndpoint && key === "host.ip");
    if (key !== "service.name" && !isOfEndpoint) tags.set(key, textFromAttribute(value));
  }
  for (const source of [span.scope.attributes, span.attributes, span.tags]) {
    for (const [key, value] of Object.entries(source)) {
      if (!ofZipkin.has(key)) tags.set(key, textFromAttribute(value));
    }
  }
  if (!Object.hasOwn(span.attributes, "service.name")) tags.delete("service.name");
  addOtelTags(tags, span);
  return Object.fromEntries([...tags].sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Attributes that stand for members of Zipkin's span, and so are no tags. */
function derivedKeys(span: Span): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const key of [ZipkinAttribute.DEBUG, ZipkinAttribute.SHARED]) {
    if (span.attributes[key] === true) keys.add(key);
  }
  const marker = span.attributes[ZipkinAttribute.REMOTE_ENDPOINT];
  if (!isMap(marker)) return keys;
  keys.add(ZipkinAttribute.REMOTE_ENDPOINT);
  const tagged: readonly AttributeValue[] = Array.isArray(marker["tagged"]) ? marker["tagged"] : [];
  for (const [key, value] of peerAttributes(remoteEndpointOf(span) ?? {})) {
    if (span.attributes[key] === value && !tagged.includes(key)) keys.add(key);
  }
  return keys;
}

function addOtelTags(tags: Map<string, string>, span: Span): void {
  const add = (key: string, value: string) => {
    if (value !== "") tags.set(key, value);
  };
  add("otel.scope.name", span.scope.name);
  add("otel.scope.version", span.scope.version);
  add("otel.library.name", span.scope.name);
  add("otel.library.version", span.scope.version);
  add("w3c.tracestate", span.traceState);
  addStatus(tags, span);
  addCount(tags, "otel.dropped_attributes_count", span.droppedAttributesCount);
  addCount(tags, "otel.dropped_events_count", span.droppedEventsCount);
  addCount(tags, "otel.dropped_links_count", span.droppedLinksCount);
  for (const [index, link] of span.links.entries()) tags.set(`otel.link.${index}`, textFromLink(link));
}

/** An `error` tag that says all of the status stays as it is; `error=false` says nothing and would count as an error. */
function addStatus(tags: Map<string, string>, { status, statusMessage }: Span): void {
  const error = tags.get("error");
  if (error === "false") tags.delete("error");
  if (status === "UNSET") return;
  const byError = statusFromErrorTag(error);
  if (error !== undefined && byError.status === status && byError.statusMessage === statusMessage) return;
  tags.set("otel.status_code", status);
  if (status === "ERROR") tags.set("error", statusMessage);
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
