/** Answers of api_v3 as JSON. */

import type { SpanRow } from "../../batch/span-batch.ts";
import { otlpJsonFromRows } from "../../codec/otlp-json/encode.ts";
import type { TraceOutline } from "../../query/trace-outline.ts";
import { rowSlices } from "../row-slices.ts";

/**
 * Whole traces as one `TracesData` in its envelope, in pieces. Each slice is a document of its own; their lists are
 * joined into one.
 */
export function* tracesJson(traces: Iterable<readonly SpanRow[]>): Generator<string, void> {
  const head = '{"resourceSpans":[';
  const tail = "]}";
  yield `{"result":${head}`;
  let separator = "";
  for (const rows of traces) {
    for (const slice of rowSlices(rows)) {
      yield separator + otlpJsonFromRows(slice).slice(head.length, -tail.length);
      separator = ",";
    }
  }
  yield `${tail}}`;
}

/** Outlines in their envelope, in pieces. */
export function* summariesJson(outlines: readonly TraceOutline[]): Generator<string, void> {
  yield '{"summaries":[';
  let separator = "";
  for (const outline of outlines) {
    yield separator + JSON.stringify(summaryJson(outline));
    separator = ",";
  }
  yield "]}";
}

/** As protobuf's JSON has it: 64-bit numbers are texts, what is empty or 0 is left out. */
function summaryJson(outline: TraceOutline): object {
  return {
    traceId: outline.traceId,
    ...(outline.rootServiceName === "" ? {} : { rootServiceName: outline.rootServiceName }),
    ...(outline.rootOperationName === "" ? {} : { rootOperationName: outline.rootOperationName }),
    minStartTimeUnixNano: String(outline.startTimeUnixNano),
    maxEndTimeUnixNano: String(outline.endTimeUnixNano),
    spanCount: outline.spanCount,
    ...(outline.errorSpanCount === 0 ? {} : { errorSpanCount: outline.errorSpanCount }),
    ...(outline.orphanSpanCount === 0 ? {} : { orphanSpanCount: outline.orphanSpanCount }),
    services: outline.services.map(({ name, spanCount, errorSpanCount }) => ({
      name,
      spanCount,
      ...(errorSpanCount === 0 ? {} : { errorSpanCount }),
    })),
  };
}
