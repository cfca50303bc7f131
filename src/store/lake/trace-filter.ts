/** Membership filter over trace ids: "not in this segment" for certain, "maybe" otherwise. */

import type { SharedFilter } from "./block-filter.ts";
import { BlockFilter } from "./block-filter.ts";

/** Bits a key; with 14 about 1 answer in 500 is a false "maybe". */
const BITS_PER_KEY = 14;
const MAGIC = 0x46544754; // "TGTF" in the file
const BLOCK_SEED = 0x5bd1_e995;
const BIT_SEED = 0x1b87_3593;

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

/** The filter of one segment. */
export class TraceFilter {
  readonly #blocks: BlockFilter;

  private constructor(blocks: BlockFilter) {
    this.#blocks = blocks;
  }

  /** An empty filter sized for a number of keys. */
  static forKeys(keyCount: number): TraceFilter {
    return new TraceFilter(BlockFilter.forKeys(keyCount, BITS_PER_KEY));
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
    return new TraceFilter(BlockFilter.fromShared(shared));
  }

  /**
   * Reads what {@link TraceFilter.encode} wrote.
   *
   * @throws TracAggError `data_corrupt` when length, magic, version or checksum do not match.
   */
  static decode(file: Uint8Array): TraceFilter {
    return new TraceFilter(BlockFilter.decode(file, { magic: MAGIC, what: "trace filter" }));
  }

  /** Adds the trace id at `offset`. */
  add(bytes: Uint8Array, offset: number): void {
    this.#blocks.add(hashTraceId(bytes, offset, BLOCK_SEED), hashTraceId(bytes, offset, BIT_SEED));
  }

  /** False: the trace id at `offset` was never added. */
  mayHave(bytes: Uint8Array, offset: number): boolean {
    return this.#blocks.mayHave(hashTraceId(bytes, offset, BLOCK_SEED), hashTraceId(bytes, offset, BIT_SEED));
  }

  /** What another thread needs to ask the same filter. */
  shared(): SharedFilter {
    return this.#blocks.shared();
  }

  /** File form: that of {@link BlockFilter.encode}. */
  encode(): Uint8Array {
    return this.#blocks.encode(MAGIC);
  }
}
