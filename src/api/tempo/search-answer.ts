/** What a search found, in JSON and in protobuf: `SearchResponse` and what is in it. */

import { ProtobufWriter } from "../../base/protobuf-writer.ts";
import { writeKeyValue } from "../../codec/otlp-protobuf/encode-attributes.ts";
import type { ServiceShare, TraceSummary } from "../../model/trace-summary.ts";
import type { FoundSpan, FoundSpanset, FoundTrace } from "../../query/found-traces.ts";
import type { SearchCounts } from "../../query/search-traceql.ts";
import { keyValueJson, spanAttributes, spansetAttributes } from "./found-attributes.ts";

/** Tempo's words for a trace whose root has not come. */
const NO_ROOT = "<root span not yet received>";
const MAX_UINT32 = 2 ** 32 - 1;

/** How far a search is. */
export interface SearchProgress {
  readonly counts: Readonly<Pick<SearchCounts, "tracesExamined" | "spansExamined">>;
  readonly isDone: boolean;
}

/** Trace ids of lists have no zeros in front. */
export function listedTraceId(traceId: string): string {
  return traceId.replace(/^0+/, "");
}

function rootServiceOf({ rootServiceName, rootOperationName }: TraceSummary): string {
  return rootServiceName === "" && rootOperationName === "" ? NO_ROOT : rootServiceName;
}

function durationMillisOf({ startTimeUnixNano, endTimeUnixNano }: TraceSummary): number {
  const millis = Number((endTimeUnixNano - startTimeUnixNano) / 1_000_000n);
  return Math.min(Math.max(millis, 0), MAX_UINT32);
}

/** `TraceSearchMetadata` in protobuf's JSON form: what is zero is left out, 64-bit numbers are texts. */
export function foundTraceJson({ summary, spansets }: FoundTrace): object {
  const sets = spansets.map(spansetJson);
  return {
    traceID: listedTraceId(summary.traceId),
    ...text("rootServiceName", rootServiceOf(summary)),
    ...text("rootTraceName", summary.rootOperationName),
    ...long("startTimeUnixNano", summary.startTimeUnixNano),
    ...number("durationMs", durationMillisOf(summary)),
    ...(sets.length === 0 ? {} : { spanSet: sets[0], spanSets: sets }),
    serviceStats: Object.fromEntries(summary.services.map((share) => [share.name, shareJson(share)])),
  };
}

function shareJson({ spanCount, errorCount }: ServiceShare): object {
  return { ...number("spanCount", spanCount), ...number("errorCount", errorCount) };
}

function spansetJson({ spans, matched, fields }: FoundSpanset): object {
  return {
    ...list("spans", spans.map(spanJson)),
    ...number("matched", matched),
    ...list("attributes", spansetAttributes(fields).map(keyValueJson)),
  };
}

function spanJson(span: FoundSpan): object {
  return {
    spanID: span.spanId,
    ...text("name", span.name),
    ...long("startTimeUnixNano", span.startTimeUnixNano),
    ...long("durationNanos", span.durationNanos),
    ...list("attributes", spanAttributes(span.fields).map(keyValueJson)),
  };
}

/** `SearchMetrics`: what was looked at, and one job, which is the whole search. Bytes are not counted, so not told. */
export function searchMetricsJson({ counts, isDone }: SearchProgress): object {
  return {
    ...number("inspectedTraces", counts.tracesExamined),
    ...number("completedJobs", isDone ? 1 : 0),
    totalJobs: 1,
    ...long("inspectedSpans", BigInt(counts.spansExamined)),
  };
}

function text(key: string, value: string): object {
  return value === "" ? {} : { [key]: value };
}

function number(key: string, value: number): object {
  return value === 0 ? {} : { [key]: value };
}

function long(key: string, value: bigint): object {
  return value === 0n ? {} : { [key]: value.toString() };
}

