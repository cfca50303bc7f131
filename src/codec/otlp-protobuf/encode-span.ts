/** One span of the model into its protobuf form. */

import { bytesFromHex } from "../../base/bytes.ts";
import { TracAggError } from "../../base/errors.ts";
import type { ProtobufWriter } from "../../base/protobuf-writer.ts";
import { OtlpFieldNumber } from "../../batch/otlp-schema.ts";
import type { Attributes } from "../../model/attribute-value.ts";
import type { Span, SpanEvent, SpanLink } from "../../model/span.ts";
import { numberFromSpanKind } from "../../model/span-kind.ts";
import { numberFromSpanStatus } from "../../model/span-status.ts";
import { writeAttributes } from "./encode-attributes.ts";

const SPAN = OtlpFieldNumber.Span;
const EVENT = OtlpFieldNumber.Event;
const LINK = OtlpFieldNumber.Link;
const STATUS = OtlpFieldNumber.Status;

/** What of a span has a place in its protobuf form. */
export type EncodableSpan = Pick<
  Span,
  | "traceId"
  | "spanId"
  | "traceState"
  | "parentSpanId"
  | "name"
  | "kind"
  | "startTimeUnixNano"
  | "endTimeUnixNano"
  | "attributes"
  | "tags"
  | "droppedAttributesCount"
  | "events"
  | "droppedEventsCount"
  | "links"
  | "droppedLinksCount"
  | "status"
  | "statusMessage"
  | "flags"
>;

/**
 * Writes a span as field `field`. Own labels (`tags`) travel as string attributes, unless an attribute has that key.
 *
 * @throws TracAggError `invalid_argument` when an id is not hex.
 */
export function writeSpan(writer: ProtobufWriter, field: number, span: EncodableSpan): void {
  const mark = writer.begin(field);
  writeId(writer, SPAN.traceId, span.traceId, "traceId");
  writeId(writer, SPAN.spanId, span.spanId, "spanId");
  writeText(writer, SPAN.traceState, span.traceState);
  if (span.parentSpanId !== undefined) writeId(writer, SPAN.parentSpanId, span.parentSpanId, "parentSpanId");
  writeText(writer, SPAN.name, span.name);
  writeNumber(writer, SPAN.kind, numberFromSpanKind(span.kind));
  writer.fixed64(SPAN.startTimeUnixNano, span.startTimeUnixNano);
  writer.fixed64(SPAN.endTimeUnixNano, span.endTimeUnixNano);
  writeAttributes(writer, SPAN.attributes, attributesWithTags(span));
  writeNumber(writer, SPAN.droppedAttributesCount, span.droppedAttributesCount);
  for (const event of span.events) writeEvent(writer, event);
  writeNumber(writer, SPAN.droppedEventsCount, span.droppedEventsCount);
  for (const link of span.links) writeLink(writer, link);
  writeNumber(writer, SPAN.droppedLinksCount, span.droppedLinksCount);
  writeStatus(writer, span);
  if (span.flags !== 0) writer.fixed32(SPAN.flags, span.flags);
  writer.end(mark);
}

/** Writes a `uint32` or enum unless it is 0. */
export function writeNumber(writer: ProtobufWriter, field: number, value: number): void {
  if (value !== 0) writer.uint32(field, value);
}

/** Writes a string unless it is empty. */
export function writeText(writer: ProtobufWriter, field: number, value: string): void {
  if (value !== "") writer.text(field, value);
}

function attributesWithTags(span: EncodableSpan): Attributes {
  const tags = Object.entries(span.tags).filter(([key]) => !Object.hasOwn(span.attributes, key));
  if (tags.length === 0) return span.attributes;
  return Object.fromEntries([...Object.entries(span.attributes), ...tags]);
}

function writeEvent(writer: ProtobufWriter, event: SpanEvent): void {
  const mark = writer.begin(SPAN.events);
  writer.fixed64(EVENT.timeUnixNano, event.timeUnixNano);
  writeText(writer, EVENT.name, event.name);
  writeAttributes(writer, EVENT.attributes, event.attributes);
  writeNumber(writer, EVENT.droppedAttributesCount, event.droppedAttributesCount);
  writer.end(mark);
}

function writeLink(writer: ProtobufWriter, link: SpanLink): void {
  const mark = writer.begin(SPAN.links);
  writeId(writer, LINK.traceId, link.traceId, "links.traceId");
  writeId(writer, LINK.spanId, link.spanId, "links.spanId");
  writeText(writer, LINK.traceState, link.traceState);
  writeAttributes(writer, LINK.attributes, link.attributes);
  writeNumber(writer, LINK.droppedAttributesCount, link.droppedAttributesCount);
  if (link.flags !== 0) writer.fixed32(LINK.flags, link.flags);
  writer.end(mark);
}

function writeStatus(writer: ProtobufWriter, span: EncodableSpan): void {
  const code = numberFromSpanStatus(span.status);
  if (code === 0 && span.statusMessage === "") return;
  const mark = writer.begin(SPAN.status);
  writeText(writer, STATUS.message, span.statusMessage);
  writeNumber(writer, STATUS.code, code);
  writer.end(mark);
}

function writeId(writer: ProtobufWriter, field: number, hex: string, name: string): void {
  const bytes = bytesFromHex(hex);
  if (bytes === undefined) {
    throw new TracAggError("invalid_argument", `${name}: expected hex digits, got ${JSON.stringify(hex)}`, {
      field: name,
    });
  }
  writer.bytes(field, bytes);
}
