/** What the window needs of a span that no column of a batch has: far ends, links, adjusted count. */

import { adjustedCount } from "../analysis/adjusted-count.ts";
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
import type { FarEnds } from "./far-ends.ts";
import { KeyMatcher } from "./key-matcher.ts";

const { Span, KeyValue, Link } = OtlpFieldNumber;
const ATTRIBUTE_TAG = (Span.attributes << 3) | WireType.LENGTH;
const LINK_TAG = (Span.links << 3) | WireType.LENGTH;
const TRACE_STATE_TAG = (Span.traceState << 3) | WireType.LENGTH;
/** Of the first byte of a tag: the wire type, and that a second byte follows. */
const TYPE_BITS = 0x87;
const LONG_TAG = 0x80;
const NOT_SHORT = -1;
/** Bytes of a trace state that are read: W3C asks for 512 to be kept at least, and what is longer is not for us. */
const MAX_TRACE_STATE = 4_096;
const KEY_TAG = (KeyValue.key << 3) | WireType.LENGTH;
/** Links of one span that are followed; a batch consumer names as many messages as it took. */
const MAX_LINKS = 1_024;
/** CLIENT, PRODUCER and CONSUMER say who is at the far end; others matter when a CONSUMER follows them. */
const FIRST_CALLING_KIND = 3;
/** Far ends recognised by their bytes; at the bound all are forgotten and learned anew. */
const MAX_KNOWN = 16_384;

const callingKeys = new KeyMatcher(LINK_ATTRIBUTE_KEYS);
const messageKeys = new KeyMatcher(LINK_ATTRIBUTE_KEYS.filter((key) => key.startsWith("messaging.")));

/** Ids that a span link names. */
export type LinkTarget = Pick<SpanLink, "traceId" | "spanId">;

const NO_LINKS: readonly LinkTarget[] = Object.freeze([]);

interface KnownBytes {
  readonly bytes: Uint8Array;
  readonly id: number;
}

/** Reads the tails of spans, one after the other. */
export class SpanTails {
  /** Number of the far end of the span read last, 0 for none. */
  farEnd = 0;
  /** Its links. */
  links: readonly LinkTarget[] = NO_LINKS;
  /** How many spans it stands for. */
  weight = 1;
  readonly #farEnds: FarEnds;
  #known: Map<number, KnownBytes[]> = new Map();
  #knownCount = 0;
  /** Where the attributes lie that tell of the far end: starts and ends, what is behind the last is of other spans. */
  readonly #ranges: number[] = [];
  #rangesEnd = 0;

  constructor(farEnds: FarEnds) {
    this.#farEnds = farEnds;
  }

  /** Reads the span in a row of a batch. */
  read(batch: SpanBatch, row: number): void {
    const { payload } = batch;
    const end = batch.spanEnds[row] as number;
    const keys = (batch.kinds[row] as number) >= FIRST_CALLING_KIND ? callingKeys : messageKeys;
    this.links = NO_LINKS;
    this.weight = 1;
    this.#rangesEnd = 0;
    let position = batch.spanStarts[row] as number;
    let reader: ProtobufReader | undefined;
    while (position < end) {
      const fieldEnd = shortFieldEnd(payload, position);
      const tag = payload[position] as number;
      if (fieldEnd === NOT_SHORT || tag === LINK_TAG || tag === TRACE_STATE_TAG) {
        reader ??= new ProtobufReader(payload, position, end);
        reader.position = position;
        this.#longField(reader, keys);
        position = reader.position;
        continue;
      }
      if (tag === ATTRIBUTE_TAG) {
        const body = position + ((payload[position + 1] as number) < 0x80 ? 2 : 3);
        if (isWanted(payload, body, keys)) this.#addRange(body, fieldEnd);
      }
      position = fieldEnd;
    }
    this.farEnd = this.#rangesEnd === 0 ? 0 : this.#farEndOf(payload);
  }

  /** Forgets what far ends look like as bytes, when their numbers may not hold any more. */
  forget(): void {
    this.#known = new Map();
    this.#knownCount = 0;
  }

