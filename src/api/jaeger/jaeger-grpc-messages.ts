/** Messages of Jaeger's query services: requests read, answers of OTLP and of summaries written. */

import { hexFromBytes } from "../../base/bytes.ts";
import { TracAggError } from "../../base/errors.ts";
import { ProtobufWriter } from "../../base/protobuf-writer.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import { spanFromRow } from "../../batch/span-from-row.ts";
import { writeJaegerSpan } from "../../codec/jaeger-protobuf/encode.ts";
import { writeNumber, writeText } from "../../codec/otlp-protobuf/encode-span.ts";
import type { FindBySpanRequest } from "../../query/find-by-span.ts";
import type { TraceOutline } from "../../query/trace-outline.ts";
import { filterFrom } from "./filter-ast-resolve.ts";
import { DEFAULT_SEARCH_DEPTH, MAX_SEARCH_DEPTH } from "./v3-parameters.ts";
import { requestOf } from "./v3-search.ts";

/** A `Timestamp` or `Duration`; 64-bit numbers come as text, what is 0 is not there. */
export interface TimeMessage {
  readonly seconds?: string;
  readonly nanos?: number;
}

/** Conditions of a search, of either version of the service. */
export interface QueryMessage {
  readonly service_name?: string;
  readonly operation_name?: string;
  /** Of the older version. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly start_time_min?: TimeMessage;
  readonly start_time_max?: TimeMessage;
  readonly duration_min?: TimeMessage;
  readonly duration_max?: TimeMessage;
  readonly search_depth?: number;
  readonly filter?: object;
}

/**
 * What a search of either version asks for.
 *
 * @param version of the older one times are optional
 * @throws TracAggError `invalid_argument`
 */
export function requestFromMessage(query: QueryMessage | undefined, version: "v2" | "v3"): FindBySpanRequest {
  if (query === undefined) throw refused("missing query");
  const start = nanosOf(query.start_time_min);
  const end = nanosOf(query.start_time_max);
  if (version === "v3" && (start === undefined || end === undefined)) {
    throw refused("start time min and max are required parameters");
  }
  if (start !== undefined && end !== undefined && start >= end) {
    throw refused("start_time_min must be before start_time_max");
  }
  return requestOf({
    legacy: {
      serviceName: query.service_name,
      operationName: query.operation_name,
      attributes: query.tags ?? query.attributes,
      durationMinNanos: nanosOf(query.duration_min),
      durationMaxNanos: nanosOf(query.duration_max),
    },
    filter: query.filter === undefined ? undefined : filterFrom(query.filter),
    startTimeUnixNano: start,
    endTimeUnixNano: end,
    maxTraces: searchDepthFrom(query.search_depth ?? 0),
  });
}

function searchDepthFrom(depth: number): number {
  if (depth < 0) throw refused("search depth must be greater than 0");
  if (depth > MAX_SEARCH_DEPTH) throw refused(`search depth must be at most ${MAX_SEARCH_DEPTH}`);
  return depth === 0 ? DEFAULT_SEARCH_DEPTH : depth;
}

/** Nanoseconds; undefined for what was not given, or is 0, which senders give for nothing. */
export function nanosOf(time: TimeMessage | undefined): bigint | undefined {
  if (time === undefined) return undefined;
  const nanos = BigInt(time.seconds ?? 0) * 1_000_000_000n + BigInt(time.nanos ?? 0);
  return nanos === 0n ? undefined : nanos;
}

/** 32 hex digits of a trace id of 16 bytes, or of 8; undefined for other bytes, and for zeros. */
export function traceIdFromBytes(bytes: Uint8Array): string | undefined {
  if (bytes.length !== 16 && bytes.length !== 8) return undefined;
  const hex = hexFromBytes(bytes).padStart(32, "0");
  return /^0+$/.test(hex) ? undefined : hex;
}

/** An `invalid_argument`. */
export function refused(message: string): TracAggError {
  return new TracAggError("invalid_argument", message);
}

/** Field numbers of `SpansResponseChunk`, `FindTraceSummariesResponse` and what is in them. */
const SPANS = 1;
const SUMMARIES = 1;
const SUMMARY = {
  traceId: 1,
  rootServiceName: 2,
  rootOperationName: 3,
  minStartTimeUnixNano: 4,
  maxEndTimeUnixNano: 5,
  spanCount: 6,
  errorSpanCount: 7,
  orphanSpanCount: 8,
  services: 9,
} as const;
const SERVICE = { name: 1, spanCount: 2, errorSpanCount: 3 } as const;

/** A `SpansResponseChunk`. */
export function spansChunk(rows: readonly SpanRow[]): Uint8Array {
  const writer = new ProtobufWriter(64 * 1024);
  for (const row of rows) writeJaegerSpan(writer, SPANS, spanFromRow(row));
  return writer.finish();
}

/** A `FindTraceSummariesResponse`. */
export function summariesMessage(outlines: readonly TraceOutline[]): Uint8Array {
  const writer = new ProtobufWriter();
  for (const outline of outlines) writeSummary(writer, outline);
  return writer.finish();
}

function writeSummary(writer: ProtobufWriter, outline: TraceOutline): void {
  const mark = writer.begin(SUMMARIES);
  writer.text(SUMMARY.traceId, outline.traceId);
  writeText(writer, SUMMARY.rootServiceName, outline.rootServiceName);
  writeText(writer, SUMMARY.rootOperationName, outline.rootOperationName);
  writer.fixed64(SUMMARY.minStartTimeUnixNano, outline.startTimeUnixNano);
  writer.fixed64(SUMMARY.maxEndTimeUnixNano, outline.endTimeUnixNano);
  writeNumber(writer, SUMMARY.spanCount, outline.spanCount);
  writeNumber(writer, SUMMARY.errorSpanCount, outline.errorSpanCount);
  writeNumber(writer, SUMMARY.orphanSpanCount, outline.orphanSpanCount);
  for (const { name, spanCount, errorSpanCount } of outline.services) {
    const service = writer.begin(SUMMARY.services);
    writer.text(SERVICE.name, name);
    writeNumber(writer, SERVICE.spanCount, spanCount);
    writeNumber(writer, SERVICE.errorSpanCount, errorSpanCount);
    writer.end(service);
  }
  writer.end(mark);
}
