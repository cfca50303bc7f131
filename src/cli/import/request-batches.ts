/** From documents to OTLP requests of bounded size. */

import type { SpanRow } from "../../batch/span-batch.ts";
import { spansFromJaegerJson } from "../../codec/jaeger-json/decode.ts";
import { otlpProtobufFromJson } from "../../codec/otlp-json/decode.ts";
import { encodeSpans, payloadFromRows } from "../../codec/otlp-protobuf/encode-request.ts";
import type { OtlpRequestDecoder } from "../../codec/otlp-protobuf/request-decoder.ts";
import { spansFromZipkinJson } from "../../codec/zipkin-json/decode.ts";
import type { TraceDocument } from "./trace-documents.ts";
import { traceFormatOf } from "./trace-format.ts";

/** One OTLP request. */
export interface RequestBatch {
  readonly payload: Uint8Array;
  readonly spanCount: number;
  /** Spans of the document that no request holds, since their ids are none. */
  readonly refusedSpans: number;
  /** Why; "" when none was refused. */
  readonly refusal: string;
}

/** Most spans of a request: large enough that a request costs little, small against the server's limit of 64 MiB. */
const MAX_REQUEST_SPANS = 2_000;
/** Bytes after which a request of large spans is sent. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;

function* slicesOfRows(rows: Iterable<SpanRow>): Generator<readonly SpanRow[]> {
  let slice: SpanRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    slice.push(row);
    bytes += (row.batch.spanEnds[row.row] ?? 0) - (row.batch.spanStarts[row.row] ?? 0);
    if (slice.length < MAX_REQUEST_SPANS && bytes < MAX_REQUEST_BYTES) continue;
    yield slice;
    slice = [];
    bytes = 0;
  }
  if (slice.length > 0) yield slice;
}

function* batchesOfOtlp(decoder: OtlpRequestDecoder, text: string): Generator<RequestBatch> {
  const { payload } = otlpProtobufFromJson(new TextEncoder().encode(text));
  const { batch, rejectedSpans, errorMessage } = decoder.decode(payload);
  const rows = Array.from({ length: batch.rowCount }, (_, row): SpanRow => ({ batch, row }));
  let refused = { refusedSpans: rejectedSpans, refusal: errorMessage };
  if (rows.length === 0) yield { payload: new Uint8Array(0), spanCount: 0, ...refused };
  for (const slice of slicesOfRows(rows)) {
    yield { payload: payloadFromRows(slice), spanCount: slice.length, ...refused };
    refused = { refusedSpans: 0, refusal: "" };
  }
}

/**
 * The requests that carry one document's spans.
 *
 * @throws TracAggError `invalid_argument` naming the member at fault.
 */
export function* requestBatches(
  decoder: OtlpRequestDecoder,
  document: TraceDocument,
): Generator<RequestBatch> {
  const format = traceFormatOf(document.value);
  if (format === "otlp") {
    yield* batchesOfOtlp(decoder, document.text);
    return;
  }
  const spans =
    format === "jaeger" ? spansFromJaegerJson(document.value) : spansFromZipkinJson(document.value);
  for (let start = 0; start < spans.length; start += MAX_REQUEST_SPANS) {
    const slice = spans.slice(start, start + MAX_REQUEST_SPANS);
    yield { payload: encodeSpans(slice), spanCount: slice.length, refusedSpans: 0, refusal: "" };
  }
}

/**
 * Joins small requests: two `ExportTraceServiceRequest` messages one after the other are one with the resource spans
 * of both (protobuf, "repeated fields").
 */
export async function* joinedBatches(batches: AsyncIterable<RequestBatch>): AsyncGenerator<RequestBatch> {
  let waiting: RequestBatch[] = [];
  let spanCount = 0;
  let bytes = 0;
  for await (const batch of batches) {
    const isFull =
      spanCount + batch.spanCount > MAX_REQUEST_SPANS || bytes + batch.payload.length > MAX_REQUEST_BYTES;
    if (isFull && waiting.length > 0) {
      yield joined(waiting);
      waiting = [];
      spanCount = 0;
      bytes = 0;
    }
    waiting.push(batch);
    spanCount += batch.spanCount;
    bytes += batch.payload.length;
  }
  if (waiting.length > 0) yield joined(waiting);
}

function joined(batches: readonly RequestBatch[]): RequestBatch {
  const payload = new Uint8Array(batches.reduce((bytes, batch) => bytes + batch.payload.length, 0));
  let offset = 0;
  for (const batch of batches) {
    payload.set(batch.payload, offset);
    offset += batch.payload.length;
  }
  return {
    payload,
    spanCount: batches.reduce((spans, batch) => spans + batch.spanCount, 0),
    refusedSpans: batches.reduce((spans, batch) => spans + batch.refusedSpans, 0),
    refusal: batches.find((batch) => batch.refusal !== "")?.refusal ?? "",
  };
}
