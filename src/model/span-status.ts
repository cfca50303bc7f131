/** Span status: the words people read and the numbers OTLP sends. */

/** The status words; each value is its own word. */
export const SpanStatus: { readonly [Word in SpanStatus]: Word } = Object.freeze({
  UNSET: "UNSET",
  OK: "OK",
  ERROR: "ERROR",
});

/** One of the words of {@link SpanStatus}. */
export type SpanStatus = "UNSET" | "OK" | "ERROR";

/** OTLP numbers are the indexes of this list (trace.proto, `Status.StatusCode`). */
export const SPAN_STATUS_BY_NUMBER: readonly SpanStatus[] = Object.freeze(["UNSET", "OK", "ERROR"]);

/** The word for an OTLP status number; numbers from the future read as UNSET. */
export function spanStatusFromNumber(code: number): SpanStatus {
  return SPAN_STATUS_BY_NUMBER[code] ?? "UNSET";
}

/** The OTLP number of a status. */
export function numberFromSpanStatus(status: SpanStatus): number {
  return SPAN_STATUS_BY_NUMBER.indexOf(status);
}
