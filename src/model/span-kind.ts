/** Span kinds: the words people read and the numbers OTLP sends. */

/** The kinds of span; each value is its own word. */
export const SpanKind: { readonly [Word in SpanKind]: Word } = Object.freeze({
  UNSPECIFIED: "UNSPECIFIED",
  INTERNAL: "INTERNAL",
  SERVER: "SERVER",
  CLIENT: "CLIENT",
  PRODUCER: "PRODUCER",
  CONSUMER: "CONSUMER",
});

/** One of the words of {@link SpanKind}. */
export type SpanKind = "UNSPECIFIED" | "INTERNAL" | "SERVER" | "CLIENT" | "PRODUCER" | "CONSUMER";

/** OTLP numbers are the indexes of this list (trace.proto, `Span.SpanKind`). */
export const SPAN_KIND_BY_NUMBER: readonly SpanKind[] = Object.freeze([
  "UNSPECIFIED",
  "INTERNAL",
  "SERVER",
  "CLIENT",
  "PRODUCER",
  "CONSUMER",
]);

/** The word for an OTLP kind number; numbers from the future read as UNSPECIFIED. */
export function spanKindFromNumber(kind: number): SpanKind {
  return SPAN_KIND_BY_NUMBER[kind] ?? "UNSPECIFIED";
}

/** The OTLP number of a kind. */
export function numberFromSpanKind(kind: SpanKind): number {
  return SPAN_KIND_BY_NUMBER.indexOf(kind);
}
