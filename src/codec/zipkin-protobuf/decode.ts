/** `zipkin.proto3.ListOfSpans` (proto/zipkin/zipkin.proto): the same spans as the JSON has, ids and addresses as bytes. */

import { hexFromBytes } from "../../base/bytes.ts";
import { TracAggError } from "../../base/errors.ts";
import { ProtobufReader } from "../../base/protobuf-reader.ts";
import { addressFromBytes } from "../zipkin-json/ip-address.ts";
import { endpointOf } from "../zipkin-json/read-endpoint.ts";
import { sortedAnnotations } from "../zipkin-json/read-v2.ts";
import { normalParentId, normalSpanId, normalTraceId } from "../zipkin-json/zipkin-ids.ts";
import type {
  ZipkinAnnotation,
  ZipkinEndpoint,
  ZipkinKind,
  ZipkinReading,
} from "../zipkin-json/zipkin-model.ts";

const LIST_SPANS = 1;
/** By its number; other numbers are no kind, as in Zipkin. */
const KINDS: readonly (ZipkinKind | undefined)[] = [undefined, "CLIENT", "SERVER", "PRODUCER", "CONSUMER"];

/** Values of a map or message that are left out read as this. */
const EMPTY = "";

/**
 * The spans of a list.
 *
 * @throws TracAggError `invalid_argument` when the bytes are no such message or an id is none; no span is taken then
 */
export function readingsFromZipkinProtobuf(bytes: Uint8Array): ZipkinReading[] {
  const reader = new ProtobufReader(bytes);
  const readings: ZipkinReading[] = [];
  try {
    while (reader.position < reader.end) {
      const tag = reader.tag();
      if (tag === lengthTag(LIST_SPANS)) readings.push(readSpan(reader.message()));
      else reader.skip(tag);
    }
  } catch (thrown) {
    throw thrown instanceof TracAggError ? withReadingText(thrown) : thrown;
  }
  return readings;
}

function withReadingText(error: TracAggError): TracAggError {
  const isTruncated = /truncated/i.test(error.message);
  const cause = isTruncated ? `Truncated: ${error.message}` : error.message;
  return new TracAggError(error.code, `${cause} reading List<Span> from proto3`, { cause: error });
}

/** The tag of a field whose value has a length. */
function lengthTag(field: number): number {
  return (field << 3) | 2;
}

function fixed64Tag(field: number): number {
  return (field << 3) | 1;
}

function varintTag(field: number): number {
  return field << 3;
}

function fault(message: string): Error {
  return new TracAggError("invalid_argument", message);
}

interface OpenSpan extends Omit<ZipkinReading, "annotations" | "tags"> {
  readonly annotations: ZipkinAnnotation[];
  readonly tags: Map<string, string>;
}

type ReadField = (span: OpenSpan, reader: ProtobufReader) => void;

/** By tag; a field with another wire type is skipped like an unknown one. */
const FIELDS: ReadonlyMap<number, ReadField> = new Map<number, ReadField>([
  [
    lengthTag(1),
    (span, reader) => {
      span.traceId = normalTraceId(hexFromBytes(reader.view()), fault);
    },
  ],
  [
    lengthTag(2),
    (span, reader) => {
      const parent = reader.view();
      span.parentId = parent.length === 0 ? undefined : normalParentId(hexFromBytes(parent), fault);
    },
  ],
  [
    lengthTag(3),
    (span, reader) => {
      span.id = normalSpanId(hexFromBytes(reader.view()), fault);
    },
  ],
  [
    varintTag(4),
    (span, reader) => {
      span.kind = KINDS[reader.uint32()];
    },
  ],
  [
    lengthTag(5),
    (span, reader) => {
      span.name = reader.text();
    },
  ],
  [
    fixed64Tag(6),
    (span, reader) => {
      span.timestamp = micros(reader.fixed64());
    },
  ],
  [
    varintTag(7),
    (span, reader) => {
      span.duration = micros(reader.int64());
    },
  ],
  [
    lengthTag(8),
    (span, reader) => {
      span.localEndpoint = readEndpoint(reader.message());
    },
  ],
  [
    lengthTag(9),
    (span, reader) => {
      span.remoteEndpoint = readEndpoint(reader.message());
    },
  ],
  [
    lengthTag(10),
    (span, reader) => {
      const annotation = readAnnotation(reader.message());
      if (annotation !== undefined) span.annotations.push(annotation);
    },
  ],
  [
    lengthTag(11),
    (span, reader) => {
      const [key, value] = readTag(reader.message());
      span.tags.set(key, value);
    },
  ],
  [
    varintTag(12),
    (span, reader) => {
      span.isDebug = reader.bool();
    },
  ],
  [
    varintTag(13),
    (span, reader) => {
      span.isShared = reader.bool();
    },
  ],
]);

/** Microseconds; what is beyond any clock is none. */
function micros(value: bigint): number {
  return value > 0n && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : 0;
}

function readSpan(reader: ProtobufReader): ZipkinReading {
  const span: OpenSpan = {
    traceId: "",
    parentId: undefined,
    id: "",
    kind: undefined,
    name: "",
    timestamp: 0,
    duration: 0,
    localEndpoint: undefined,
    remoteEndpoint: undefined,
    annotations: [],
    tags: new Map(),
    isDebug: false,
    isShared: false,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    const read = FIELDS.get(tag);
    if (read === undefined) reader.skip(tag);
    else read(span, reader);
  }
  return settled(span);
}

function settled(span: OpenSpan): ZipkinReading {
  if (span.traceId === "" || span.id === "") {
    const missing = [span.traceId === "" ? " traceId" : "", span.id === "" ? " id" : ""].join("");
    throw fault(`Missing :${missing}`);
  }
  return {
    ...span,
    parentId: span.parentId === span.id ? undefined : span.parentId,
    annotations: sortedAnnotations(span.annotations),
    isShared: span.isShared && span.kind !== "CLIENT",
  };
}

function readEndpoint(reader: ProtobufReader): ZipkinEndpoint | undefined {
  let name = EMPTY;
  let address: Pick<ZipkinEndpoint, "ipv4" | "ipv6"> = {};
  let port = 0;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === lengthTag(1)) name = reader.text();
    else if (tag === lengthTag(2) || tag === lengthTag(3)) {
      address = { ...address, ...addressFromBytes(reader.view()) };
    } else if (tag === varintTag(4)) port = reader.int32();
    else reader.skip(tag);
  }
  if (port > 0xffff) throw fault(`invalid port ${port}`);
  return endpointOf({ name, address, port });
}

/** One without time or text is left out, as in Zipkin. */
function readAnnotation(reader: ProtobufReader): ZipkinAnnotation | undefined {
  let timestamp = 0;
  let value = EMPTY;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === fixed64Tag(1)) timestamp = micros(reader.fixed64());
    else if (tag === lengthTag(2)) value = reader.text();
    else reader.skip(tag);
  }
  return timestamp === 0 || value === EMPTY ? undefined : { timestamp, value };
}

function readTag(reader: ProtobufReader): readonly [string, string] {
  let key = EMPTY;
  let value = EMPTY;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === lengthTag(1)) key = reader.text();
    else if (tag === lengthTag(2)) value = reader.text();
    else reader.skip(tag);
  }
  return [key, value];
}
