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

/** The tag of `flags` has two bytes. */
const FLAGS_FIRST_BYTE = 0x85;
const FLAGS_SECOND_BYTE = 0x01;

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
      const tag = bytes[position] as number;
      const length = bytes[position + 1] as number;
      const bodyStart = position + 2;
      const next = bodyStart + length;
      const isShort = length < 0x80 && next <= end;
      if (tag === Tag.ATTRIBUTES && isShort && isPlainKeyValue(bytes, bodyStart, next)) position = next;
      else if (isShort && (tag & 0x87) === WireType.LENGTH) {
        this.#lengthField(tag, position, bodyStart, next, end);
        position = next;
      } else position = this.#otherField(position, end);
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
      case Tag.ATTRIBUTES:
        checkMessage(this.#reader, start, next, KEY_VALUE, this.#maxDepth);
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

  /** Fields that are not length-delimited, or have a tag or a length of more than one byte; returns their end. */
  #otherField(position: number, end: number): number {
    const { bytes } = this.#reader;
    const valueAt = position + 1;
    switch (bytes[position]) {
      case Tag.START_TIME:
        if (valueAt + 8 > end) break;
        this.startTimeAt = valueAt;
        return valueAt + 8;
      case Tag.END_TIME:
        if (valueAt + 8 > end) break;
        this.endTimeAt = valueAt;
        return valueAt + 8;
      case Tag.KIND:
        if (valueAt === end || (bytes[valueAt] as number) > 0x7f) break;
        this.kind = bytes[valueAt] as number;
        return valueAt + 1;
      case FLAGS_FIRST_BYTE:
        if (bytes[valueAt] !== FLAGS_SECOND_BYTE || valueAt + 5 > end) break;
        return valueAt + 5;
      default:
        break;
    }
    return this.#anyField(position, end);
  }

  /** A field in any form an encoder may choose, known or not. */
  #anyField(position: number, end: number): number {
    const reader = this.#reader;
    reader.position = position;
    reader.end = end;
    const tag = reader.tag();
    const valueAt = reader.position;
    if ((tag & 7) === WireType.LENGTH) {
      const length = reader.length();
      const start = reader.position;
      this.#lengthField(tag, position, start, start + length, end);
      return start + length;
    }
    const next = checkField(reader, position, end, SPAN, this.#maxDepth);
    reader.position = valueAt;
    if (tag === Tag.START_TIME) this.startTimeAt = valueAt;
    else if (tag === Tag.END_TIME) this.endTimeAt = valueAt;
    else if (tag === Tag.KIND) this.kind = reader.uint32();
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
