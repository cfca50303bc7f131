/** Writing the protobuf wire format into one growing buffer. */

import { WireType } from "./protobuf-reader.ts";
import { writeUtf8 } from "./utf8.ts";

/** Up to this length a loop is cheaper than a view and a call. */
const SHORT_BYTES = 32;
const LOW_32_BITS = 0xffff_ffffn;

/**
 * Writes fields one after the other. Values that equal proto3's default are written too; leaving them out is the
 * caller's choice.
 *
 * @example
 * const writer = new ProtobufWriter();
 * const mark = writer.begin(1);
 * writer.text(5, "GET /");
 * writer.end(mark);
 * const bytes = writer.finish();
 */
export class ProtobufWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(initialBytes = 1_024) {
    this.#bytes = new Uint8Array(initialBytes);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Starts an embedded message; give the result to {@link end}. Fields written between belong to it. */
  begin(field: number): number {
    this.#tag(field, WireType.LENGTH);
    this.#reserve(1);
    this.#length++;
    return this.#length;
  }

  /** Ends the message begun at `mark`: puts its length in, moving the body when the length takes more than a byte. */
  end(mark: number): void {
    const bodyLength = this.#length - mark;
    if (bodyLength < 0x80) {
      this.#bytes[mark - 1] = bodyLength;
      return;
    }
    const extra = varintLength(bodyLength) - 1;
    this.#reserve(extra);
    this.#bytes.copyWithin(mark + extra, mark, this.#length);
    this.#length = mark - 1;
    this.#varint32(bodyLength);
    this.#length += bodyLength;
  }

  /** `uint32`, `bool` (0 or 1) or a non-negative enum. */
  uint32(field: number, value: number): void {
    this.#tag(field, WireType.VARINT);
    this.#varint32(value);
  }

  /** An enum or `int32`: negative numbers take ten bytes, as the format asks. */
  int32(field: number, value: number): void {
    if (value >= 0) this.uint32(field, value);
    else this.int64(field, BigInt(value));
  }

  /** `int64` or `uint64`. */
  int64(field: number, value: bigint): void {
    this.#tag(field, WireType.VARINT);
    this.#reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  fixed32(field: number, value: number): void {
    this.#tag(field, WireType.FIXED32);
    this.#word(value);
  }

  fixed64(field: number, value: bigint): void {
    this.#tag(field, WireType.FIXED64);
    const unsigned = BigInt.asUintN(64, value);
    this.#word(Number(unsigned & LOW_32_BITS));
    this.#word(Number(unsigned >> 32n));
  }

  double(field: number, value: number): void {
    this.#tag(field, WireType.FIXED64);
    this.#reserve(8);
    new DataView(this.#bytes.buffer, this.#length, 8).setFloat64(0, value, true);
    this.#length += 8;
  }

  text(field: number, value: string): void {
    const mark = this.begin(field);
    this.#reserve(value.length * 3);
    this.#length = writeUtf8(value, this.#bytes, this.#length);
    this.end(mark);
  }

  /** A `bytes` field, a string that is UTF-8 already, or an encoded message: `source[start, end)`. */
  bytes(field: number, source: Uint8Array, start = 0, end: number = source.length): void {
    this.#tag(field, WireType.LENGTH);
    this.#varint32(end - start);
    this.raw(source, start, end);
  }

  /** Bytes as they are, without tag and length: already encoded fields. */
  raw(source: Uint8Array, start = 0, end: number = source.length): void {
    const length = end - start;
    this.#reserve(length);
    if (length > SHORT_BYTES) this.#bytes.set(source.subarray(start, end), this.#length);
    else
      for (let index = 0; index < length; index++)
        this.#bytes[this.#length + index] = source[start + index] as number;
    this.#length += length;
  }

  #tag(field: number, wireType: number): void {
    this.#varint32(((field << 3) | wireType) >>> 0);
  }

  #varint32(value: number): void {
    this.#reserve(5);
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  #word(value: number): void {
    this.#reserve(4);
    const bytes = this.#bytes;
    bytes[this.#length++] = value & 0xff;
    bytes[this.#length++] = (value >>> 8) & 0xff;
    bytes[this.#length++] = (value >>> 16) & 0xff;
    bytes[this.#length++] = value >>> 24;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) length++;
  return length;
}
