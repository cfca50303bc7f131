/** A `Batch` of Jaeger's `model.proto`, as its collectors are sent it, to TracAgg's model. */

import { hexFromBytes } from "../../base/bytes.ts";
import { TracAggError } from "../../base/errors.ts";
import { ProtobufReader, WireType } from "../../base/protobuf-reader.ts";
import type { AttributeValue } from "../../model/attribute-value.ts";
import type { Resource, Span } from "../../model/span.ts";
import { EMPTY_RESOURCE } from "../../model/span.ts";
import type { JaegerReferenceParts, JaegerSpanParts, JaegerTags } from "../jaeger-model/span-from-jaeger.ts";
import { resourceFromJaegerProcess, spanFromJaeger } from "../jaeger-model/span-from-jaeger.ts";
import { JaegerFieldNumber, JaegerRefType } from "./jaeger-schema.ts";

const BATCH = JaegerFieldNumber.Batch;
const SPAN = JaegerFieldNumber.Span;
const LOG = JaegerFieldNumber.Log;
const REF = JaegerFieldNumber.SpanRef;
const PROCESS = JaegerFieldNumber.Process;
const KEY_VALUE = JaegerFieldNumber.KeyValue;
const TIME = JaegerFieldNumber.Time;
/** `PostSpansRequest.batch`. */
const REQUEST_BATCH = 1;
const NANOS_PER_SECOND = 1_000_000_000n;
const NO_TRACE_ID = "0".repeat(32);
const NO_SPAN_ID = "0".repeat(16);

/**
 * The spans of a `jaeger.api_v2.PostSpansRequest`, made one after the other as they are asked for. A span's own process
 * counts before that of the batch. Ids of zero are passed on: whoever takes the spans refuses them one by one.
 *
 * @throws TracAggError `invalid_argument` with the byte at fault.
 */
export function* spansFromPostSpans(bytes: Uint8Array): Generator<Span, void> {
  const resource = batchResource(bytes);
  for (const batch of messages(new ProtobufReader(bytes), REQUEST_BATCH)) {
    for (const span of messages(batch, BATCH.spans)) yield spanFromJaegerProtobuf(span, resource);
  }
}

/** The process of the batch, which may stand behind its spans. */
function batchResource(bytes: Uint8Array): Resource {
  let resource = EMPTY_RESOURCE;
  for (const batch of messages(new ProtobufReader(bytes), REQUEST_BATCH)) {
    for (const process of messages(batch, BATCH.process)) resource = readProcess(process);
  }
  return resource;
}

/** The embedded messages of one field; whatever else is there is passed over. */
function* messages(reader: ProtobufReader, field: number): Generator<ProtobufReader, void> {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === lengthTag(field)) yield reader.message();
    else reader.skip(tag);
  }
}

function readProcess(reader: ProtobufReader): Resource {
  let serviceName = "";
  const tags: JaegerTags = new Map();
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === lengthTag(PROCESS.serviceName)) serviceName = reader.text();
    else if (tag === lengthTag(PROCESS.tags)) readTag(reader.message(), tags);
    else reader.skip(tag);
  }
  return resourceFromJaegerProcess(serviceName, tags);
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

interface SpanFields extends Mutable<JaegerSpanParts> {
  references: JaegerReferenceParts[];
  logs: JaegerSpanParts["logs"][number][];
  warnings: string[];
}

function spanFromJaegerProtobuf(reader: ProtobufReader, resource: Resource): Span {
  const fields: SpanFields = {
    traceId: NO_TRACE_ID,
    spanId: NO_SPAN_ID,
    parentSpanId: undefined,
    operationName: "",
    references: [],
    flags: 0,
    startTimeUnixNano: 0n,
    durationNanos: 0n,
    tags: new Map(),
    logs: [],
    warnings: [],
    resource,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    const read = SPAN_READERS.get(tag);
    if (read === undefined) reader.skip(tag);
    else read(reader, fields);
  }
  return spanFromJaeger(fields);
}

type ReadField = (reader: ProtobufReader, fields: SpanFields) => void;

const SPAN_READERS: ReadonlyMap<number, ReadField> = new Map<number, ReadField>([
  [
    lengthTag(SPAN.traceId),
    (reader, fields) => {
      fields.traceId = traceIdOf(reader);
    },
  ],
  [
    lengthTag(SPAN.spanId),
    (reader, fields) => {
      fields.spanId = spanIdOf(reader);
    },
  ],
  [
    lengthTag(SPAN.operationName),
    (reader, fields) => {
      fields.operationName = reader.text();
    },
  ],
  [
    numberTag(SPAN.flags),
    (reader, fields) => {
      fields.flags = reader.uint32();
    },
  ],
  [
    lengthTag(SPAN.startTime),
    (reader, fields) => {
      fields.startTimeUnixNano = readTime(reader.message());
    },
  ],
  [
    lengthTag(SPAN.duration),
    (reader, fields) => {
      fields.durationNanos = readTime(reader.message());
    },
  ],
  [
    lengthTag(SPAN.process),
    (reader, fields) => {
      fields.resource = readProcess(reader.message());
    },
  ],
  [lengthTag(SPAN.references), (reader, { references }) => references.push(readReference(reader.message()))],
  [lengthTag(SPAN.tags), (reader, { tags }) => readTag(reader.message(), tags)],
  [lengthTag(SPAN.logs), (reader, { logs }) => logs.push(readLog(reader.message()))],
  [lengthTag(SPAN.warnings), (reader, { warnings }) => warnings.push(reader.text())],
]);

