/** TracAgg's model to Jaeger JSON, by the table of Jaeger's OTLP translation. */

import { base64FromBytes } from "../../base/base64.ts";
import { lazySpan } from "../../batch/lazy-span.ts";
import { resourceEntryOf } from "../../batch/row-names.ts";
import type { ResourceEntry, SpanRow } from "../../batch/span-batch.ts";
import { plainJsonFromAttribute } from "../../model/attribute-json.ts";
import type { Attributes, AttributeValue } from "../../model/attribute-value.ts";
import type { Resource, Span, SpanEvent, SpanLink } from "../../model/span.ts";
import type { Trace } from "../../model/trace.ts";
import { textFromAttribute } from "../attribute-text.ts";
import type {
  JaegerEnvelope,
  JaegerKeyValue,
  JaegerLog,
  JaegerProcess,
  JaegerReference,
  JaegerSpan,
  JaegerTrace,
} from "./jaeger-model.ts";
import { MISSING_SERVICE, NO_RESOURCE_SERVICE } from "./jaeger-model.ts";

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
  const numbers = new ProcessNumbers<Resource>();
  const spans = trace.spans.map((span) =>
    jaegerSpan(
      span,
      numbers.idOf(span.resource, () => span.resource),
    ),
  );
  const processes = Object.fromEntries(numbers.texts().map(([id, text]) => [id, JSON.parse(text)]));
  return { traceID: jaegerTraceId(trace.traceId), spans, processes, warnings: null };
}

/**
 * `JSON.stringify(jaegerJsonFromTraces([trace]))` of the trace whose spans lie in these rows, in pieces to be joined:
 * one for each slice of rows, then the processes.
 *
 * @param slices distinct rows of one trace, by start, then span id; at least one row.
 */
export function* jaegerTextFromRows(slices: Iterable<readonly SpanRow[]>): Generator<string, void> {
  const numbers = new ProcessNumbers<ResourceEntry>();
  let before = "";
  for (const rows of slices) {
    let piece = "";
    for (const row of rows) {
      const span = lazySpan(row);
      if (before === "") {
        piece = `{"data":[{"traceID":${JSON.stringify(jaegerTraceId(span.traceId))},"spans":[`;
      }
      const processId = numbers.idOf(resourceEntryOf(row), () => span.resource);
      piece += before + JSON.stringify(jaegerSpan(span, processId));
      before = ",";
    }
    yield piece;
  }
  yield '],"processes":{';
  let separator = "";
  for (const [id, text] of numbers.texts()) {
    yield `${separator}"${id}":${text}`;
    separator = ",";
  }
  yield '},"warnings":null}],"total":0,"limit":0,"offset":0,"errors":null}';
}

/** Numbers processes p1, p2, ...; resources of equal content are one. `Key` is what stands for a resource. */
class ProcessNumbers<Key extends object> {
  readonly #idByText = new Map<string, string>();
  readonly #idByKey = new Map<Key, string>();

  idOf(key: Key, resource: () => Resource): string {
    const known = this.#idByKey.get(key);
    if (known !== undefined) return known;
    const text = JSON.stringify(processFromResource(resource()));
    const id = this.#idByText.get(text) ?? `p${this.#idByText.size + 1}`;
    this.#idByText.set(text, id);
    this.#idByKey.set(key, id);
    return id;
  }

  /** Id and JSON of each process. */
  texts(): (readonly [string, string])[] {
    return Array.from(this.#idByText, ([text, id]) => [id, text] as const);
  }
}

function jaegerSpan(span: Span, processID: string): JaegerSpan {
  const duration = span.endTimeUnixNano - span.startTimeUnixNano;
  return {
    traceID: jaegerTraceId(span.traceId),
    spanID: span.spanId,
    operationName: span.name,
    references: referencesOf(span),
    startTime: microsFromNanos(span.startTimeUnixNano),
    duration: duration > 0n ? microsFromNanos(duration) : 0,
    tags: tagsOf(span),
    logs: span.events.map(logFromEvent),
    processID,
    warnings: null,
  };
}

/** 16 digits when the upper half is zero: how Jaeger prints 64-bit ids. */
function jaegerTraceId(traceId: string): string {
  return traceId.startsWith(UPPER_HALF_ZERO) ? traceId.slice(16) : traceId;
}

function microsFromNanos(nanos: bigint): number {
  return Number(nanos / 1_000n);
}

function processFromResource(resource: Resource): JaegerProcess {
  const serviceName = resource.attributes["service.name"];
  const rest = keyValuesOf(resource.attributes).filter((tag) => tag.key !== "service.name");
  if (serviceName !== undefined) return { serviceName: textFromAttribute(serviceName), tags: rest };
  return { serviceName: rest.length === 0 ? NO_RESOURCE_SERVICE : MISSING_SERVICE, tags: rest };
}

function tagsOf(span: Span): JaegerKeyValue[] {
  const tags: JaegerKeyValue[] = [];
  const addText = (key: string, value: string) => {
    if (value !== "") tags.push({ key, type: "string", value });
  };
  addText("otel.scope.name", span.scope.name);
  addText("otel.scope.version", span.scope.version);
  tags.push(...keyValuesOf(span.attributes));
  tags.push(...keyValuesOf(span.tags));
  if (span.kind !== "UNSPECIFIED") addText("span.kind", span.kind.toLowerCase());
  if (span.status !== "UNSET") addText("otel.status_code", span.status);
  if (span.status === "ERROR") tags.push({ key: "error", type: "bool", value: true });
  addText("otel.status_description", span.statusMessage);
  addText("w3c.tracestate", span.traceState);
  return tags;
}

function keyValuesOf(attributes: Attributes): JaegerKeyValue[] {
  return Object.entries(attributes).map(([key, value]) => keyValue(key, value));
}

function keyValue(key: string, value: AttributeValue): JaegerKeyValue {
  switch (typeof value) {
    case "boolean":
      return { key, type: "bool", value };
    case "bigint":
      return { key, type: "int64", value: plainNumber(value) };
    case "number":
      return { key, type: "float64", value: plainNumber(value) };
    case "string":
      return { key, type: "string", value };
    default:
      if (value instanceof Uint8Array) return { key, type: "binary", value: base64FromBytes(value) };
      return { key, type: "string", value: textFromAttribute(value) };
  }
}

/** As a JSON number, or as text where JSON has no such number. */
function plainNumber(value: bigint | number): number | string {
  return plainJsonFromAttribute(value) as number | string;
}

function logFromEvent(event: SpanEvent): JaegerLog {
  const fields = keyValuesOf(event.attributes);
  if (event.name !== "" && event.attributes["event"] === undefined) {
    fields.unshift({ key: "event", type: "string", value: event.name });
  }
  return { timestamp: microsFromNanos(event.timeUnixNano), fields };
}

function referencesOf(span: Span): JaegerReference[] {
  const references: JaegerReference[] = [];
  let parentType: JaegerReference["refType"] = "CHILD_OF";
  for (const link of span.links) {
    const refType = refTypeOf(link);
    if (link.traceId === span.traceId && link.spanId === span.parentSpanId) parentType = refType;
    else references.push({ refType, traceID: jaegerTraceId(link.traceId), spanID: link.spanId });
  }
  if (span.parentSpanId !== undefined) {
    references.unshift({
      refType: parentType,
      traceID: jaegerTraceId(span.traceId),
      spanID: span.parentSpanId,
    });
  }
  return references;
}

function refTypeOf(link: SpanLink): JaegerReference["refType"] {
  return link.attributes["opentracing.ref_type"] === "child_of" ? "CHILD_OF" : "FOLLOWS_FROM";
}
