/** The Span model: plain readonly data, exact integer nanoseconds. */

import type { Attributes } from "./attribute-value.ts";
import type { SpanKind } from "./span-kind.ts";
import type { SpanStatus } from "./span-status.ts";

/** Service name of spans whose resource names none (OpenTelemetry's default). */
export const UNKNOWN_SERVICE = "unknown_service";

/** The entity that produced spans: a process, container, function. */
export interface Resource {
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
  /** Schema URL of the resource's attributes, "" when none was sent. */
  readonly schemaUrl: string;
}

/** The instrumentation scope (library) that made a span. */
export interface Scope {
  readonly name: string;
  readonly version: string;
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
  /** Schema URL of the scope, its spans and events, "" when none was sent. */
  readonly schemaUrl: string;
}

/** Something that happened at one moment of a span. */
export interface SpanEvent {
  readonly name: string;
  readonly timeUnixNano: bigint;
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
}

/** A pointer from a span to another span, usually of another trace. */
export interface SpanLink {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
  /** W3C trace flags and the is-remote bits, as sent. */
  readonly flags: number;
}

/** One operation of one service. */
export interface Span {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** 16 lower-case hex digits; undefined for a root. */
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  /** ISO 8601 in UTC with nine fractional digits. */
  readonly startTime: string;
  /** ISO 8601 in UTC with nine fractional digits. */
  readonly endTime: string;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  /** end - start in milliseconds; 0 when the span ends before it starts. */
  readonly durationMs: number;
  readonly status: SpanStatus;
  /** "" when none was sent. */
  readonly statusMessage: string;
  /** `service.name` of the resource, or `unknown_service`. */
  readonly serviceName: string;
  /** The same as {@link Span.name}: the word the original design uses. */
  readonly operationName: string;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  /** Own labels of library users; empty for spans that came over OTLP. */
  readonly tags: Readonly<Record<string, string>>;
  readonly resource: Resource;
  readonly scope: Scope;
  /** W3C `tracestate`, verbatim. */
  readonly traceState: string;
  /** W3C trace flags (bits 0-7) and the is-remote bits (8, 9), verbatim. */
  readonly flags: number;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

/** A resource that says nothing. */
export const EMPTY_RESOURCE: Resource = Object.freeze({
  attributes: Object.freeze({}),
  droppedAttributesCount: 0,
  schemaUrl: "",
});

/** A scope that says nothing. */
export const EMPTY_SCOPE: Scope = Object.freeze({
  name: "",
  version: "",
  attributes: Object.freeze({}),
  droppedAttributesCount: 0,
  schemaUrl: "",
});