function readReference(reader: ProtobufReader): JaegerReferenceParts {
  const reference = { isChildOf: true, traceId: NO_TRACE_ID, spanId: NO_SPAN_ID };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === lengthTag(REF.traceId)) reference.traceId = traceIdOf(reader);
    else if (tag === lengthTag(REF.spanId)) reference.spanId = spanIdOf(reader);
    else if (tag === numberTag(REF.refType)) reference.isChildOf = reader.int32() === JaegerRefType.CHILD_OF;
    else reader.skip(tag);
  }
  return reference;
}

function readLog(reader: ProtobufReader): JaegerSpanParts["logs"][number] {
  let timeUnixNano = 0n;
  const fields: JaegerTags = new Map();
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === lengthTag(LOG.timestamp)) timeUnixNano = readTime(reader.message());
    else if (tag === lengthTag(LOG.fields)) readTag(reader.message(), fields);
    else reader.skip(tag);
  }
  return { timeUnixNano, fields };
}

/** A `Timestamp` or a `Duration`, in nanoseconds. */
function readTime(reader: ProtobufReader): bigint {
  let seconds = 0n;
  let nanos = 0;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === numberTag(TIME.seconds)) seconds = reader.int64();
    else if (tag === numberTag(TIME.nanos)) nanos = reader.int32();
    else reader.skip(tag);
  }
  return seconds * NANOS_PER_SECOND + BigInt(nanos);
}

interface TagValueField {
  readonly tag: number;
  readonly read: (reader: ProtobufReader) => AttributeValue;
  readonly none: AttributeValue;
}

/** How the values of a tag are read and what they are by default, in the order of `ValueType`. */
const TAG_VALUES: readonly TagValueField[] = [
  { tag: lengthTag(KEY_VALUE.vStr), read: (reader) => reader.text(), none: "" },
  { tag: numberTag(KEY_VALUE.vBool), read: (reader) => reader.bool(), none: false },
  { tag: numberTag(KEY_VALUE.vInt64), read: (reader) => reader.int64(), none: 0n },
  { tag: (KEY_VALUE.vFloat64 << 3) | WireType.FIXED64, read: (reader) => reader.double(), none: 0 },
  { tag: lengthTag(KEY_VALUE.vBinary), read: (reader) => reader.view(), none: new Uint8Array(0) },
];

function readTag(reader: ProtobufReader, tags: JaegerTags): void {
  let key = "";
  let type = 0;
  const values = TAG_VALUES.map(({ none }) => none);
  while (reader.position < reader.end) {
    const tag = reader.tag();
    const index = TAG_VALUES.findIndex((value) => value.tag === tag);
    if (index >= 0) values[index] = (TAG_VALUES[index] as TagValueField).read(reader);
    else if (tag === lengthTag(KEY_VALUE.key)) key = reader.text();
    else if (tag === numberTag(KEY_VALUE.vType)) type = reader.int32();
    else reader.skip(tag);
  }
  tags.set(key, values[type] ?? "");
}

/** 16 bytes, or the lower 8 of an id whose upper half is zero, as Jaeger takes both. */
function traceIdOf(reader: ProtobufReader): string {
  const bytes = reader.view();
  if (bytes.length === 16 || bytes.length === 8) return hexFromBytes(bytes).padStart(32, "0");
  if (bytes.length === 0) return NO_TRACE_ID;
  throw idError("trace_id", "16 or 8", bytes, reader);
}

function spanIdOf(reader: ProtobufReader): string {
  const bytes = reader.view();
  if (bytes.length === 8) return hexFromBytes(bytes);
  if (bytes.length === 0) return NO_SPAN_ID;
  throw idError("span_id", "8", bytes, reader);
}

function idError(field: string, expected: string, bytes: Uint8Array, reader: ProtobufReader): TracAggError {
  return new TracAggError(
    "invalid_argument",
    `${field} at byte ${reader.fieldStart}: expected ${expected} bytes, got ${bytes.length}`,
  );
}

function lengthTag(field: number): number {
  return (field << 3) | WireType.LENGTH;
}

function numberTag(field: number): number {
  return (field << 3) | WireType.VARINT;
}
