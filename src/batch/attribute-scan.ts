/** Finds one attribute among encoded ones by comparing key bytes, so that no other attribute is decoded. */

import { ProtobufReader, WireType } from "../base/protobuf-reader.ts";
import type { AttributeValue } from "../model/attribute-value.ts";
import { keyValueFrom } from "./attribute-decode.ts";
import { OtlpFieldNumber } from "./otlp-schema.ts";

const KEY_TAG = (OtlpFieldNumber.KeyValue.key << 3) | WireType.LENGTH;

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
  const reader = new ProtobufReader(bytes, start, end);
  const attributesTag = (attributesField << 3) | WireType.LENGTH;
  const scratch = new ProtobufReader(bytes, start, end);
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
    reader.position += length;
    if (!hasKey(scratch, bodyStart, reader.position, key)) continue;
    foundStart = bodyStart;
    foundEnd = reader.position;
  }
  if (foundStart === -1) return undefined;
  return keyValueFrom(new ProtobufReader(bytes, foundStart, foundEnd)).value;
}

/** True when the `KeyValue` body has this key; a key sent twice counts as sent last, one not sent is "". */
function hasKey(reader: ProtobufReader, start: number, end: number, key: Uint8Array): boolean {
  let isKey = key.length === 0;
  reader.position = start;
  reader.end = end;
  while (reader.position < end) {
    const tag = reader.tag();
    if (tag === KEY_TAG) {
      const length = reader.length();
      isKey = length === key.length && startsWith(reader.bytes, reader.position, key);
      reader.position += length;
    } else reader.skip(tag);
  }
  return isKey;
}

function startsWith(bytes: Uint8Array, start: number, key: Uint8Array): boolean {
  for (let index = 0; index < key.length; index++) if (bytes[start + index] !== key[index]) return false;
  return true;
}
