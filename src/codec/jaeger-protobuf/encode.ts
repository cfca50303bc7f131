/** TracAgg's model to spans of Jaeger's `model.proto`, by the table of Jaeger's OTLP translation. */

import { bytesFromHex } from "../../base/bytes.ts";
import { TracAggError } from "../../base/errors.ts";
import { ProtobufWriter } from "../../base/protobuf-writer.ts";
import type { AttributeValue } from "../../model/attribute-value.ts";
import type { Resource, Span, SpanEvent, SpanLink } from "../../model/span.ts";
import { textFromAttribute } from "../attribute-text.ts";
import { MISSING_SERVICE, NO_RESOURCE_SERVICE } from "../jaeger-json/jaeger-model.ts";
import { JaegerFieldNumber, JaegerRefType, JaegerValueType } from "./jaeger-schema.ts";

const SPAN = JaegerFieldNumber.Span;
const LOG = JaegerFieldNumber.Log;
const REF = JaegerFieldNumber.SpanRef;
const PROCESS = JaegerFieldNumber.Process;
const KEY_VALUE = JaegerFieldNumber.KeyValue;
const TIME = JaegerFieldNumber.Time;
const NANOS_PER_SECOND = 1_000_000_000n;
/** Where Jaeger keeps what it has to say about a span while that is OTLP. */
const WARNINGS = "@jaeger@warnings";

type Tag = readonly [key: string, value: AttributeValue];

/**
 * A span as one `jaeger.api_v2.Span`, its process in it. Times keep their nanoseconds.
 *
 * Lost on the way, as in Jaeger itself: span flags, dropped counts, schema URLs, scope attributes, link attributes and
 * link trace states; the nesting of arrays and maps, which become JSON text.
 *
 * @throws TracAggError `invalid_argument` when an id is not hex.
 */
export function jaegerSpanBytes(span: Span): Uint8Array {
  const writer = new ProtobufWriter();
  writeSpanFields(writer, span);
  return writer.finish();
}

/**
 * Writes {@link jaegerSpanBytes} as field `field` of the message under way.
 *
 * @throws TracAggError `invalid_argument` when an id is not hex.
 */
export function writeJaegerSpan(writer: ProtobufWriter, field: number, span: Span): void {
  const mark = writer.begin(field);
  writeSpanFields(writer, span);
  writer.end(mark);
}

function writeSpanFields(writer: ProtobufWriter, span: Span): void {
  writeId(writer, SPAN.traceId, span.traceId);
  writeId(writer, SPAN.spanId, span.spanId);
  writeText(writer, SPAN.operationName, span.name);
  writeReferences(writer, span);
  writeTime(writer, SPAN.startTime, span.startTimeUnixNano);
  const duration = span.endTimeUnixNano - span.startTimeUnixNano;
  writeTime(writer, SPAN.duration, duration > 0n ? duration : 0n);
  for (const tag of tagsOf(span)) writeTag(writer, SPAN.tags, tag);
  for (const event of span.events) writeLog(writer, event);
  writeProcess(writer, SPAN.process, span.resource);
  for (const warning of warningsOf(span)) writer.text(SPAN.warnings, warning);
}

function* tagsOf(span: Span): Generator<Tag, void> {
  if (span.scope.name !== "") yield ["otel.scope.name", span.scope.name];
  if (span.scope.version !== "") yield ["otel.scope.version", span.scope.version];
  for (const tag of Object.entries(span.attributes)) if (tag[0] !== WARNINGS) yield tag;
  yield* Object.entries(span.tags);
  if (span.kind !== "UNSPECIFIED") yield ["span.kind", span.kind.toLowerCase()];
  if (span.status !== "UNSET") yield ["otel.status_code", span.status];
  if (span.status === "ERROR") yield ["error", true];
  if (span.statusMessage !== "") yield ["otel.status_description", span.statusMessage];
  if (span.traceState !== "") yield ["w3c.tracestate", span.traceState];
}

function warningsOf({ attributes }: Span): readonly string[] {
  const warnings = Object.hasOwn(attributes, WARNINGS) ? attributes[WARNINGS] : undefined;
  if (!Array.isArray(warnings)) return [];
  return warnings.filter((warning): warning is string => typeof warning === "string");
}

