/**
 * A split block Bloom filter (Putze, Sanders, Singler: Cache-, Hash- and Space-Efficient Bloom Filters, 2007): a key
 * sets one bit in each of the eight words of one 256-bit block, so a question touches one cache line.
 */

import { crc32 } from "node:zlib";
import { TracAggError } from "../../base/errors.ts";

const WORDS_PER_BLOCK = 8;
const BLOCK_BITS = 256;
const FILTER_VERSION = 1;
const HEADER_BYTES = 16;
const CHECKSUM_BYTES = 4;
/** Odd multipliers, one a word (Parquet format, BloomFilter.md). */
const SALTS: readonly number[] = Object.freeze([
  0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31,
]);

/** The words of a filter; they may lie in shared memory, so that another thread reads them too. */
export class BlockFilter {
  readonly #words: Uint32Array;
  readonly #blockCount: number;
  readonly keyCount: number;

  private constructor(words: Uint32Array, keyCount: number) {
    this.#words = words;
    this.#blockCount = words.length / WORDS_PER_BLOCK;
    this.keyCount = keyCount;
  }

  /** An empty filter sized for a number of keys. */
  static forKeys(keyCount: number, bitsPerKey: number): BlockFilter {
    const blocks = Math.max(1, Math.ceil((keyCount * bitsPerKey) / BLOCK_BITS));
    return new BlockFilter(new Uint32Array(new SharedArrayBuffer(blocks * WORDS_PER_BLOCK * 4)), keyCount);
  }

  /** The filter over words another thread shares. */
  static fromShared(shared: SharedFilter): BlockFilter {
    return new BlockFilter(new Uint32Array(shared.words), shared.keyCount);
  }

  /**
   * Reads what {@link BlockFilter.encode} wrote.
   *
   * @throws TracAggError `data_corrupt` when length, magic, version or checksum do not match.
   */
  static decode(
    file: Uint8Array,
    { magic, what }: { readonly magic: number; readonly what: string },
  ): BlockFilter {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const body = file.length - CHECKSUM_BYTES;
    if (body < HEADER_BYTES || view.getUint32(0, true) !== magic) {
      throw new TracAggError("data_corrupt", `${what}: expected its magic number at its start`);
    }
    const wordCount = view.getUint32(12, true) * WORDS_PER_BLOCK;
    const isIntact =
      view.getUint32(4, true) === FILTER_VERSION &&
      body === HEADER_BYTES + wordCount * 4 &&
      wordCount > 0 &&
      crc32(file.subarray(0, body)) === view.getUint32(body, true);
    if (!isIntact) throw new TracAggError("data_corrupt", `${what}: length or checksum does not match`);
    const words = new Uint32Array(new SharedArrayBuffer(wordCount * 4));
    for (let index = 0; index < wordCount; index++) {
      words[index] = view.getUint32(HEADER_BYTES + index * 4, true);
    }
    return new BlockFilter(words, view.getUint32(8, true));
  }

  /** Bytes in memory. */
  get byteSize(): number {
    return this.#words.byteLength;
  }

  /** Adds a key, given two independent 32-bit hashes of it. */
  add(blockHash: number, bitHash: number): void {
    const base = this.#blockOf(blockHash);
    for (let word = 0; word < WORDS_PER_BLOCK; word++) {
      this.#words[base + word]! |= 1 << (Math.imul(bitHash, SALTS[word]!) >>> 27);
    }
  }

  /** False: the key with these hashes was never added. */
  mayHave(blockHash: number, bitHash: number): boolean {
    const base = this.#blockOf(blockHash);
    for (let word = 0; word < WORDS_PER_BLOCK; word++) {
      const bit = 1 << (Math.imul(bitHash, SALTS[word]!) >>> 27);
      if ((this.#words[base + word]! & bit) === 0) return false;
    }
    return true;
  }

  /** What another thread needs to ask the same filter. */
  shared(): SharedFilter {
    return { words: this.#words.buffer as SharedArrayBuffer, keyCount: this.keyCount };
  }

  /** File form: magic, version, keys, blocks (32-bit, least significant byte first), words, CRC-32 of all before. */
  encode(magic: number): Uint8Array {
    const body = HEADER_BYTES + this.#words.length * 4;
    const file = new Uint8Array(body + CHECKSUM_BYTES);
    const view = new DataView(file.buffer);
    view.setUint32(0, magic, true);
    view.setUint32(4, FILTER_VERSION, true);
    view.setUint32(8, this.keyCount, true);
    view.setUint32(12, this.#blockCount, true);
    for (let index = 0; index < this.#words.length; index++) {
      view.setUint32(HEADER_BYTES + index * 4, this.#words[index]!, true);
    }
    view.setUint32(body, crc32(file.subarray(0, body)), true);
    return file;
  }

  #blockOf(hash: number): number {
    return Math.floor((hash * this.#blockCount) / 0x1_0000_0000) * WORDS_PER_BLOCK;
  }
}

/** A filter as it crosses from one thread to another: memory is shared, not copied. */
export interface SharedFilter {
  readonly words: SharedArrayBuffer;
  readonly keyCount: number;
}
