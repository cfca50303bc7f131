/**
 * Reading the protobuf wire format (https://protobuf.dev/programming-guides/encoding/), bounded: whatever the bytes
 * are, a read ends inside them or throws.
 */

import { TracAggError } from "./errors.ts";
import { MAX_ATTRIBUTE_DEPTH } from "./limits.ts";
import { textFromUtf8 } from "./utf8.ts";

/** The wire types, by the number in the low three bits of a tag. */
export const WireType: {
  readonly VARINT: 0;
  readonly FIXED64: 1;
  readonly LENGTH: 2;
  readonly GROUP_START: 3;
  readonly GROUP_END: 4;
  readonly FIXED32: 5;
} = Object.freeze({ VARINT: 0, FIXED64: 1, LENGTH: 2, GROUP_START: 3, GROUP_END: 4, FIXED32: 5 });

/** Bytes that are not protobuf: `invalid_argument` with the place. */
export class ProtobufError extends TracAggError {
  /** Byte at which the field at fault begins, counted from the start of the whole message. */
  readonly offset: number;
  /** What was expected and what came, without the place. */
  readonly reason: string;

  constructor(offset: number, reason: string) {
    super("invalid_argument", `protobuf at byte ${offset}: ${reason}`);
    this.name = "ProtobufError";
    this.offset = offset;
    this.reason = reason;
  }
}

/**
 * A cursor over `bytes[position, end)`. Every method reads one thing and moves behind it.
 *
 * @throws ProtobufError from every method, when the bytes end too early or break the format.
 *
 * @example
 * const reader = new ProtobufReader(bytes);
 * while (reader.position < reader.end) {
 *   const tag = reader.tag();
 *   if (tag >>> 3 === 1) name = reader.text();
 *   else reader.skip(tag);
 * }
 */
