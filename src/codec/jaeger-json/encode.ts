/** TracAgg's model to Jaeger JSON, by the table of Jaeger's OTLP translation. */

import { lazySpan } from "../../batch/lazy-span.ts";
import { resourceEntryOf } from "../../batch/row-names.ts";
import type { ResourceEntry, SpanRow } from "../../batch/span-batch.ts";
import type { Resource, SpanLink } from "../../model/span.ts";
import type { Trace } from "../../model/trace.ts";
import type { TraceAdjuster } from "./adjusters/adjust-trace.ts";
import type { AttributePair, EventParts, SpanParts } from "./adjusters/span-parts.ts";
import { spanParts } from "./adjusters/span-parts.ts";
import type {
  JaegerEnvelope,
  JaegerKeyValue,
  JaegerLog,
  JaegerReference,
  JaegerSpan,
  JaegerTrace,
} from "./jaeger-model.ts";
import { JaegerProcesses } from "./jaeger-processes.ts";
import { keyValue } from "./key-value.ts";

const UPPER_HALF_ZERO = "0".repeat(16);

/**
 * Traces in the envelope Jaeger's UI and clients read.
 *
 * Lost on the way, as in Jaeger itself: nanoseconds below a microsecond, span flags, dropped counts, schema URLs,
 * scope attributes, link attributes and link trace states.
 *
 * @example
 * JSON.stringify(jaegerJsonFromTraces([trace])); // {"data":[{"traceID":"...","spans":[...],...}],"total":0,...}
 */
export function jaegerJsonFromTraces(traces: readonly Trace[]): JaegerEnvelope {
  return { data: traces.map(jaegerTraceFromTrace), total: 0, limit: 0, offset: 0, errors: null };
}

/** One trace; processes are numbered p1, p2, ... in the order their spans come. */
export function jaegerTraceFromTrace(trace: Trace): JaegerTrace {
  const known = new JaegerProcesses<Resource>({ isSorted: false });
  const spans = trace.spans.map((span) =>
    jaegerSpan(spanParts(span), known.entryOf(span.resource, () => span.resource).id),
  );
  const processes = Object.fromEntries(known.entries().map((entry) => [entry.id, entry.process()]));
  return { traceID: jaegerTraceId(trace.traceId), spans, processes, warnings: null };
}

/**
 * `JSON.stringify(jaegerJsonFromTraces([trace]))` of the trace whose spans lie in these rows, in pieces to be joined:
 * one for each slice of rows, then the processes.
 *
 * @param slices distinct rows of one trace, by start, then span id; at least one row.
 */
export function* jaegerTextFromRows(slices: Iterable<readonly SpanRow[]>): Generator<string, void> {
  yield '{"data":[';
  yield* jaegerTraceText(slices, undefined);
  yield '],"total":0,"limit":0,"offset":0,"errors":null}';
}

/**
 * One trace without an envelope, in pieces as {@link jaegerTextFromRows} gives them.
 *
 * @param adjuster what is changed of the spans, made from all rows of the slices; undefined: nothing.
 */
export function* jaegerTraceText(
  slices: Iterable<readonly SpanRow[]>,
  adjuster: TraceAdjuster | undefined,
): Generator<string, void> {
  const processes = new JaegerProcesses<ResourceEntry>({ isSorted: adjuster !== undefined });
  let at = 0;
  let before = "";
  for (const rows of slices) {
    let piece = "";
    for (const row of rows) {
      const span = lazySpan(row);
      if (at === 0) piece = `{"traceID":${JSON.stringify(jaegerTraceId(span.traceId))},"spans":[`;
      const process = processes.entryOf(resourceEntryOf(row), () => span.resource);
      const parts = spanParts(span);
      const isKept = adjuster?.adjust(at, parts, process) ?? true;
      at++;
      if (!isKept) continue;
      piece += before + JSON.stringify(jaegerSpan(parts, process.id));
      before = ",";
    }
    yield piece;
  }
  yield '],"processes":{';
  let separator = "";
  for (const process of processes.entries()) {
    yield `${separator}"${process.id}":${JSON.stringify(process.process())}`;
    separator = ",";
  }
  yield '},"warnings":null}';
}

function jaegerSpan(parts: SpanParts, processID: string): JaegerSpan {
  const { span, spanId, warnings } = parts;
  const duration = span.endTimeUnixNano - span.startTimeUnixNano;
  return {
    traceID: jaegerTraceId(span.traceId),
    spanID: spanId,
    operationName: span.name,
    references: referencesOf(parts),
    startTime: microsFromNanos(span.startTimeUnixNano),
    duration: duration > 0n ? microsFromNanos(duration) : 0,
    tags: tagsOf(parts),
    logs: parts.events.map(logFromEvent),
    processID,
    warnings: warnings.length === 0 ? null : warnings,
  };
}

/** 16 digits when the upper half is zero: how Jaeger prints 64-bit ids. */
export function jaegerTraceId(traceId: string): string {
  return traceId.startsWith(UPPER_HALF_ZERO) ? traceId.slice(16) : traceId;
}

function microsFromNanos(nanos: bigint): number {
  return Number(nanos / 1_000n);
}

function tagsOf({ span, attributes }: SpanParts): JaegerKeyValue[] {
  const tags: JaegerKeyValue[] = [];
  const addText = (key: string, value: string) => {
    if (value !== "") tags.push({ key, type: "string", value });
  };
  addText("otel.scope.name", span.scope.name);
  addText("otel.scope.version", span.scope.version);
  tags.push(...keyValuesOf(attributes));
  tags.push(...keyValuesOf(Object.entries(span.tags)));
  if (span.kind !== "UNSPECIFIED") addText("span.kind", span.kind.toLowerCase());
  if (span.status !== "UNSET") addText("otel.status_code", span.status);
  if (span.status === "ERROR") tags.push({ key: "error", type: "bool", value: true });
  addText("otel.status_description", span.statusMessage);
  addText("w3c.tracestate", span.traceState);
  return tags;
}

function keyValuesOf(attributes: readonly AttributePair[]): JaegerKeyValue[] {
  return attributes.map(([key, value]) => keyValue(key, value));
}

function logFromEvent({ event, attributes }: EventParts): JaegerLog {
  const fields = keyValuesOf(attributes);
  if (event.name !== "" && event.attributes["event"] === undefined) {
    fields.unshift({ key: "event", type: "string", value: event.name });
  }
  return { timestamp: microsFromNanos(event.timeUnixNano), fields };
}

function referencesOf({ span, parentSpanId, links }: SpanParts): JaegerReference[] {
  const references: JaegerReference[] = [];
  let parentType: JaegerReference["refType"] = "CHILD_OF";
  for (const link of links) {
    const refType = refTypeOf(link);
    if (link.traceId === span.traceId && link.spanId === parentSpanId) parentType = refType;
    else references.push({ refType, traceID: jaegerTraceId(link.traceId), spanID: link.spanId });
  }
  if (parentSpanId !== undefined) {
    references.unshift({
      refType: parentType,
      traceID: jaegerTraceId(span.traceId),
      spanID: parentSpanId,
    });
  }
  return references;
}

function refTypeOf(link: SpanLink): JaegerReference["refType"] {
  return link.attributes["opentracing.ref_type"] === "child_of" ? "CHILD_OF" : "FOLLOWS_FROM";
}
