/** Compact bytes of our own: whole numbers as LEB128 varints, texts and bytes with their length before them. */

import { TracAggError } from "./errors.ts";
import { utf8FromText } from "./utf8.ts";

const INITIAL_BYTES = 256;
/** A varint of 53 bits. */
const MAX_VARINT_BYTES = 8;

/** Writes one value after the other into one buffer that doubles when it is full. */
export class ByteWriter {
  #bytes = new Uint8Array(INITIAL_BYTES);
  #length = 0;

  /** Forgets what was written, keeps the buffer. */
  clear(): void {
    this.#length = 0;
  }

  /** What was written, as a view that the next value may change. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** @param value a whole number from 0 to 2^53 - 1 */
  varint(value: number): void {
    if (value < 0x80 && this.#length < this.#bytes.length) {
      this.#bytes[this.#length++] = value;
      return;
    }
    this.#reserve(MAX_VARINT_BYTES);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** Length, then bytes. */
  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** Length in bytes, then UTF-8. */
  text(value: string): void {
    this.bytes(utf8FromText(value));
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#length + more, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads what {@link ByteWriter} wrote; every method throws TracAggError `data_corrupt` at the end of the bytes. */
export class ByteReader {
  /** What is read. */
  readonly source: Uint8Array;
  /** Bytes read so far: where the next value begins. */
  position = 0;

  constructor(bytes: Uint8Array) {
    this.source = bytes;
  }

  /** True when nothing is left. */
  get isAtEnd(): boolean {
    return this.position === this.source.length;
  }

  /** A whole number from 0 to 2^53 - 1. */
  varint(): number {
    const first = this.source[this.position] as number;
    if (first < 0x80) {
      this.position++;
      return first;
    }
    return this.#longVarint();
  }

  #longVarint(): number {
    let value = 0;
    let factor = 1;
    for (let length = 1; length <= MAX_VARINT_BYTES; length++) {
      const byte = this.source[this.position++];
      if (byte === undefined) throw this.#tooShort();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (value <= Number.MAX_SAFE_INTEGER) return value;
        break;
      }
      factor *= 0x80;
    }
    throw new TracAggError("data_corrupt", `expected a number below 2^53 before byte ${this.position}`);
  }

  /** Passes over the bytes that {@link ByteWriter.bytes} wrote. */
  skipBytes(): void {
    const length = this.varint();
    if (this.position + length > this.source.length) throw this.#tooShort();
    this.position += length;
  }

  /** A view of the bytes that {@link ByteWriter.bytes} wrote. */
  bytes(): Uint8Array {
    const length = this.varint();
    const start = this.position;
    if (start + length > this.source.length) throw this.#tooShort();
    this.position = start + length;
    return this.source.subarray(start, this.position);
  }

  /** A text. */
  text(): string {
    return decoder.decode(this.bytes());
  }

  #tooShort(): TracAggError {
    return new TracAggError("data_corrupt", `${this.source.length} bytes end in the middle of a value`);
  }
}
