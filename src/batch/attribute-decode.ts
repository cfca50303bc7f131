/** Attributes from their protobuf form into plain values. */

import { ProtobufReader } from "../base/protobuf-reader.ts";
import type { Attributes, AttributeValue } from "../model/attribute-value.ts";
import { OtlpFieldNumber } from "./otlp-schema.ts";

const ANY = OtlpFieldNumber.AnyValue;
const KEY_VALUE = OtlpFieldNumber.KeyValue;
/** Field 1 of both `ArrayValue` and `KeyValueList`. */
const VALUES_TAG = 0x0a;

/** Tags of the members of `AnyValue`. */
const ValueTag = {
  STRING: (ANY.stringValue << 3) | 2,
  BOOL: ANY.boolValue << 3,
  INT: ANY.intValue << 3,
  DOUBLE: (ANY.doubleValue << 3) | 1,
  ARRAY: (ANY.arrayValue << 3) | 2,
  KVLIST: (ANY.kvlistValue << 3) | 2,
  BYTES: (ANY.bytesValue << 3) | 2,
} as const;

/** One attribute. */
export interface DecodedAttribute {
  readonly key: string;
  readonly value: AttributeValue;
}

/** A map that no key can break: `__proto__` is a key like any other. */
export type AttributeMapBuilder = Record<string, AttributeValue>;

/** An empty attribute map, to be filled with {@link setAttribute}. */
export function createAttributes(): AttributeMapBuilder {
  return {};
}

/** Sets a key; the last value of a repeated key holds. */
export function setAttribute(attributes: AttributeMapBuilder, key: string, value: AttributeValue): void {
  if (key !== "__proto__") attributes[key] = value;
  else
    Object.defineProperty(attributes, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Reads one `KeyValue` body. A value sent in pieces is merged, as the format asks. */
export function keyValueFrom(reader: ProtobufReader): DecodedAttribute {
  let key = "";
  let valueBytes: Uint8Array | undefined;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === ((KEY_VALUE.key << 3) | 2)) key = reader.text();
    else if (tag === ((KEY_VALUE.value << 3) | 2)) valueBytes = joined(valueBytes, reader.view());
    else reader.skip(tag);
  }
  return { key, value: valueBytes === undefined ? null : anyValueFrom(new ProtobufReader(valueBytes)) };
}

/** Reads one `AnyValue` body: the last member sent holds, `null` when there is none. */
export function anyValueFrom(reader: ProtobufReader): AttributeValue {
  let value: AttributeValue = null;
  let lastTag = 0;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case ValueTag.ARRAY:
        value = elementsFrom(reader.message(), tag === lastTag ? (value as AttributeValue[]) : []);
        break;
      case ValueTag.KVLIST:
        value = entriesFrom(
          reader.message(),
          tag === lastTag ? (value as AttributeMapBuilder) : createAttributes(),
        );
        break;
      default:
        if (!isScalarTag(tag)) {
          reader.skip(tag);
          continue;
        }
        value = scalarFrom(reader, tag);
    }
    lastTag = tag;
  }
  return value;
}

function isScalarTag(tag: number): boolean {
  switch (tag) {
    case ValueTag.STRING:
    case ValueTag.BOOL:
    case ValueTag.INT:
    case ValueTag.DOUBLE:
    case ValueTag.BYTES:
      return true;
    default:
      return false;
  }
}

function scalarFrom(reader: ProtobufReader, tag: number): AttributeValue {
  switch (tag) {
    case ValueTag.STRING:
      return reader.text();
    case ValueTag.BOOL:
      return reader.bool();
    case ValueTag.INT:
      return reader.int64();
    case ValueTag.DOUBLE:
      return reader.double();
    default:
      return reader.view().slice();
  }
}

function elementsFrom(reader: ProtobufReader, elements: AttributeValue[]): AttributeValue[] {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === VALUES_TAG) elements.push(anyValueFrom(reader.message()));
    else reader.skip(tag);
  }
  return elements;
}

function entriesFrom(reader: ProtobufReader, entries: AttributeMapBuilder): Attributes {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === VALUES_TAG) addAttribute(entries, reader.message());
    else reader.skip(tag);
  }
  return entries;
}

/** Reads a `KeyValue` body into a map. */
export function addAttribute(attributes: AttributeMapBuilder, reader: ProtobufReader): void {
  const { key, value } = keyValueFrom(reader);
  setAttribute(attributes, key, value);
}

function joined(first: Uint8Array | undefined, second: Uint8Array): Uint8Array {
  if (first === undefined) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
