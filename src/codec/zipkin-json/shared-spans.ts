/** B3's shared span ids, told apart: a server that reuses its client's span id becomes a span of its own. */

import type { Span } from "../../model/span.ts";

/** A decoded span, and whether a server reused its client's span id. */
export interface ZipkinDecodedSpan {
  readonly span: Span;
  readonly isShared: boolean;
}

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;
const MASK_64 = 0xffff_ffff_ffff_ffffn;

/**
 * Gives every shared server span an id derived from (trace, id, service), with the client's id as parent. Spans of the
 * same service that named the shared id as parent follow the server. The derivation is a hash, so that a span reported
 * twice gets the same id twice.
 *
 * ```
 *   before:  web CLIENT id=b      app SERVER id=b shared      app local parent=b
 *   after:   web CLIENT id=b <-   app SERVER id=h(b,app)  <-  app local parent=h(b,app)
 * ```
 */
export function separateSharedSpans(decoded: readonly ZipkinDecodedSpan[]): Span[] {
  const ownIds = new Map<string, string>();
  for (const { span, isShared } of decoded) {
    if (isShared) ownIds.set(keyOf(span, span.spanId), derivedId(span));
  }
  if (ownIds.size === 0) return decoded.map(({ span }) => span);
  return decoded.map(({ span, isShared }) => {
    const ownId = isShared ? ownIds.get(keyOf(span, span.spanId)) : undefined;
    if (ownId !== undefined) {
      const attributes = { ...span.attributes, "zipkin.shared_span_id": span.spanId };
      return { ...span, spanId: ownId, parentSpanId: span.spanId, attributes };
    }
    const movedParent = span.parentSpanId && ownIds.get(keyOf(span, span.parentSpanId));
    return movedParent ? { ...span, parentSpanId: movedParent } : span;
  });
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
