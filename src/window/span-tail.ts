/** What the window needs of a span that no column of a batch has: far ends, links, sampling threshold. */

import {
  databaseNameOf,
  isSendOperation,
  LINK_ATTRIBUTE_KEYS,
  messagingNodeOf,
  peerNameOf,
} from "../analysis/peer-names.ts";
import { hexFromBytes } from "../base/bytes.ts";
import { ProtobufReader, WireType } from "../base/protobuf-reader.ts";
import { keyValueFrom } from "../batch/attribute-decode.ts";
import { OtlpFieldNumber } from "../batch/otlp-schema.ts";
import type { SpanBatch } from "../batch/span-batch.ts";
import type { Attributes, AttributeValue } from "../model/attribute-value.ts";
import type { SpanLink } from "../model/span.ts";
import { KeyMatcher } from "./key-matcher.ts";

const { Span, KeyValue, Link } = OtlpFieldNumber;
const ATTRIBUTE_TAG = (Span.attributes << 3) | WireType.LENGTH;
const LINK_TAG = (Span.links << 3) | WireType.LENGTH;
const KEY_TAG = (KeyValue.key << 3) | WireType.LENGTH;
/** Links of one span that are followed; a batch consumer names as many messages as it took. */
const MAX_LINKS = 1_024;

const matcher = new KeyMatcher(LINK_ATTRIBUTE_KEYS);

/** Ids that a span link names. */
export type LinkTarget = Pick<SpanLink, "traceId" | "spanId">;

/** The tail of one span. */
export interface SpanTail {
  /** The attributes that name far ends, in their normal form. */
  readonly farEnd: Attributes | undefined;
  readonly links: readonly LinkTarget[] | undefined;
}

const NOTHING: SpanTail = Object.freeze({ farEnd: undefined, links: undefined });

/** Reads attributes and links of a span. */
export function spanTailOf(batch: SpanBatch, row: number): SpanTail {
  const end = batch.spanEnds[row] as number;
  const reader = new ProtobufReader(batch.payload, batch.spanStarts[row] as number, end);
  const attributes: Record<string, AttributeValue> = {};
  const links: LinkTarget[] = [];
  let hasFarEnd = false;
  while (reader.position < end) {
    const tag = reader.tag();
    if (tag !== ATTRIBUTE_TAG && tag !== LINK_TAG) {
      reader.skip(tag);
      continue;
    }
    const length = reader.length();
    const bodyEnd = reader.position + length;
    if (tag === LINK_TAG) {
      if (links.length < MAX_LINKS) links.push(linkIn(reader, bodyEnd));
    } else if (isWanted(reader, bodyEnd)) {
      reader.end = bodyEnd;
      const { key, value } = keyValueFrom(reader);
      attributes[key] = value;
      hasFarEnd = true;
    }
    reader.position = bodyEnd;
    reader.end = end;
  }
  if (!hasFarEnd && links.length === 0) return NOTHING;
  return {
    farEnd: hasFarEnd ? normalised(attributes) : undefined,
    links: links.length === 0 ? undefined : links,
  };
}

/** Every encoder writes the key first. */
function isWanted({ bytes, position }: ProtobufReader, bodyEnd: number): boolean {
  const length = bytes[position + 1] as number;
  if (bytes[position] !== KEY_TAG || length >= 0x80 || position + 2 + length > bodyEnd) return false;
  return matcher.match(bytes, position + 2, length) !== undefined;
}

function linkIn(reader: ProtobufReader, bodyEnd: number): LinkTarget {
  const { bytes } = reader;
  const outerEnd = reader.end;
  let traceId = "";
  let spanId = "";
  reader.end = bodyEnd;
  while (reader.position < bodyEnd) {
    const tag = reader.tag();
    if (tag >>> 3 !== Link.traceId && tag >>> 3 !== Link.spanId) {
      reader.skip(tag);
      continue;
    }
    const length = reader.length();
    const hex = hexFromBytes(bytes, reader.position, reader.position + length);
    if (tag >>> 3 === Link.traceId) traceId = hex;
    else spanId = hex;
    reader.position += length;
  }
  reader.end = outerEnd;
  return { traceId, spanId };
}

/**
 * Attributes of which dependency links read the same as of `attributes`, without what they do not look at: far ends
 * that are one have one form.
 */
function normalised(attributes: Attributes): Attributes {
  const normal: Record<string, AttributeValue> = {};
  const database = databaseNameOf(attributes);
  const node = messagingNodeOf(attributes);
  const peer = peerNameOf(attributes);
  if (database !== undefined) normal["db.system.name"] = database;
  if (node !== undefined)
    normal[node.isExact ? "messaging.destination.template" : "messaging.system"] = node.name;
  if (node !== undefined && isSendOperation(attributes)) normal["messaging.operation.type"] = "send";
  if (peer !== undefined) normal["service.peer.name"] = peer;
  return normal;
}
