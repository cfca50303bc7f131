/** Membership filter over the attribute values of a segment: "no such value here" for certain, "maybe" otherwise. */

import { BlockFilter } from "./block-filter.ts";

/** Bits a value; with 10 about 1 answer in 80 is a false "maybe", which costs one query of one segment. */
const BITS_PER_VALUE = 10;
const MAGIC = 0x46414754; // "TGAF" in the file
const BLOCK_SEED = 0x3c6e_f372;
const BIT_SEED = 0x510e_527f;

/** Where a segment holds an attribute value. */
export const AttributePlace: {
  readonly COLUMN: 1;
  readonly LIST: 2;
  readonly RESOURCE: 3;
} = Object.freeze({ COLUMN: 1, LIST: 2, RESOURCE: 3 });

/** One of {@link AttributePlace}. */
export type AttributePlace = (typeof AttributePlace)[keyof typeof AttributePlace];

/** The filter of one segment. Values are the texts of `AttributePairs.listedTexts`. */
export class AttributeFilter {
  readonly #blocks: BlockFilter;

  private constructor(blocks: BlockFilter) {
    this.#blocks = blocks;
  }

  /** An empty filter sized for a number of values. */
  static forValues(count: number): AttributeFilter {
    return new AttributeFilter(BlockFilter.forKeys(count, BITS_PER_VALUE));
  }

  /**
   * Reads what {@link AttributeFilter.encode} wrote.
   *
   * @throws TracAggError `data_corrupt` when length, magic, version or checksum do not match.
   */
  static decode(file: Uint8Array): AttributeFilter {
    return new AttributeFilter(BlockFilter.decode(file, { magic: MAGIC, what: "attribute filter" }));
  }

  /** Bytes in memory. */
  get byteSize(): number {
    return this.#blocks.byteSize;
  }

  /** Adds a value. */
  add(place: AttributePlace, key: string, text: string): void {
    this.#blocks.add(hashOf(place, key, text, BLOCK_SEED), hashOf(place, key, text, BIT_SEED));
  }

  /** False: no span (or resource) of the segment has this value at this place. */
  mayHave(place: AttributePlace, key: string, text: string): boolean {
    return this.#blocks.mayHave(hashOf(place, key, text, BLOCK_SEED), hashOf(place, key, text, BIT_SEED));
  }

  /** File form: that of {@link BlockFilter.encode}. */
  encode(): Uint8Array {
    return this.#blocks.encode(MAGIC);
  }

  /** The filter of values whose hashes are at hand, two a value. */
  static ofHashes(hashes: Uint32Array): AttributeFilter {
    const filter = AttributeFilter.forValues(hashes.length / 2);
    for (let at = 0; at < hashes.length; at += 2) filter.#blocks.add(hashes[at]!, hashes[at + 1]!);
    return filter;
  }
}

const INITIAL_VALUES = 4_096;

/** Values for a filter whose number is known only at the end; eight bytes a value until then. */
export class AttributeFilterValues {
  #hashes = new Uint32Array(INITIAL_VALUES * 2);
  #filled = 0;

  /** Adds a value. */
  add(place: AttributePlace, key: string, text: string): void {
    if (this.#filled === this.#hashes.length) {
      const grown = new Uint32Array(this.#hashes.length * 2);
      grown.set(this.#hashes);
      this.#hashes = grown;
    }
    this.#hashes[this.#filled++] = hashOf(place, key, text, BLOCK_SEED);
    this.#hashes[this.#filled++] = hashOf(place, key, text, BIT_SEED);
  }

  /** The filter over all values added. */
  filter(): AttributeFilter {
    return AttributeFilter.ofHashes(this.#hashes.subarray(0, this.#filled));
  }
}

function hashOf(place: AttributePlace, key: string, text: string, seed: number): number {
  let hash = mixed(seed ^ place, key);
  hash = Math.imul(hash ^ 0xffff, 0x0100_0193);
  hash = mixed(hash, text);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mixed(start: number, text: string): number {
  let hash = start;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
  }
  return hash;
}
