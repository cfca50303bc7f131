/** What the evaluator reads of a trace, one fact at a time. */

import { utf8FromText } from "../../base/utf8.ts";
import type { AttributeValue } from "../../model/attribute-value.ts";
import type { Scope, Span, SpanEvent, SpanLink } from "../../model/span.ts";

/** An attribute key in the forms that views look it up by; made once per query. */
export interface AttributeKey {
  readonly text: string;
  readonly utf8: Uint8Array;
}

/** The key of a text. */
export function attributeKey(text: string): AttributeKey {
  return { text, utf8: utf8FromText(text) };
}

/**
 * The distinct spans of one whole trace, by number: 0 is the earliest, the smaller span id first among equals. Nothing
 * is decoded before it is asked for.
 */
export interface TraceView {
  readonly spanCount: number;
  /** 32 lower-case hex digits; "" when there is no span. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  spanId(span: number): string;
  /** 16 lower-case hex digits; undefined for a root. */
  parentSpanId(span: number): string | undefined;
  name(span: number): string;
  /** `service.name` of the resource, or `unknown_service`. */
  serviceName(span: number): string;
  /** OTLP number; numbers that mean nothing are 0. */
  kind(span: number): number;
  /** OTLP number; numbers that mean nothing are 0. */
  status(span: number): number;
  statusMessage(span: number): string;
  startTimeUnixNano(span: number): bigint;
  endTimeUnixNano(span: number): bigint;
  /** Undefined when the span has no such key, null when it was sent without a value. */
  spanAttribute(span: number, key: AttributeKey): AttributeValue | undefined;
  /** Undefined when the resource has no such key, null when it was sent without a value. */
  resourceAttribute(span: number, key: AttributeKey): AttributeValue | undefined;
  scope(span: number): Scope;
  events(span: number): readonly SpanEvent[];
  links(span: number): readonly SpanLink[];
  /** The span as analyses take it; the same object whenever it is asked for. */
  analysed(span: number): Span;
}

/** end - start in nanoseconds; 0 when the span ends before it starts. */
export function durationNanosAt(view: TraceView, span: number): bigint {
  const start = view.startTimeUnixNano(span);
  const end = view.endTimeUnixNano(span);
  return end > start ? end - start : 0n;
}