  #addRange(start: number, end: number): void {
    this.#ranges[this.#rangesEnd++] = start;
    this.#ranges[this.#rangesEnd++] = end;
  }

  #longField(reader: ProtobufReader, keys: KeyMatcher): void {
    const tag = reader.tag();
    if (tag !== ATTRIBUTE_TAG && tag !== LINK_TAG && tag !== TRACE_STATE_TAG) {
      reader.skip(tag);
      return;
    }
    const { end } = reader;
    const length = reader.length();
    const start = reader.position;
    const bodyEnd = start + length;
    if (tag === ATTRIBUTE_TAG) {
      if (isWanted(reader.bytes, start, keys)) this.#addRange(start, bodyEnd);
    } else if (tag === TRACE_STATE_TAG) {
      this.weight = adjustedCount(latin1(reader.bytes, start, Math.min(bodyEnd, start + MAX_TRACE_STATE)));
    } else if (this.links.length < MAX_LINKS) {
      this.links = [...this.links, linkIn(reader, bodyEnd)];
    }
    reader.position = bodyEnd;
    reader.end = end;
  }

  #farEndOf(payload: Uint8Array): number {
    const hash = this.#hash(payload);
    const sameHash = this.#known.get(hash);
    if (sameHash !== undefined) {
      for (const { bytes, id } of sameHash) if (this.#isSame(bytes, payload)) return id;
    }
    const fresh = {
      bytes: this.#copy(payload),
      id: this.#farEnds.idOf(normalised(this.#attributes(payload))),
    };
    if (this.#knownCount >= MAX_KNOWN) this.forget();
    this.#knownCount++;
    const list = this.#known.get(hash);
    if (list === undefined) this.#known.set(hash, [fresh]);
    else list.push(fresh);
    return fresh.id;
  }

  /** FNV-1a over the bytes of all ranges. */
  #hash(payload: Uint8Array): number {
    let hash = 0x811c_9dc5;
    for (let range = 0; range < this.#rangesEnd; range += 2) {
      const end = this.#ranges[range + 1] as number;
      for (let at = this.#ranges[range] as number; at < end; at++) {
        hash = Math.imul(hash ^ (payload[at] as number), 0x0100_0193);
      }
    }
    return hash;
  }

  #isSame(bytes: Uint8Array, payload: Uint8Array): boolean {
    let at = 0;
    for (let range = 0; range < this.#rangesEnd; range += 2) {
      const end = this.#ranges[range + 1] as number;
      for (let place = this.#ranges[range] as number; place < end; place++) {
        if (bytes[at++] !== payload[place]) return false;
      }
    }
    return at === bytes.length;
  }

  #copy(payload: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let range = 0; range < this.#rangesEnd; range += 2) {
      parts.push(payload.subarray(this.#ranges[range], this.#ranges[range + 1]));
    }
    return Buffer.concat(parts);
  }

  #attributes(payload: Uint8Array): Attributes {
    const attributes: Record<string, AttributeValue> = {};
    for (let range = 0; range < this.#rangesEnd; range += 2) {
      const reader = new ProtobufReader(payload, this.#ranges[range], this.#ranges[range + 1]);
      const { key, value } = keyValueFrom(reader);
      attributes[key] = value;
    }
    return attributes;
  }
}

/**
 * Where the field at `position` of a checked span ends, for nearly all of them: short tags, lengths below 2^14, and flags.
 * {@link NOT_SHORT} for others.
 */
function shortFieldEnd(payload: Uint8Array, position: number): number {
  const tag = payload[position] as number;
  const first = payload[position + 1] as number;
  switch (tag & TYPE_BITS) {
    case WireType.LENGTH: {
      if (first < 0x80) return position + 2 + first;
      const second = payload[position + 2] as number;
      return second < 0x80 ? position + 3 + ((first & 0x7f) | (second << 7)) : NOT_SHORT;
    }
    case WireType.FIXED64:
      return position + 9;
    case WireType.VARINT:
      return first < 0x80 ? position + 2 : NOT_SHORT;
    case LONG_TAG | WireType.FIXED32:
      return first < 0x80 ? position + 6 : NOT_SHORT;
    default:
      return NOT_SHORT;
  }
}

/** Every encoder writes the key first. */
function isWanted(bytes: Uint8Array, start: number, keys: KeyMatcher): boolean {
  const length = bytes[start + 1] as number;
  return bytes[start] === KEY_TAG && length < 0x80 && keys.has(bytes, start + 2, length);
}

/** A trace state is printable ASCII; a threshold in anything else is none. */
function latin1(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

function linkIn(reader: ProtobufReader, bodyEnd: number): LinkTarget {
  const { bytes } = reader;
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
