/**
 * Reading Thrift's binary protocol (https://github.com/apache/thrift/blob/master/doc/specs/thrift-binary-protocol.md),
 * bounded: whatever the bytes are, a read ends inside them or throws.
 */

import { TracAggError } from "../../base/errors.ts";
import { textFromUtf8 } from "../../base/utf8.ts";

/** The types of values, by the number that announces them. */
export const ThriftType: {
  readonly STOP: 0;
  readonly BOOL: 2;
  readonly BYTE: 3;
  readonly DOUBLE: 4;
  readonly I16: 6;
  readonly I32: 8;
  readonly I64: 10;
  readonly STRING: 11;
  readonly STRUCT: 12;
  readonly MAP: 13;
  readonly SET: 14;
  readonly LIST: 15;
} = Object.freeze({
  STOP: 0,
  BOOL: 2,
  BYTE: 3,
  DOUBLE: 4,
  I16: 6,
  I32: 8,
  I64: 10,
  STRING: 11,
  STRUCT: 12,
  MAP: 13,
  SET: 14,
  LIST: 15,
});

/** Fewest bytes of a value of each type: a container cannot announce more elements than there are bytes for. */
const LEAST_BYTES: Readonly<Record<number, number>> = Object.freeze({
  [ThriftType.BOOL]: 1,
  [ThriftType.BYTE]: 1,
  [ThriftType.DOUBLE]: 8,
  [ThriftType.I16]: 2,
  [ThriftType.I32]: 4,
  [ThriftType.I64]: 8,
  [ThriftType.STRING]: 4,
  [ThriftType.STRUCT]: 1,
  [ThriftType.MAP]: 6,
  [ThriftType.SET]: 5,
  [ThriftType.LIST]: 5,
});

/** Deepest nesting of values that nobody knows: real messages have four levels, and a stack overflow is not possible. */
const MAX_SKIP_DEPTH = 64;
/** Upper half of the first word of a strict head. */
const STRICT_VERSION = 0x8001;

/** What stands before a call or its answer. */
export interface ThriftMessageHead {
  readonly name: string;
  /** 1 call, 2 reply, 3 exception, 4 one-way call. */
  readonly messageType: number;
  readonly sequenceId: number;
}

/** What stands before the elements of a list or set. */
export interface ThriftListHead {
  readonly elementType: number;
  readonly size: number;
}

/**
 * A cursor over Thrift's binary protocol. Every method reads one thing and moves behind it.
 *
 * @throws TracAggError `invalid_argument` from every method, when the bytes end too early or break the format.
 *
 * @example
 * const reader = new ThriftReader(bytes);
 * while (reader.nextField()) {
 *   if (reader.isField(1, ThriftType.STRING)) name = reader.text();
 *   else reader.skip(reader.fieldType);
 * }
 */
export class ThriftReader {
  readonly bytes: Uint8Array;
  position: number;
  /** Type of the field read last. */
  fieldType = 0;
  /** Number of the field read last. */
  fieldId = 0;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, start = 0) {
    this.bytes = bytes;
    this.position = start;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Reads the head of the next field of a struct; false at its end. */
  nextField(): boolean {
    this.fieldType = this.#view.getUint8(this.#take(1));
    if (this.fieldType === ThriftType.STOP) return false;
    this.fieldId = this.i16();
    return true;
  }

  /** Whether the field read last has this number and type. */
  isField(id: number, type: number): boolean {
    return this.fieldId === id && this.fieldType === type;
  }

  /** True for any byte but 0. */
  bool(): boolean {
    return this.#view.getUint8(this.#take(1)) !== 0;
  }

  /** Signed. */
  i16(): number {
    return this.#view.getInt16(this.#take(2));
  }

  /** Signed. */
  i32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  /** Signed. */
  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8));
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** A string; what is not valid UTF-8 reads as U+FFFD. */
  text(): string {
    const start = this.#takeSized();
    return textFromUtf8(this.bytes, start, this.position);
  }

  /** A binary value: a view, no copy. */
  view(): Uint8Array {
    const start = this.#takeSized();
    return this.bytes.subarray(start, this.position);
  }

  /** The head of a list or set; there are bytes enough for its elements. */
  list(): ThriftListHead {
    const elementType = this.#view.getUint8(this.#take(1));
    const size = this.#size();
    this.#checkRoom(size, this.#leastBytes(elementType, size));
    return { elementType, size };
  }

  /** The head of a call, strict (with a version) or as older senders write it. */
  messageHead(): ThriftMessageHead {
    const first = this.i32();
    if (first < 0) {
      if (first >>> 16 !== STRICT_VERSION) {
        throw this.fault(`expected version 1 of the protocol, got ${first >>> 16}`);
      }
      return { name: this.text(), messageType: first & 0xff, sequenceId: this.i32() };
    }
    this.position -= 4;
    const name = this.text();
    return { name, messageType: this.#view.getUint8(this.#take(1)), sequenceId: this.i32() };
  }

  /** Passes over a value of a field nobody knows. */
  skip(type: number, depth = 0): void {
    if (depth > MAX_SKIP_DEPTH) throw this.fault(`values are nested deeper than ${MAX_SKIP_DEPTH} levels`);
    switch (type) {
      case ThriftType.STRING:
        this.#takeSized();
        return;
      case ThriftType.STRUCT:
        while (this.nextField()) this.skip(this.fieldType, depth + 1);
        return;
      case ThriftType.LIST:
      case ThriftType.SET: {
        const { elementType, size } = this.list();
        for (let index = 0; index < size; index++) this.skip(elementType, depth + 1);
        return;
      }
      case ThriftType.MAP:
        this.#skipMap(depth);
        return;
      default:
        this.#take(this.#leastBytes(type, 1));
    }
  }

  /** An error that names the byte reached. */
  fault(reason: string): TracAggError {
    return new TracAggError("invalid_argument", `thrift at byte ${this.position}: ${reason}`);
  }

  #skipMap(depth: number): void {
    const start = this.#take(2);
    const keyType = this.bytes[start] as number;
    const valueType = this.bytes[start + 1] as number;
    const size = this.#size();
    this.#checkRoom(size, this.#leastBytes(keyType, size) + this.#leastBytes(valueType, size));
    for (let index = 0; index < size; index++) {
      this.skip(keyType, depth + 1);
      this.skip(valueType, depth + 1);
    }
  }

  /** An empty container may name any type, as some writers do. */
  #leastBytes(type: number, size: number): number {
    const bytes = LEAST_BYTES[type];
    if (bytes !== undefined) return bytes;
    if (size === 0) return 1;
    throw this.fault(`type ${type} does not exist`);
  }

  #checkRoom(size: number, leastBytes: number): void {
    const left = this.bytes.length - this.position;
    if (size * leastBytes > left) {
      throw this.fault(`truncated: expected ${size} elements as the size says, ${left} bytes are left`);
    }
  }

  #size(): number {
    const size = this.i32();
    if (size < 0) throw this.fault(`expected a size from 0, got ${size}`);
    return size;
  }

  #takeSized(): number {
    return this.#take(this.#size());
  }

  #take(count: number): number {
    const start = this.position;
    if (count > this.bytes.length - start) {
      throw this.fault(`truncated: expected ${count} bytes, ${this.bytes.length - start} are left`);
    }
    this.position = start + count;
    return start;
  }
}
