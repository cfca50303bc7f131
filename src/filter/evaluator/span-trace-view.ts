/** The view of a trace that is there as Span objects. */

import type { Attributes, AttributeValue } from "../../model/attribute-value.ts";
import type { Scope, Span, SpanEvent, SpanLink } from "../../model/span.ts";
import { numberFromSpanKind } from "../../model/span-kind.ts";
import { numberFromSpanStatus } from "../../model/span-status.ts";
import { compareSpans } from "../../model/trace.ts";
import type { AttributeKey, TraceView } from "./trace-view.ts";

class SpanTraceView implements TraceView {
  readonly #spans: readonly Span[];
  readonly traceId: string;
  readonly spanCount: number;

  constructor(spans: readonly Span[]) {
    this.#spans = spans;
    this.spanCount = spans.length;
    this.traceId = spans[0]?.traceId ?? "";
  }

  analysed(span: number): Span {
    return this.#spans[span] as Span;
  }
  spanId(span: number): string {
    return this.analysed(span).spanId;
  }
  parentSpanId(span: number): string | undefined {
    return this.analysed(span).parentSpanId;
  }
  name(span: number): string {
    return this.analysed(span).name;
  }
  serviceName(span: number): string {
    return this.analysed(span).serviceName;
  }
  kind(span: number): number {
    return numberFromSpanKind(this.analysed(span).kind);
  }
  status(span: number): number {
    return numberFromSpanStatus(this.analysed(span).status);
  }
  statusMessage(span: number): string {
    return this.analysed(span).statusMessage;
  }
  startTimeUnixNano(span: number): bigint {
    return this.analysed(span).startTimeUnixNano;
  }
  endTimeUnixNano(span: number): bigint {
    return this.analysed(span).endTimeUnixNano;
  }
  spanAttribute(span: number, key: AttributeKey): AttributeValue | undefined {
    return ownAttribute(this.analysed(span).attributes, key);
  }
  resourceAttribute(span: number, key: AttributeKey): AttributeValue | undefined {
    return ownAttribute(this.analysed(span).resource.attributes, key);
  }
  scope(span: number): Scope {
    return this.analysed(span).scope;
  }
  events(span: number): readonly SpanEvent[] {
    return this.analysed(span).events;
  }
  links(span: number): readonly SpanLink[] {
    return this.analysed(span).links;
  }
}

/** The value of a key; what every object inherits is no attribute. */
export function ownAttribute(attributes: Attributes, { text }: AttributeKey): AttributeValue | undefined {
  return Object.hasOwn(attributes, text) ? attributes[text] : undefined;
}

/** A view of distinct spans, in any order; see {@link sortedSpans} for what its numbers mean. */
export function spanTraceView(spans: readonly Span[]): TraceView {
  return new SpanTraceView(sortedSpans(spans));
}

/** The spans in the order of their numbers in a view. The input is not changed. */
export function sortedSpans(spans: readonly Span[]): readonly Span[] {
  const isSorted = spans.every(
    (span, index) => index === 0 || compareSpans(spans[index - 1] as Span, span) <= 0,
  );
  return isSorted ? spans : [...spans].sort(compareSpans);
}