export class ProtobufReader {
  readonly bytes: Uint8Array;
  position: number;
  /** One past the last byte that may be read. */
  end: number;
  /** Where the tag read last begins: errors name this byte. */
  fieldStart: number;
  /** Low and high half of the last 64-bit value read, unsigned. */
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    this.fieldStart = start;
  }

  /** A tag: field number in the upper 29 bits, wire type in the low three. */
  tag(): number {
    const start = this.position;
    this.fieldStart = start;
    const first = this.bytes[start] as number;
    if (start < this.end && first < 0x80 && first > 7) {
      this.position = start + 1;
      return first;
    }
    this.#varint64(start);
    const tag = this.low;
    if (this.high !== 0 || this.position - start > 5) {
      throw this.#fault("expected a tag of at most 32 bits, got a longer number");
    }
    if (tag >>> 3 === 0) throw this.#fault("expected a field number from 1, got 0");
    return tag;
  }

  /** A varint, cut to its low 32 bits, unsigned: `uint32`, and `int32`, enums and `bool` after `| 0`. */
  uint32(): number {
    const first = this.bytes[this.position] as number;
    if (this.position < this.end && first < 0x80) {
      this.position++;
      return first;
    }
    this.#varint64(this.position);
    return this.low;
  }

  /** A varint as an enum or `int32`: signed. */
  int32(): number {
    return this.uint32() | 0;
  }

  /** A varint as `bool`: any set bit is true. */
  bool(): boolean {
    this.#varint64(this.position);
    return this.low !== 0 || this.high !== 0;
  }

  /** A varint as `int64`. */
  int64(): bigint {
    this.#varint64(this.position);
    return BigInt.asIntN(64, (BigInt(this.high) << 32n) | BigInt(this.low));
  }

  /** A `fixed32`. */
  fixed32(): number {
    const start = this.#take(4);
    return wordAt(this.bytes, start);
  }

  /** A `fixed64`. */
  fixed64(): bigint {
    const start = this.#take(8);
    return (BigInt(wordAt(this.bytes, start + 4)) << 32n) | BigInt(wordAt(this.bytes, start));
  }

  /** A `double`. */
  double(): number {
    const start = this.#take(8);
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + start, 8).getFloat64(0, true);
  }

  /** The length of a string, bytes or message field, checked against what is left; the position is its first byte. */
  length(): number {
    const start = this.position;
    this.#varint64(start);
    const length = this.low;
    if (this.high !== 0 || length > this.end - this.position) {
      const said = this.high === 0 ? String(length) : "4294967296 or more";
      throw this.#fault(
        `truncated: expected ${said} bytes as the length says, ${this.end - this.position} are left`,
      );
    }
    return length;
  }

  /** A string. */
  text(): string {
    const length = this.length();
    this.position += length;
    return textFromUtf8(this.bytes, this.position - length, this.position);
  }

  /** The bytes of a `bytes` field: a view, no copy. */
  view(): Uint8Array {
    const length = this.length();
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }

  /** A reader of an embedded message; offsets in errors still count from the start of the whole. */
  message(): ProtobufReader {
    const length = this.length();
    this.position += length;
    return new ProtobufReader(this.bytes, this.position - length, this.position);
  }

  /** Passes over the value of a field nobody knows; groups at most {@link MAX_ATTRIBUTE_DEPTH} deep. */
  skip(tag: number, depth = 0): void {
    const start = this.position;
    switch (tag & 7) {
      case WireType.VARINT:
        this.#varint64(start);
        return;
      case WireType.FIXED64:
        this.#take(8);
        return;
      case WireType.LENGTH: {
        const length = this.length();
        this.position += length;
        return;
      }
      case WireType.GROUP_START:
        this.#skipGroup(tag >>> 3, depth + 1);
        return;
      case WireType.GROUP_END:
        throw this.#fault("group end without a group start");
      case WireType.FIXED32:
        this.#take(4);
        return;
      default:
        throw this.#fault(`wire type ${tag & 7} does not exist`);
    }
  }

  #skipGroup(field: number, depth: number): void {
    if (depth > MAX_ATTRIBUTE_DEPTH) {
      throw this.#fault(`groups are nested deeper than ${MAX_ATTRIBUTE_DEPTH} levels`);
    }
    while (this.position < this.end) {
      const tag = this.tag();
      if ((tag & 7) !== WireType.GROUP_END) {
        this.skip(tag, depth);
        continue;
      }
      if (tag >>> 3 === field) return;
      throw this.#fault(`expected the end of group ${field}, got that of ${tag >>> 3}`);
    }
    throw this.#fault(`truncated: group ${field} has no end`);
  }

  #fault(reason: string): ProtobufError {
    return new ProtobufError(this.fieldStart, reason);
  }

  #take(count: number): number {
    const start = this.position;
    if (count > this.end - start) {
      throw this.#fault(`truncated: expected ${count} bytes, ${this.end - start} are left`);
    }
    this.position = start + count;
    return start;
  }

  /** Leaves the number in {@link low} and {@link high}; at most ten bytes. */
  #varint64(start: number): void {
    const { bytes, end } = this;
    let low = 0;
    let high = 0;
    let position = start;
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= end) throw this.#fault("truncated: a number goes on past the end");
      const byte = bytes[position++] as number;
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else if (shift === 28) {
        low |= (byte & 0x0f) << 28;
        high = (byte & 0x70) >>> 4;
      } else high |= (byte & 0x7f) << (shift - 32);
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        this.position = position;
        return;
      }
    }
    throw this.#fault("expected a number of at most 10 bytes, got a longer one");
  }
}

/** Four bytes, little-endian, unsigned. */
export function wordAt(bytes: Uint8Array, start: number): number {
  return (
    ((bytes[start] as number) |
      ((bytes[start + 1] as number) << 8) |
      ((bytes[start + 2] as number) << 16) |
      ((bytes[start + 3] as number) << 24)) >>>
    0
  );
}