function list(key: string, values: readonly object[]): object {
  return values.length === 0 ? {} : { [key]: values };
}

const RESPONSE = { traces: 1, metrics: 2 } as const;
const TRACE = {
  traceId: 1,
  rootServiceName: 2,
  rootTraceName: 3,
  startTimeUnixNano: 4,
  durationMs: 5,
  spanSet: 6,
  spanSets: 7,
  serviceStats: 8,
} as const;
const ENTRY = { key: 1, value: 2 } as const;
const STATS = { spanCount: 1, errorCount: 2 } as const;
const SPAN_SET = { spans: 1, matched: 2, attributes: 3 } as const;
const SPAN = { spanId: 1, name: 2, startTimeUnixNano: 3, durationNanos: 4, attributes: 5 } as const;
const METRICS = { inspectedTraces: 1, completedJobs: 4, totalJobs: 5, inspectedSpans: 7 } as const;

/** One of `SearchResponse.traces`, with its tag: such pieces and {@link searchMetricsBytes} together are a response. */
export function foundTraceBytes({ summary, spansets }: FoundTrace): Uint8Array {
  const writer = new ProtobufWriter();
  const mark = writer.begin(RESPONSE.traces);
  writer.text(TRACE.traceId, listedTraceId(summary.traceId));
  writeText(writer, TRACE.rootServiceName, rootServiceOf(summary));
  writeText(writer, TRACE.rootTraceName, summary.rootOperationName);
  writer.int64(TRACE.startTimeUnixNano, summary.startTimeUnixNano);
  writer.uint32(TRACE.durationMs, durationMillisOf(summary));
  const [first] = spansets;
  if (first !== undefined) writeSpanset(writer, TRACE.spanSet, first);
  for (const spanset of spansets) writeSpanset(writer, TRACE.spanSets, spanset);
  for (const { name, spanCount, errorCount } of summary.services) {
    const entry = writer.begin(TRACE.serviceStats);
    writer.text(ENTRY.key, name);
    const stats = writer.begin(ENTRY.value);
    writer.uint32(STATS.spanCount, spanCount);
    writer.uint32(STATS.errorCount, errorCount);
    writer.end(stats);
    writer.end(entry);
  }
  writer.end(mark);
  return writer.finish();
}

function writeSpanset(writer: ProtobufWriter, field: number, { spans, matched, fields }: FoundSpanset): void {
  const mark = writer.begin(field);
  for (const span of spans) {
    const spanMark = writer.begin(SPAN_SET.spans);
    writer.text(SPAN.spanId, span.spanId);
    writeText(writer, SPAN.name, span.name);
    writer.int64(SPAN.startTimeUnixNano, span.startTimeUnixNano);
    writer.int64(SPAN.durationNanos, span.durationNanos);
    for (const attribute of spanAttributes(span.fields)) writeKeyValue(writer, SPAN.attributes, attribute);
    writer.end(spanMark);
  }
  writer.uint32(SPAN_SET.matched, matched);
  for (const attribute of spansetAttributes(fields)) writeKeyValue(writer, SPAN_SET.attributes, attribute);
  writer.end(mark);
}

/** `SearchResponse.metrics`, with its tag; answers with series have it under the same number. */
export function searchMetricsBytes({ counts, isDone }: SearchProgress): Uint8Array {
  const writer = new ProtobufWriter(64);
  const mark = writer.begin(RESPONSE.metrics);
  writer.uint32(METRICS.inspectedTraces, Math.min(counts.tracesExamined, MAX_UINT32));
  writer.uint32(METRICS.completedJobs, isDone ? 1 : 0);
  writer.uint32(METRICS.totalJobs, 1);
  writer.int64(METRICS.inspectedSpans, BigInt(counts.spansExamined));
  writer.end(mark);
  return writer.finish();
}

function writeText(writer: ProtobufWriter, field: number, value: string): void {
  if (value !== "") writer.text(field, value);
}
