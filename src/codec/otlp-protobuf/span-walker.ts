/** Walks one `Span` message: checks all of it and remembers where its columns are. */

import type { ProtobufReader } from "../../base/protobuf-reader.ts";
import { WireType } from "../../base/protobuf-reader.ts";
import { checkField, checkMessage, isPlainKeyValue, MESSAGE_SHAPES } from "./message-check.ts";

const SPAN = MESSAGE_SHAPES.Span;
const KEY_VALUE = MESSAGE_SHAPES.KeyValue;
const EVENT = MESSAGE_SHAPES.Event;
const LINK = MESSAGE_SHAPES.Link;

/** Tags (field number * 8 + wire type) of the fields the walk looks at. */
const Tag = {
  TRACE_ID: 0x0a,
  SPAN_ID: 0x12,
  TRACE_STATE: 0x1a,
  PARENT_SPAN_ID: 0x22,
  NAME: 0x2a,
  KIND: 0x30,
  START_TIME: 0x39,
  END_TIME: 0x41,
  ATTRIBUTES: 0x4a,
  EVENTS: 0x5a,
  LINKS: 0x6a,
  STATUS: 0x7a,
} as const;

const LINK_TRACE_ID = 0x0a;
const LINK_SPAN_ID = 0x12;
const STATUS_CODE = 0x18;

/**
 * The walk and its findings, which hold until the next walk: one object for all spans of a request. Positions are
 * bytes of the payload, -1 where the field was not sent; a field sent twice counts as sent last.
 */
export class SpanWalker {
  readonly #reader: ProtobufReader;
  readonly #maxDepth: number;

  traceIdStart = -1;
  traceIdLength = 0;
  spanIdStart = -1;
  spanIdLength = 0;
  parentSpanIdStart = -1;
  parentSpanIdLength = 0;
  nameStart = 0;
  nameEnd = 0;
  kind = 0;
  /** Position of the eight bytes. */
  startTimeAt = -1;
  /** Position of the eight bytes. */
  endTimeAt = -1;
  statusCode = 0;
  /** Where the first link with an id of wrong length begins (its tag), and which id that is. */
  badLinkAt = -1;
  badLinkField: "trace_id" | "span_id" = "trace_id";
  badLinkIdStart = 0;
  badLinkIdLength = 0;

  constructor(reader: ProtobufReader, maxDepth: number) {
    this.#reader = reader;
    this.#maxDepth = maxDepth;
  }

  /**
   * Walks the body `[start, end)` of a span.
   *
   * @throws ProtobufError when anything in it is malformed.
   */
  walk(start: number, end: number): void {
    this.#forget();
    const { bytes } = this.#reader;
    let position = start;
    while (position < end) {
      let tag = bytes[position] as number;
      let valueAt = position + 1;
      if (tag > 0x7f) {
        tag = this.#longTag(position, end);
        valueAt = this.#reader.position;
      }
      if ((tag & 7) !== WireType.LENGTH) {
        position = this.#otherField(tag, position, valueAt, end);
        continue;
      }
      let length = bytes[valueAt] as number;
      let bodyStart = valueAt + 1;
      if (length > 0x7f || !(bodyStart + length <= end)) {
        length = this.#longLength(position, end);
        bodyStart = this.#reader.position;
      }
      const next = bodyStart + length;
      if (tag !== Tag.ATTRIBUTES) this.#lengthField(tag, position, bodyStart, next, end);
      else if (!isPlainKeyValue(bytes, bodyStart, next)) {
        checkMessage(this.#reader, bodyStart, next, KEY_VALUE, this.#maxDepth);
      }
      position = next;
    }
  }

  #forget(): void {
    this.traceIdStart = -1;
    this.traceIdLength = 0;
    this.spanIdStart = -1;
    this.spanIdLength = 0;
    this.parentSpanIdStart = -1;
    this.parentSpanIdLength = 0;
    this.nameStart = 0;
    this.nameEnd = 0;
    this.kind = 0;
    this.startTimeAt = -1;
    this.endTimeAt = -1;
    this.statusCode = 0;
    this.badLinkAt = -1;
  }

