/**
 * Membership filter over trace ids: "not in this segment" for certain, "maybe" otherwise.
 *
 * A split block Bloom filter (Putze, Sanders, Singler: Cache-, Hash- and Space-Efficient Bloom Filters, 2007): a key
 * sets one bit in each of the eight words of one 256-bit block, so a question touches one cache line.
 */

import { crc32 } from "node:zlib";
import { TracAggError } from "../../base/errors.ts";

/** Bits a key; with 14 about 1 answer in 500 is a false "maybe". */
const BITS_PER_KEY = 14;
const WORDS_PER_BLOCK = 8;
const BLOCK_BITS = 256;
const MAGIC = 0x46544754; // "TGTF" in the file
const FILTER_VERSION = 1;
const HEADER_BYTES = 16;
const CHECKSUM_BYTES = 4;
/** Odd multipliers, one a word (Parquet format, BloomFilter.md). */
const SALTS: readonly number[] = Object.freeze([
  0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31,
]);

function mixWord(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x85eb_ca6b);
  return (mixed ^ (mixed >>> 13)) | 0;
}

/** Finalizer of MurmurHash3 (public domain, Austin Appleby). */
function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** 32-bit hash of the 16 bytes at `offset`. */
export function hashTraceId(bytes: Uint8Array, offset: number, seed: number): number {
  let hash = seed;
  for (let at = offset; at < offset + 16; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    hash = mixWord(Math.imul(hash, 0x9e37_79b1), word);
  }
  return finish(hash);
}

const BLOCK_SEED = 0x5bd1_e995;
const BIT_SEED = 0x1b87_3593;

/** The filter of one segment; its words may lie in shared memory, so that the sealing thread reads them too. */
export class TraceFilter {
  readonly #words: Uint32Array;
  readonly #blockCount: number;
  readonly keyCount: number;

  private constructor(words: Uint32Array, keyCount: number) {
    this.#words = words;
    this.#blockCount = words.length / WORDS_PER_BLOCK;
    this.keyCount = keyCount;
  }

  /** An empty filter sized for a number of keys. */
  static forKeys(keyCount: number): TraceFilter {
    const blocks = Math.max(1, Math.ceil((keyCount * BITS_PER_KEY) / BLOCK_BITS));
    const memory = new SharedArrayBuffer(blocks * WORDS_PER_BLOCK * 4);
    return new TraceFilter(new Uint32Array(memory), keyCount);
  }

  /** The filter of these traces; 16 bytes an id. */
  static of({
    traceCount,
    traceIds,
  }: {
    readonly traceCount: number;
    readonly traceIds: Uint8Array;
  }): TraceFilter {
    const filter = TraceFilter.forKeys(traceCount);
    for (let trace = 0; trace < traceCount; trace++) filter.add(traceIds, trace * 16);
    return filter;
  }

  /** The filter over words another thread shares. */
  static fromShared(shared: SharedFilter): TraceFilter {
    return new TraceFilter(new Uint32Array(shared.words), shared.keyCount);
  }

  /**
   * Reads what {@link TraceFilter.encode} wrote.
   *
   * @throws TracAggError `data_corrupt` when length, magic, version or checksum do not match.
   */
  static decode(file: Uint8Array): TraceFilter {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const body = file.length - CHECKSUM_BYTES;
    if (body < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) {
      throw new TracAggError("data_corrupt", "trace filter: expected the magic number TGTF at its start");
    }
    const wordCount = view.getUint32(12, true) * WORDS_PER_BLOCK;
    const isIntact =
      view.getUint32(4, true) === FILTER_VERSION &&
      body === HEADER_BYTES + wordCount * 4 &&
      wordCount > 0 &&
      crc32(file.subarray(0, body)) === view.getUint32(body, true);
    if (!isIntact) throw new TracAggError("data_corrupt", "trace filter: length or checksum does not match");
    const words = new Uint32Array(new SharedArrayBuffer(wordCount * 4));
    for (let index = 0; index < wordCount; index++) {
      words[index] = view.getUint32(HEADER_BYTES + index * 4, true);
    }
    return new TraceFilter(words, view.getUint32(8, true));
  }

  /** Adds the trace id at `offset`. */
  add(bytes: Uint8Array, offset: number): void {
    const base = this.#blockOf(bytes, offset);
    const bits = hashTraceId(bytes, offset, BIT_SEED);
    for (let word = 0; word < WORDS_PER_BLOCK; word++) {
      this.#words[base + word]! |= 1 << (Math.imul(bits, SALTS[word]!) >>> 27);
    }
  }

  /** False: the trace id at `offset` was never added. */
  mayHave(bytes: Uint8Array, offset: number): boolean {
    const base = this.#blockOf(bytes, offset);
    const bits = hashTraceId(bytes, offset, BIT_SEED);
    for (let word = 0; word < WORDS_PER_BLOCK; word++) {
      const bit = 1 << (Math.imul(bits, SALTS[word]!) >>> 27);
      if ((this.#words[base + word]! & bit) === 0) return false;
    }
    return true;
  }

  /** What another thread needs to ask the same filter. */
  shared(): SharedFilter {
    return { words: this.#words.buffer as SharedArrayBuffer, keyCount: this.keyCount };
  }

  /** File form: magic, version, keys, blocks (32-bit, least significant byte first), words, CRC-32 of all before. */
  encode(): Uint8Array {
    const body = HEADER_BYTES + this.#words.length * 4;
    const file = new Uint8Array(body + CHECKSUM_BYTES);
    const view = new DataView(file.buffer);
    view.setUint32(0, MAGIC, true);
    view.setUint32(4, FILTER_VERSION, true);
    view.setUint32(8, this.keyCount, true);
    view.setUint32(12, this.#blockCount, true);
    for (const [index, word] of this.#words.entries()) view.setUint32(HEADER_BYTES + index * 4, word, true);
    view.setUint32(body, crc32(file.subarray(0, body)), true);
    return file;
  }

  #blockOf(bytes: Uint8Array, offset: number): number {
    const hash = hashTraceId(bytes, offset, BLOCK_SEED);
    return Math.floor((hash * this.#blockCount) / 0x1_0000_0000) * WORDS_PER_BLOCK;
  }
}

/** A filter as it crosses from one thread to another: memory is shared, not copied. */
export interface SharedFilter {
  readonly words: SharedArrayBuffer;
  readonly keyCount: number;
}
