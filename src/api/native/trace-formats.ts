/** A whole trace in each of the formats the API speaks, written in chunks of bounded size. */

import { inSlices, TimeSlice } from "../../base/time-slice.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import { spanFromRow } from "../../batch/span-from-row.ts";
import { jaegerTextFromRows } from "../../codec/jaeger-json/encode.ts";
import { otlpJsonFromRows } from "../../codec/otlp-json/encode.ts";
import { zipkinSpansFromSpans } from "../../codec/zipkin-json/encode.ts";
import { rowsForOtlp } from "../../codec/zipkin-json/shared-rows.ts";
import { spanJson } from "../../model/span-json.ts";
import type { StoredTrace } from "../../query/stored-trace.ts";
import type { SpanJson } from "../contract.ts";
import { rowSlices } from "../row-slices.ts";
import { summaryJson } from "./summary-json.ts";

/** Formats of `GET /api/v1/traces/{traceId}`. */
export type TraceFormat = "tracagg" | "otlp" | "jaeger" | "zipkin";

/** Every {@link TraceFormat}. */
export const TRACE_FORMATS: readonly TraceFormat[] = Object.freeze(["tracagg", "otlp", "jaeger", "zipkin"]);

/** The trace as JSON text in pieces, to be joined. */
export async function traceChunks(
  stored: StoredTrace,
  format: TraceFormat,
  signal: AbortSignal,
): Promise<Iterable<string>> {
  switch (format) {
    case "tracagg":
      return nativeChunks(stored);
    case "otlp":
      return otlpChunks(await inSlices(rowsForOtlp(stored.rows), new TimeSlice(signal)));
    case "jaeger":
      return jaegerTextFromRows(rowSlices(stored.rows));
    case "zipkin":
      return zipkinChunks(stored.rows);
  }
}

function* zipkinChunks(rows: readonly SpanRow[]): Iterable<string> {
  let separator = "[";
  for (const slice of rowSlices(rows)) {
    yield separator + JSON.stringify(zipkinSpansFromSpans(slice.map(spanFromRow))).slice(1, -1);
    separator = ",";
  }
  yield "]";
}

function* nativeChunks(stored: StoredTrace): Iterable<string> {
  const summary = JSON.stringify(summaryJson(stored.summary));
  yield `${summary.slice(0, -1)},"spans":[`;
  let separator = "";
  for (const rows of rowSlices(stored.rows)) {
    yield separator +
      rows.map((row) => JSON.stringify(spanJson(spanFromRow(row)) satisfies SpanJson)).join(",");
    separator = ",";
  }
  yield "]}";
}

/** Each slice is a document of its own; their lists of resource spans are joined into one. */
function* otlpChunks(rows: readonly SpanRow[]): Iterable<string> {
  const head = '{"resourceSpans":[';
  const tail = "]}";
  yield head;
  let separator = "";
  for (const slice of rowSlices(rows)) {
    yield separator + otlpJsonFromRows(slice).slice(head.length, -tail.length);
    separator = ",";
  }
  yield tail;
}
