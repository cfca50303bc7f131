/**
 * Spans and traces as plain JSON. `JSON.stringify` refuses a Span, since its times are bigints: stringify what these
 * functions return.
 */

import type { PlainJson } from "./attribute-json.ts";
import { plainJsonFromAttributes } from "./attribute-json.ts";
import type { Resource, Scope, Span, SpanEvent, SpanLink } from "./span.ts";
import { isoFromUnixNano } from "./time.ts";
import type { Trace } from "./trace.ts";

/** A type with its bigints as decimal strings, its attributes as plain JSON, and no undefined. */
export type JsonOf<T> = {
  readonly [K in keyof T]: K extends "attributes" ? { readonly [key: string]: PlainJson } : JsonMember<T[K]>;
};

type JsonMember<V> = V extends bigint
  ? string
  : V extends undefined
    ? null
    : V extends string | number | boolean | null
      ? V
      : V extends readonly (infer Item)[]
        ? readonly JsonMember<Item>[]
        : JsonOf<V>;

/** A span as JSON: the members of {@link Span}, and its duration in nanoseconds as a decimal string. */
export type SpanAsJson = Omit<JsonOf<Span>, "events"> & {
  readonly durationNanos: string;
  readonly events: readonly (JsonOf<SpanEvent> & { readonly time: string })[];
};

/** A trace as JSON: the members of {@link Trace}, the root by its id, and the duration in nanoseconds. */
export type TraceAsJson = Omit<JsonOf<Trace>, "spans" | "rootSpan"> & {
  readonly durationNanos: string;
  readonly rootSpanId: string | null;
  readonly spans: readonly SpanAsJson[];
};

/**
 * A span as plain JSON.
 *
 * @example
 * JSON.stringify(spanJson(span));
 */
export function spanJson(span: Span): SpanAsJson {
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
    durationMs: span.durationMs,
    durationNanos: nanosBetween(span),
    status: span.status,
    statusMessage: span.statusMessage,
    serviceName: span.serviceName,
    operationName: span.operationName,
    attributes: plainJsonFromAttributes(span.attributes),
    events: span.events.map(eventJson),
    links: span.links.map(linkJson),
    tags: { ...span.tags },
    resource: resourceJson(span.resource),
    scope: scopeJson(span.scope),
    traceState: span.traceState,
    flags: span.flags,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  };
}

/**
 * A trace with its spans as plain JSON.
 *
 * @example
 * JSON.stringify(traceJson(trace));
 */
export function traceJson(trace: Trace): TraceAsJson {
  return {
    traceId: trace.traceId,
    rootSpanId: trace.rootSpan?.spanId ?? null,
    startTime: trace.startTime,
    endTime: trace.endTime,
    startTimeUnixNano: trace.startTimeUnixNano.toString(),
    endTimeUnixNano: trace.endTimeUnixNano.toString(),
    durationMs: trace.durationMs,
    durationNanos: nanosBetween(trace),
    serviceCount: trace.serviceCount,
    spanCount: trace.spanCount,
    errorCount: trace.errorCount,
    services: [...trace.services],
    spans: trace.spans.map(spanJson),
  };
}

function nanosBetween(each: Pick<Span, "startTimeUnixNano" | "endTimeUnixNano">): string {
  const isForward = each.endTimeUnixNano > each.startTimeUnixNano;
  return isForward ? (each.endTimeUnixNano - each.startTimeUnixNano).toString() : "0";
}

function eventJson(event: SpanEvent): SpanAsJson["events"][number] {
  return {
    name: event.name,
    time: isoFromUnixNano(event.timeUnixNano),
    timeUnixNano: event.timeUnixNano.toString(),
    attributes: plainJsonFromAttributes(event.attributes),
    droppedAttributesCount: event.droppedAttributesCount,
  };
}

function linkJson(link: SpanLink): JsonOf<SpanLink> {
  return { ...link, attributes: plainJsonFromAttributes(link.attributes) };
}

function resourceJson(resource: Resource): JsonOf<Resource> {
  return { ...resource, attributes: plainJsonFromAttributes(resource.attributes) };
}

function scopeJson(scope: Scope): JsonOf<Scope> {
  return { ...scope, attributes: plainJsonFromAttributes(scope.attributes) };
}
