/** Checks that bytes are a well-formed OTLP message, every nested field of it, without making anything. */

import type { ProtobufReader } from "../../base/protobuf-reader.ts";
import { ProtobufError, WireType } from "../../base/protobuf-reader.ts";
import type { OtlpFieldType, OtlpMessageName } from "../../batch/otlp-schema.ts";
import { isOtlpMessage, OTLP_SCHEMA } from "../../batch/otlp-schema.ts";

/** Stands in {@link MessageShape.wireTypes} for fields the message does not have. */
const UNKNOWN = 255;

/** What the check needs to know of a message, indexed by field number. */
export interface MessageShape {
  /** Wire type of each field, 255 for fields the message does not have. */
  readonly wireTypes: Uint8Array;
  /** Shapes of the message fields. */
  readonly nested: readonly (MessageShape | undefined)[];
  /** True for array and key-value-list values: each is one level of attribute depth. */
  readonly isLevel: boolean;
  readonly isKeyValue: boolean;
}

const WIRE_TYPE_NAMES: readonly string[] = [
  "varint",
  "64-bit",
  "length-delimited",
  "group",
  "group end",
  "32-bit",
];

/** The shapes of all OTLP messages. */
export const MESSAGE_SHAPES: Readonly<Record<OtlpMessageName, MessageShape>> = Object.freeze(compileShapes());

/** The wire type a field is sent with. */
export function wireTypeOf(type: OtlpFieldType): number {
  switch (type) {
    case "bool":
    case "uint32":
    case "int64":
    case "kind":
    case "status":
      return WireType.VARINT;
    case "double":
    case "fixed64":
      return WireType.FIXED64;
    case "fixed32":
      return WireType.FIXED32;
    default:
      return WireType.LENGTH;
  }
}

/**
 * Checks the message body `[start, end)`. The reader lends its bytes; its position and end are used as scratch.
 *
 * @param levelsLeft - how many more array or key-value-list values may lie inside one another.
 * @throws ProtobufError with the offset of the field at fault.
 */
export function checkMessage(
  reader: ProtobufReader,
  start: number,
  end: number,
  shape: MessageShape,
  levelsLeft: number,
): void {
  const { bytes } = reader;
  let position = start;
  while (position < end) {
    const tag = bytes[position] as number;
    const length = bytes[position + 1] as number;
    const next = position + 2 + length;
    const isShort = (tag & 0x87) === WireType.LENGTH && length < 0x80 && next <= end;
    if (isShort && shape.wireTypes[tag >>> 3] === WireType.LENGTH) {
      const nested = shape.nested[tag >>> 3];
      if (nested !== undefined) checkNested(reader, position + 2, next, nested, levelsLeft);
      position = next;
    } else {
      position = checkField(reader, position, end, shape, levelsLeft);
    }
  }
}

/** Checks an embedded message, counting its level. */
export function checkNested(
  reader: ProtobufReader,
  start: number,
  end: number,
  shape: MessageShape,
  levelsLeft: number,
): void {
  if (shape.isKeyValue && isPlainKeyValue(reader.bytes, start, end)) return;
  const left = shape.isLevel ? levelsLeft - 1 : levelsLeft;
  // The byte before the body belongs to the field even when the body is empty.
  if (left < 0) throw new ProtobufError(start - 1, "attribute values are nested deeper than the limit");
  checkMessage(reader, start, end, shape, left);
}

/** Checks one field of any form, known or not, that starts with its tag at `start`; returns its end. */
export function checkField(
  reader: ProtobufReader,
  start: number,
  end: number,
  shape: MessageShape,
  levelsLeft: number,
): number {
  reader.position = start;
  reader.end = end;
  const tag = reader.tag();
  const field = tag >>> 3;
  const expected = field < shape.wireTypes.length ? (shape.wireTypes[field] as number) : UNKNOWN;
  if (expected !== UNKNOWN && expected !== (tag & 7)) throw wrongWireType(start, expected, tag & 7);
  const nested = expected === WireType.LENGTH ? shape.nested[field] : undefined;
  if (nested === undefined) {
    reader.skip(tag);
    return reader.position;
  }
  const length = reader.length();
  const bodyStart = reader.position;
  checkNested(reader, bodyStart, bodyStart + length, nested, levelsLeft);
  return bodyStart + length;
}

/** The fault of a known field that came in another form. */
export function wrongWireType(offset: number, expected: number, got: number): ProtobufError {
  return new ProtobufError(
    offset,
    `expected wire type ${expected} (${WIRE_TYPE_NAMES[expected]}), got ${got} (${WIRE_TYPE_NAMES[got] ?? "no such type"})`,
  );
}

/**
 * True for the attributes most spans are made of: key, then a scalar value, in the order and the short forms every
 * encoder writes. False says nothing; the full check decides.
 */
export function isPlainKeyValue(bytes: Uint8Array, start: number, end: number): boolean {
  const keyLength = bytes[start + 1] as number;
  const valueAt = start + 2 + keyLength;
  if (bytes[start] !== 0x0a || keyLength > 0x7f || valueAt + 2 > end || bytes[valueAt] !== 0x12) return false;
  const valueLength = bytes[valueAt + 1] as number;
  return valueLength < 0x80 && valueAt + 2 + valueLength === end && isPlainValue(bytes, valueAt + 2, end);
}

function isPlainValue(bytes: Uint8Array, start: number, end: number): boolean {
  if (start + 2 > end) return start === end;
  switch (bytes[start]) {
    case 0x0a:
      return start + 2 + (bytes[start + 1] as number) === end && (bytes[start + 1] as number) < 0x80;
    case 0x10:
    case 0x18:
      return isVarint(bytes, start + 1, end);
    case 0x21:
      return start + 9 === end;
    default:
      return false;
  }
}

function isVarint(bytes: Uint8Array, start: number, end: number): boolean {
  const last = end - 1;
  if (last - start > 9) return false;
  for (let index = start; index < last; index++) if ((bytes[index] as number) < 0x80) return false;
  return (bytes[last] as number) < 0x80;
}

function compileShapes(): Record<OtlpMessageName, MessageShape> {
  const nestedByName = new Map<string, (MessageShape | undefined)[]>();
  const shapes: Partial<Record<OtlpMessageName, MessageShape>> = {};
  for (const [name, fields] of Object.entries(OTLP_SCHEMA)) {
    const wireTypes = new Uint8Array(32).fill(UNKNOWN);
    for (const field of fields) if (field.number < 32) wireTypes[field.number] = wireTypeOf(field.type);
    const nested: (MessageShape | undefined)[] = new Array(32).fill(undefined);
    nestedByName.set(name, nested);
    shapes[name as OtlpMessageName] = {
      wireTypes,
      nested,
      isLevel: name === "ArrayValue" || name === "KeyValueList",
      isKeyValue: name === "KeyValue",
    };
  }
  for (const [name, fields] of Object.entries(OTLP_SCHEMA)) {
    for (const { number, type } of fields) {
      const nested = nestedByName.get(name) as (MessageShape | undefined)[];
      if (isOtlpMessage(type) && number < 32) nested[number] = shapes[type];
    }
  }
  return shapes as Record<OtlpMessageName, MessageShape>;
}
