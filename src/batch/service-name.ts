/** The service a resource belongs to. */

import { ProtobufReader, WireType } from "../base/protobuf-reader.ts";
import { utf8FromText } from "../base/utf8.ts";
import { UNKNOWN_SERVICE } from "../model/span.ts";
import { keyValueFrom } from "./attribute-decode.ts";
import { seekAttribute } from "./attribute-scan.ts";
import type { ByteDictionary } from "./byte-dictionary.ts";
import { OtlpFieldNumber } from "./otlp-schema.ts";

const SERVICE_NAME_KEY: Uint8Array = utf8FromText("service.name");
/** Bytes of a `KeyValue` body with this key before the text of a short string: key, value tag, length, text tag, length. */
const TEXT_OFFSET = 2 + SERVICE_NAME_KEY.length + 4;
const KEY_TAG = (OtlpFieldNumber.KeyValue.key << 3) | WireType.LENGTH;
const VALUE_TAG = (OtlpFieldNumber.KeyValue.value << 3) | WireType.LENGTH;
const STRING_TAG = (OtlpFieldNumber.AnyValue.stringValue << 3) | WireType.LENGTH;

/**
 * `service.name` of the `Resource` body `bytes[start, end)`, or `unknown_service` when it is missing, empty or not a
 * string.
 *
 * @param words - finds the text of a name seen before.
 */
export function serviceNameIn(bytes: Uint8Array, start: number, end: number, words: ByteDictionary): string {
  const found = new ProtobufReader(bytes, start, end);
  if (!seekAttribute(found, OtlpFieldNumber.Resource.attributes, SERVICE_NAME_KEY)) return UNKNOWN_SERVICE;
  const name = shortText(found, words) ?? keyValueFrom(found).value;
  return typeof name === "string" && name !== "" ? name : UNKNOWN_SERVICE;
}

/** The value where it is a string in the short form every encoder writes; undefined says nothing. */
function shortText({ bytes, position, end }: ProtobufReader, words: ByteDictionary): string | undefined {
  const textAt = position + TEXT_OFFSET;
  const length = bytes[textAt - 1] as number;
  const isShort =
    textAt + length === end &&
    length < 0x80 &&
    bytes[position] === KEY_TAG &&
    bytes[position + 1] === SERVICE_NAME_KEY.length &&
    bytes[textAt - 4] === VALUE_TAG &&
    bytes[textAt - 3] === length + 2 &&
    bytes[textAt - 2] === STRING_TAG;
  return isShort ? words.text(words.idOf(bytes, textAt, end)) : undefined;
}
