/** Scalar fields of OTLP/JSON, each written to protobuf as it is read. */

import { bytesFromHex } from "../../base/bytes.ts";
import type { ProtobufWriter } from "../../base/protobuf-writer.ts";
import { textFromUtf8, utf8FromText } from "../../base/utf8.ts";
import type { OtlpField } from "../../batch/otlp-schema.ts";
import { SPAN_KIND_BY_NUMBER } from "../../model/span-kind.ts";
import { SPAN_STATUS_BY_NUMBER } from "../../model/span-status.ts";
import { bytesFromBase64 } from "./base64.ts";
import { exactInteger } from "./exact-integer.ts";
import type { JsonCursor } from "./json-cursor.ts";

const MAX_UINT32 = 0xffff_ffffn;
const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;
const MIN_INT64 = -0x8000_0000_0000_0000n;
const MAX_INT64 = 0x7fff_ffff_ffff_ffffn;
const MIN_INT32 = -0x8000_0000n;
const MAX_INT32 = 0x7fff_ffffn;

/** Bytes of a wrong id that are passed on, to be shown in the refusal. */
const MAX_WRONG_ID_BYTES = 64;
const NUMBER = /^-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/;
const DOUBLE_WORDS: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

/** Numbers of enum names: senders must use numbers, some use names. */
const ENUM_NUMBERS: ReadonlyMap<string, number> = new Map([
  ...SPAN_KIND_BY_NUMBER.map((word, number): [string, number] => [`kind SPAN_KIND_${word}`, number]),
  ...SPAN_STATUS_BY_NUMBER.map((word, number): [string, number] => [`status STATUS_CODE_${word}`, number]),
]);

/**
 * Reads one value and writes it as `field`.
 *
 * @returns how many names it took that OTLP/JSON does not allow (enum names): 0 or 1.
 * @throws JsonFault when the value is of another kind or out of range.
 */
export function transcodeScalar(cursor: JsonCursor, writer: ProtobufWriter, field: OtlpField): number {
  const { number } = field;
  switch (field.type) {
    case "string":
      writeString(cursor, writer, number);
      return 0;
    case "id":
      writer.bytes(number, idBytes(cursor));
      return 0;
    case "bytes":
      writer.bytes(number, base64Bytes(cursor));
      return 0;
    case "bool":
      if (cursor.kind() !== "boolean") throw cursor.unexpected("true or false");
      writer.uint32(number, cursor.boolean() ? 1 : 0);
      return 0;
    case "double":
      writer.double(number, double(cursor));
      return 0;
    case "uint32":
      writer.uint32(number, Number(integer(cursor, 0n, MAX_UINT32)));
      return 0;
    case "fixed32":
      writer.fixed32(number, Number(integer(cursor, 0n, MAX_UINT32)));
      return 0;
    case "fixed64":
      writer.fixed64(number, integer(cursor, 0n, MAX_UINT64));
      return 0;
    case "int64":
      writer.int64(number, integer(cursor, MIN_INT64, MAX_INT64));
      return 0;
    default:
      return writeEnum(cursor, writer, field);
  }
}

function writeString(cursor: JsonCursor, writer: ProtobufWriter, number: number): void {
  const start = cursor.position;
  cursor.string();
  if (!cursor.hasEscapes) {
    writer.bytes(number, cursor.bytes, cursor.stringStart, cursor.stringEnd);
    return;
  }
  cursor.position = start;
  writer.text(number, cursor.text());
}

/**
 * The bytes of a hex id. What is not hex is passed on as it is written, never in the length of an id: the protobuf
 * walk then refuses that one span and shows the text.
 */
function idBytes(cursor: JsonCursor): Uint8Array {
  const kind = cursor.kind();
  const start = cursor.position;
  if (kind === "string") {
    const text = cursor.text();
    return bytesFromHex(text) ?? wrongId(utf8FromText(text));
  }
  cursor.skipValue();
  return wrongId(utf8FromText(textFromUtf8(cursor.bytes, start, cursor.position)));
}

function wrongId(text: Uint8Array): Uint8Array {
  const shown = text.subarray(0, MAX_WRONG_ID_BYTES);
  if (shown.length !== 8 && shown.length !== 16) return shown;
  const padded = new Uint8Array(shown.length + 1).fill(0x20);
  padded.set(shown);
  return padded;
}

function base64Bytes(cursor: JsonCursor): Uint8Array {
  const start = cursor.position;
  const bytes = bytesFromBase64(cursor.text());
  if (bytes !== undefined) return bytes;
  cursor.position = start;
  throw cursor.unexpected("base64");
}

function integer(cursor: JsonCursor, min: bigint, max: bigint): bigint {
  const kind = cursor.kind();
  const start = cursor.position;
  if (kind === "number" || kind === "string") {
    const value = exactInteger(kind === "number" ? cursor.number() : cursor.text());
    if (value !== undefined && value >= min && value <= max) return value;
    cursor.position = start;
  }
  throw cursor.unexpected(`a whole number from ${min} to ${max}, as number or string`);
}

function double(cursor: JsonCursor): number {
  const kind = cursor.kind();
  const start = cursor.position;
  if (kind === "number" || kind === "string") {
    const text = kind === "number" ? cursor.number() : cursor.text();
    const word = DOUBLE_WORDS.get(text);
    if (word !== undefined) return word;
    const value = NUMBER.test(text) ? Number(text) : Number.NaN;
    if (Number.isFinite(value)) return value;
    cursor.position = start;
  }
  throw cursor.unexpected('a number, or "NaN", "Infinity" or "-Infinity"');
}

function writeEnum(cursor: JsonCursor, writer: ProtobufWriter, field: OtlpField): number {
  const start = cursor.position;
  if (cursor.kind() === "string") {
    const number = ENUM_NUMBERS.get(`${field.type} ${cursor.text()}`);
    cursor.position = start;
    if (number !== undefined) {
      cursor.skipValue();
      writer.int32(field.number, number);
      return 1;
    }
  }
  writer.int32(field.number, Number(integer(cursor, MIN_INT32, MAX_INT32)));
  return 0;
}
