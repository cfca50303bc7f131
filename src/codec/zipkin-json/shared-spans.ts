/** B3's shared span ids, told apart where spans leave as OTLP: a server that reuses its client's id gets one of its own. */

import type { Span } from "../../model/span.ts";
import { ZipkinAttribute } from "./zipkin-attributes.ts";

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;
const MASK_64 = 0xffff_ffff_ffff_ffffn;

/**
 * Spans as other backends can take them. Every span marked `zipkin.shared` gets an id derived from (trace, id, service),
 * with the client's id as parent and the original in `zipkin.shared_span_id`. Spans of the same service that named the
 * shared id as parent follow the server. The derivation is a hash, so that a span that leaves twice gets the same id
 * twice. Without such a span the very same spans come back.
 *
 * ```
 *   before:  web CLIENT id=b      app SERVER id=b shared      app local parent=b
 *   after:   web CLIENT id=b <-   app SERVER id=h(b,app)  <-  app local parent=h(b,app)
 * ```
 */
export function spansForOtlp(spans: readonly Span[]): readonly Span[] {
  const ownIds = new Map<string, string>();
  for (const span of spans) {
    if (span.attributes[ZipkinAttribute.SHARED] !== true) continue;
    ownIds.set(keyOf(span, span.spanId), derivedId(span));
  }
  if (ownIds.size === 0) return spans;
  return spans.map((span) => {
    if (span.attributes[ZipkinAttribute.SHARED] === true) return withOwnId(span, ownIds);
    const movedParent = span.parentSpanId && ownIds.get(keyOf(span, span.parentSpanId));
    return movedParent ? { ...span, parentSpanId: movedParent } : span;
  });
}

function withOwnId(span: Span, ownIds: ReadonlyMap<string, string>): Span {
  const { [ZipkinAttribute.SHARED]: _, ...attributes } = span.attributes;
  return {
    ...span,
    spanId: ownIds.get(keyOf(span, span.spanId)) as string,
    parentSpanId: span.spanId,
    attributes: { ...attributes, [ZipkinAttribute.SHARED_SPAN_ID]: span.spanId },
  };
}

function keyOf(span: Span, spanId: string): string {
  return `${span.traceId}/${spanId}/${span.serviceName}`;
}

/** FNV-1a, 64 bit: spreads well over short keys, and an id is no secret. */
function derivedId(span: Span): string {
  let hash = FNV_OFFSET;
  for (const byte of new TextEncoder().encode(keyOf(span, span.spanId))) {
    hash = ((hash ^ BigInt(byte)) * FNV_PRIME) & MASK_64;
  }
  return (hash === 0n ? 1n : hash).toString(16).padStart(16, "0");
}
