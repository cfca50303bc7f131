/** A growing run of bytes with the protobuf pieces the lake writes. */

const INITIAL_BYTES = 64 * 1024;

/** Bytes of the varint of an unsigned 32-bit number. */
export function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/** Bytes appended one after the other into one buffer that doubles when it is full and is kept across `clear`. */
export class ByteSink {
  /** Valid up to {@link ByteSink.length}; replaced when it grows, so never held across an append. */
  bytes: Uint8Array;
  length = 0;
  #view: DataView;

  constructor(initialBytes: number = INITIAL_BYTES) {
    this.bytes = new Uint8Array(initialBytes);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Forgets the content, keeps the buffer. */
  clear(): void {
    this.length = 0;
  }

  /** A copy of what was appended. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  appendByte(value: number): void {
    this.#reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Appends `source[start, end)`. */
  append(source: Uint8Array, start = 0, end: number = source.length): void {
    const count = end - start;
    this.#reserve(count);
    if (count <= 24) {
      // Short runs are cheaper byte by byte than through a view on the source.
      for (let index = 0; index < count; index++) this.bytes[this.length + index] = source[start + index]!;
    } else {
      this.bytes.set(source.subarray(start, end), this.length);
    }
    this.length += count;
  }

  /** Appends an unsigned 32-bit number as a varint. */
  appendVarint(value: number): void {
    this.#reserve(5);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  /** Appends eight bytes, least significant first. */
  appendFixed64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.length, value, true);
    this.length += 8;
  }

  /** Appends eight bytes, most significant first: span ids are kept as numbers and sent as bytes. */
  appendBigEndian64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.length, value, false);
    this.length += 8;
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    let capacity = this.bytes.length * 2;
    while (capacity < needed) capacity *= 2;
    const grown = new Uint8Array(capacity);
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