function writeLog(writer: ProtobufWriter, { name, timeUnixNano, attributes }: SpanEvent): void {
  const mark = writer.begin(SPAN.logs);
  writeTime(writer, LOG.timestamp, timeUnixNano);
  if (name !== "" && !Object.hasOwn(attributes, "event")) writeTag(writer, LOG.fields, ["event", name]);
  for (const field of Object.entries(attributes)) writeTag(writer, LOG.fields, field);
  writer.end(mark);
}

function writeProcess(writer: ProtobufWriter, field: number, { attributes }: Resource): void {
  const mark = writer.begin(field);
  const rest = Object.entries(attributes).filter(([key]) => key !== "service.name");
  writer.text(PROCESS.serviceName, serviceNameOf(attributes, rest.length > 0));
  for (const tag of rest) writeTag(writer, PROCESS.tags, tag);
  writer.end(mark);
}

function serviceNameOf(attributes: Resource["attributes"], hasOthers: boolean): string {
  const name = Object.hasOwn(attributes, "service.name") ? attributes["service.name"] : undefined;
  if (name !== undefined) return textFromAttribute(name);
  return hasOthers ? MISSING_SERVICE : NO_RESOURCE_SERVICE;
}

/** A link to the parent says of which type the parent is; it is no reference of its own. */
function writeReferences(writer: ProtobufWriter, span: Span): void {
  const isParent = (link: SpanLink): boolean =>
    link.traceId === span.traceId && link.spanId === span.parentSpanId;
  if (span.parentSpanId !== undefined) {
    const said = span.links.findLast(isParent);
    writeReference(writer, { traceId: span.traceId, spanId: span.parentSpanId }, said);
  }
  for (const link of span.links) if (!isParent(link)) writeReference(writer, link, link);
}

function writeReference(
  writer: ProtobufWriter,
  { traceId, spanId }: Pick<SpanLink, "traceId" | "spanId">,
  link: SpanLink | undefined,
): void {
  const isChild = link === undefined || link.attributes["opentracing.ref_type"] === "child_of";
  const mark = writer.begin(SPAN.references);
  writeId(writer, REF.traceId, traceId);
  writeId(writer, REF.spanId, spanId);
  if (!isChild) writer.uint32(REF.refType, JaegerRefType.FOLLOWS_FROM);
  writer.end(mark);
}

function writeTag(writer: ProtobufWriter, field: number, [key, value]: Tag): void {
  const mark = writer.begin(field);
  writer.text(KEY_VALUE.key, key);
  writeValue(writer, value);
  writer.end(mark);
}

function writeValue(writer: ProtobufWriter, value: AttributeValue): void {
  switch (typeof value) {
    case "boolean":
      writer.uint32(KEY_VALUE.vType, JaegerValueType.BOOL);
      writer.uint32(KEY_VALUE.vBool, value ? 1 : 0);
      return;
    case "bigint":
      writer.uint32(KEY_VALUE.vType, JaegerValueType.INT64);
      writer.int64(KEY_VALUE.vInt64, value);
      return;
    case "number":
      writer.uint32(KEY_VALUE.vType, JaegerValueType.FLOAT64);
      writer.double(KEY_VALUE.vFloat64, value);
      return;
    default:
      break;
  }
  if (value instanceof Uint8Array) {
    writer.uint32(KEY_VALUE.vType, JaegerValueType.BINARY);
    writer.bytes(KEY_VALUE.vBinary, value);
  } else writeText(writer, KEY_VALUE.vStr, textFromAttribute(value));
}

/** A `Timestamp` or a `Duration`: both are seconds and nanoseconds. */
function writeTime(writer: ProtobufWriter, field: number, nanos: bigint): void {
  const mark = writer.begin(field);
  writer.int64(TIME.seconds, nanos / NANOS_PER_SECOND);
  writer.uint32(TIME.nanos, Number(nanos % NANOS_PER_SECOND));
  writer.end(mark);
}

function writeText(writer: ProtobufWriter, field: number, value: string): void {
  if (value !== "") writer.text(field, value);
}

function writeId(writer: ProtobufWriter, field: number, hex: string): void {
  const bytes = bytesFromHex(hex);
  if (bytes === undefined) {
    throw new TracAggError("invalid_argument", `id: expected hex digits, got ${JSON.stringify(hex)}`);
  }
  writer.bytes(field, bytes);
}
