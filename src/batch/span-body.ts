/** What a `Span` message holds beside its columns, decoded. */

import { hexFromBytes } from "../base/bytes.ts";
import { ProtobufReader } from "../base/protobuf-reader.ts";
import type { Attributes } from "../model/attribute-value.ts";
import type { SpanEvent, SpanLink } from "../model/span.ts";
import { addAttribute, createAttributes } from "./attribute-decode.ts";
import { OtlpFieldNumber } from "./otlp-schema.ts";

const SPAN = OtlpFieldNumber.Span;
const EVENT = OtlpFieldNumber.Event;
const LINK = OtlpFieldNumber.Link;
const STATUS_MESSAGE_TAG = (OtlpFieldNumber.Status.message << 3) | 2;

/** The part of a span that no column holds. */
export interface SpanBody {
  readonly traceState: string;
  readonly flags: number;
  readonly statusMessage: string;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Decodes the body `bytes[start, end)` of a span that was checked before. */
export function spanBodyFrom(bytes: Uint8Array, start: number, end: number): SpanBody {
  const attributes = createAttributes();
  const events: SpanEvent[] = [];
  const links: SpanLink[] = [];
  const body: Writable<SpanBody> = {
    traceState: "",
    flags: 0,
    statusMessage: "",
    attributes,
    events,
    links,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
  const reader = new ProtobufReader(bytes, start, end);
  while (reader.position < end) {
    const tag = reader.tag();
    switch (tag) {
      case (SPAN.attributes << 3) | 2:
        addAttribute(attributes, reader.message());
        break;
      case (SPAN.events << 3) | 2:
        events.push(eventFrom(reader.message()));
        break;
      case (SPAN.links << 3) | 2:
        links.push(linkFrom(reader.message()));
        break;
      default:
        readScalar(reader, tag, body);
    }
  }
  return body;
}

function readScalar(reader: ProtobufReader, tag: number, body: Writable<SpanBody>): void {
  switch (tag) {
    case (SPAN.traceState << 3) | 2:
      body.traceState = reader.text();
      return;
    case (SPAN.flags << 3) | 5:
      body.flags = reader.fixed32();
      return;
    case (SPAN.status << 3) | 2:
      body.statusMessage = statusMessageFrom(reader.message(), body.statusMessage);
      return;
    case SPAN.droppedAttributesCount << 3:
      body.droppedAttributesCount = reader.uint32();
      return;
    case SPAN.droppedEventsCount << 3:
      body.droppedEventsCount = reader.uint32();
      return;
    case SPAN.droppedLinksCount << 3:
      body.droppedLinksCount = reader.uint32();
      return;
    default:
      reader.skip(tag);
  }
}

/** A status sent in pieces is one message: a piece without a message keeps the one before. */
export function statusMessageFrom(reader: ProtobufReader, before: string): string {
  let message = before;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === STATUS_MESSAGE_TAG) message = reader.text();
    else reader.skip(tag);
  }
  return message;
}

/** Reads one `Event` body. */
export function eventFrom(reader: ProtobufReader): SpanEvent {
  const attributes = createAttributes();
  const event: Writable<SpanEvent> = { name: "", timeUnixNano: 0n, attributes, droppedAttributesCount: 0 };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case (EVENT.timeUnixNano << 3) | 1:
        event.timeUnixNano = reader.fixed64();
        break;
      case (EVENT.name << 3) | 2:
        event.name = reader.text();
        break;
      case (EVENT.attributes << 3) | 2:
        addAttribute(attributes, reader.message());
        break;
      case EVENT.droppedAttributesCount << 3:
        event.droppedAttributesCount = reader.uint32();
        break;
      default:
        reader.skip(tag);
    }
  }
  return event;
}

/** Reads one `Link` body. */
export function linkFrom(reader: ProtobufReader): SpanLink {
  const attributes = createAttributes();
  const link: Writable<SpanLink> = {
    traceId: "",
    spanId: "",
    traceState: "",
    attributes,
    droppedAttributesCount: 0,
    flags: 0,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case (LINK.traceId << 3) | 2:
        link.traceId = hexFromBytes(reader.view());
        break;
      case (LINK.spanId << 3) | 2:
        link.spanId = hexFromBytes(reader.view());
        break;
      case (LINK.traceState << 3) | 2:
        link.traceState = reader.text();
        break;
      case (LINK.attributes << 3) | 2:
        addAttribute(attributes, reader.message());
        break;
      case LINK.droppedAttributesCount << 3:
        link.droppedAttributesCount = reader.uint32();
        break;
      case (LINK.flags << 3) | 5:
        link.flags = reader.fixed32();
        break;
      default:
        reader.skip(tag);
    }
  }
  return link;
}
