/** Rows of a trace as OTLP may have them: Zipkin's servers that share their client's id get one of their own. */

import { TimeSlice } from "../../base/time-slice.ts";
import { spanAttribute } from "../../batch/row-attributes.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import { spanFromRow } from "../../batch/span-from-row.ts";
import { encodeSpans } from "../../codec/otlp-protobuf/encode-request.ts";
import { OtlpRequestDecoder } from "../../codec/otlp-protobuf/request-decoder.ts";
import { spansForOtlp } from "../../codec/zipkin-json/shared-spans.ts";
import { ZipkinAttribute } from "../../codec/zipkin-json/zipkin-attributes.ts";
import type { Span } from "../../model/span.ts";

/** Spans written anew at once. */
const SPANS_PER_PIECE = 512;

/** The rows of one trace; the very same ones where no span shares its id, as in all that came over OTLP. */
export async function rowsForOtlp(
  rows: readonly SpanRow[],
  signal: AbortSignal,
): Promise<readonly SpanRow[]> {
  const slice = new TimeSlice(signal);
  if (!(await hasSharedSpan(rows, slice))) return rows;
  const spans: Span[] = [];
  for (const row of rows) {
    spans.push(spanFromRow(row));
    if (slice.isOver(1)) await slice.rest();
  }
  const toldApart = spansForOtlp(spans);
  const decoder = new OtlpRequestDecoder();
  const written: SpanRow[] = [];
  for (let at = 0; at < toldApart.length; at += SPANS_PER_PIECE) {
    const { batch } = decoder.decode(encodeSpans(toldApart.slice(at, at + SPANS_PER_PIECE)));
    for (let row = 0; row < batch.rowCount; row++) written.push({ batch, row });
    if (slice.isOver(SPANS_PER_PIECE)) await slice.rest();
  }
  return written;
}

async function hasSharedSpan(rows: readonly SpanRow[], slice: TimeSlice): Promise<boolean> {
  for (const row of rows) {
    if (spanAttribute(row, ZipkinAttribute.SHARED) === true) return true;
    if (slice.isOver(1)) await slice.rest();
  }
  return false;
}
