/** Finds one attribute among encoded ones by comparing key bytes, so that no other attribute is decoded. */

import { ProtobufReader, WireType } from "../base/protobuf-reader.ts";
import type { AttributeValue } from "../model/attribute-value.ts";
import { keyValueFrom } from "./attribute-decode.ts";
import { OtlpFieldNumber } from "./otlp-schema.ts";

const KEY_TAG = (OtlpFieldNumber.KeyValue.key << 3) | WireType.LENGTH;
const VALUE_TAG = (OtlpFieldNumber.KeyValue.value << 3) | WireType.LENGTH;

/**
 * The value of the attribute `key` in the message body `bytes[start, end)` whose attributes are field
 * `attributesField`; the last one when the key is repeated, undefined when it is not there.
 *
 * @param key - UTF-8.
 */
export function attributeIn(
  bytes: Uint8Array,
  start: number,
  end: number,
  attributesField: number,
  key: Uint8Array,
): AttributeValue | undefined {
  const found = new ProtobufReader(bytes, start, end);
  if (!seekAttribute(found, attributesField, key)) return undefined;
  return keyValueFrom(found).value;
}

/**
 * Puts the reader's bounds round the body of the `KeyValue` that {@link attributeIn} would decode.
 *
 * @param reader - over the message body that has the attributes.
 * @returns false when the attribute is not there; the reader's place then means nothing.
 */
export function seekAttribute(reader: ProtobufReader, attributesField: number, key: Uint8Array): boolean {
  const { end } = reader;
  const attributesTag = (attributesField << 3) | WireType.LENGTH;
  let foundStart = -1;
  let foundEnd = -1;
  while (reader.position < end) {
    const tag = reader.tag();
    if (tag !== attributesTag) {
      reader.skip(tag);
      continue;
    }
    const length = reader.length();
    const bodyStart = reader.position;
    const bodyEnd = bodyStart + length;
    if (hasKey(reader, bodyStart, bodyEnd, key)) {
      foundStart = bodyStart;
      foundEnd = bodyEnd;
    }
    reader.position = bodyEnd;
    reader.end = end;
  }
  reader.position = foundStart;
  reader.end = foundEnd;
  return foundStart !== -1;
}

/** True when the `KeyValue` body has this key; a key sent twice counts as sent last, one not sent is "". */
function hasKey(reader: ProtobufReader, start: number, end: number, key: Uint8Array): boolean {
  const { bytes } = reader;
  const keyLength = bytes[start + 1] as number;
  const valueAt = start + 2 + keyLength;
  // Key and value, both short, and nothing else: how every encoder writes nearly every attribute.
  const isPlain =
    bytes[start] === KEY_TAG &&
    keyLength < 0x80 &&
    valueAt + 2 <= end &&
    bytes[valueAt] === VALUE_TAG &&
    (bytes[valueAt + 1] as number) === end - valueAt - 2;
  if (isPlain) return keyLength === key.length && startsWith(bytes, start + 2, key);
  let isKey = key.length === 0;
  reader.position = start;
  reader.end = end;
  while (reader.position < end) {
    const tag = reader.tag();
    if (tag === KEY_TAG) {
      const length = reader.length();
      isKey = length === key.length && startsWith(bytes, reader.position, key);
      reader.position += length;
    } else reader.skip(tag);
  }
  return isKey;
}

function startsWith(bytes: Uint8Array, start: number, key: Uint8Array): boolean {
  for (let index = 0; index < key.length; index++) if (bytes[start + index] !== key[index]) return false;
  return true;
}
