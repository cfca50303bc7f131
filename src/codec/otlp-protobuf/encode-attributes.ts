/** Attributes into their protobuf form. */

import type { ProtobufWriter } from "../../base/protobuf-writer.ts";
import { OtlpFieldNumber } from "../../batch/otlp-schema.ts";
import type { AttributeMap, AttributeValue } from "../../model/attribute-value.ts";

const ANY = OtlpFieldNumber.AnyValue;
const KEY_VALUE = OtlpFieldNumber.KeyValue;
/** Field 1 of both `ArrayValue` and `KeyValueList`. */
const VALUES = OtlpFieldNumber.ArrayValue.values;

/** Writes each attribute as a `KeyValue` of field `field`. */
export function writeAttributes(writer: ProtobufWriter, field: number, attributes: AttributeMap): void {
  for (const key of Object.keys(attributes)) {
    const mark = writer.begin(field);
    writer.text(KEY_VALUE.key, key);
    writeAnyValue(writer, KEY_VALUE.value, attributes[key] as AttributeValue);
    writer.end(mark);
  }
}

/** Writes one `KeyValue` as field `field`. */
export function writeKeyValue(
  writer: ProtobufWriter,
  field: number,
  { key, value }: { readonly key: string; readonly value: AttributeValue },
): void {
  const mark = writer.begin(field);
  writer.text(KEY_VALUE.key, key);
  writeAnyValue(writer, KEY_VALUE.value, value);
  writer.end(mark);
}

/** Writes an `AnyValue` as field `field`; the empty value is an empty message. */
function writeAnyValue(writer: ProtobufWriter, field: number, value: AttributeValue): void {
  const mark = writer.begin(field);
  if (typeof value === "object") writeComposite(writer, value);
  else writeScalar(writer, value);
  writer.end(mark);
}

function writeScalar(writer: ProtobufWriter, value: string | boolean | bigint | number): void {
  switch (typeof value) {
    case "string":
      writer.text(ANY.stringValue, value);
      return;
    case "boolean":
      writer.uint32(ANY.boolValue, value ? 1 : 0);
      return;
    case "bigint":
      writer.int64(ANY.intValue, value);
      return;
    default:
      writer.double(ANY.doubleValue, value);
  }
}

function writeComposite(
  writer: ProtobufWriter,
  value: null | Uint8Array | readonly AttributeValue[] | AttributeMap,
): void {
  if (value === null) return;
  if (value instanceof Uint8Array) {
    writer.bytes(ANY.bytesValue, value);
    return;
  }
  if (isArray(value)) {
    const mark = writer.begin(ANY.arrayValue);
    for (const element of value) writeAnyValue(writer, VALUES, element);
    writer.end(mark);
    return;
  }
  const mark = writer.begin(ANY.kvlistValue);
  writeAttributes(writer, VALUES, value);
  writer.end(mark);
}

/** `Array.isArray` does not narrow readonly arrays. */
function isArray(value: readonly AttributeValue[] | AttributeMap): value is readonly AttributeValue[] {
  return Array.isArray(value);
}