  #longTag(position: number, end: number): number {
    this.#reader.position = position;
    this.#reader.end = end;
    return this.#reader.tag();
  }

  /** The length in the field whose tag is at `position`, in any form; the reader stands behind it. */
  #longLength(position: number, end: number): number {
    this.#longTag(position, end);
    return this.#reader.length();
  }

  #lengthField(tag: number, tagStart: number, start: number, next: number, end: number): void {
    switch (tag) {
      case Tag.TRACE_ID:
        this.traceIdStart = start;
        this.traceIdLength = next - start;
        return;
      case Tag.SPAN_ID:
        this.spanIdStart = start;
        this.spanIdLength = next - start;
        return;
      case Tag.PARENT_SPAN_ID:
        this.parentSpanIdStart = start;
        this.parentSpanIdLength = next - start;
        return;
      case Tag.NAME:
        this.nameStart = start;
        this.nameEnd = next;
        return;
      case Tag.TRACE_STATE:
        return;
      case Tag.EVENTS:
        checkMessage(this.#reader, start, next, EVENT, this.#maxDepth);
        return;
      case Tag.STATUS:
        this.#status(start, next);
        return;
      case Tag.LINKS:
        checkMessage(this.#reader, start, next, LINK, this.#maxDepth);
        this.#linkIds(tagStart, start, next);
        return;
      default:
        checkField(this.#reader, tagStart, end, SPAN, this.#maxDepth);
    }
  }

  /** Fields that are not length-delimited. */
  #otherField(tag: number, position: number, valueAt: number, end: number): number {
    const next = checkField(this.#reader, position, end, SPAN, this.#maxDepth);
    switch (tag) {
      case Tag.START_TIME:
        this.startTimeAt = valueAt;
        break;
      case Tag.END_TIME:
        this.endTimeAt = valueAt;
        break;
      case Tag.KIND:
        this.#reader.position = valueAt;
        this.kind = this.#reader.uint32();
        break;
      default:
        break;
    }
    return next;
  }

  /** A status sent in pieces counts as one message: a piece without a code leaves the code as it is. */
  #status(start: number, end: number): void {
    const reader = this.#reader;
    checkMessage(reader, start, end, MESSAGE_SHAPES.Status, this.#maxDepth);
    reader.position = start;
    reader.end = end;
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag === STATUS_CODE) this.statusCode = reader.uint32();
      else reader.skip(tag);
    }
  }

  /** Wrong lengths are remembered, not thrown: they cost this span, not the request. */
  #linkIds(tagStart: number, start: number, end: number): void {
    if (this.badLinkAt !== -1) return;
    const reader = this.#reader;
    reader.position = start;
    reader.end = end;
    let traceIdStart = start;
    let traceIdLength = 0;
    let spanIdStart = start;
    let spanIdLength = 0;
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag === LINK_TRACE_ID) {
        traceIdLength = reader.length();
        traceIdStart = reader.position;
        reader.position += traceIdLength;
      } else if (tag === LINK_SPAN_ID) {
        spanIdLength = reader.length();
        spanIdStart = reader.position;
        reader.position += spanIdLength;
      } else reader.skip(tag);
    }
    if (traceIdLength !== 16) this.#badLink(tagStart, "trace_id", traceIdStart, traceIdLength);
    else if (spanIdLength !== 8) this.#badLink(tagStart, "span_id", spanIdStart, spanIdLength);
  }

  #badLink(tagStart: number, field: "trace_id" | "span_id", idStart: number, idLength: number): void {
    this.badLinkAt = tagStart;
    this.badLinkField = field;
    this.badLinkIdStart = idStart;
    this.badLinkIdLength = idLength;
  }
}
