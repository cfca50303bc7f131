/** Hashes of subtrees, made of the hashes of their children. */

import { sha256 } from "@noble/hashes/sha2.js";
import { bigEndian32 } from "../../base/bytes.ts";

/** 128 bits as four unsigned words. */
export type ShapeHash = readonly [number, number, number, number];

/** The hash of a text. */
export function textHash(text: string): ShapeHash {
  const bytes = sha256(new TextEncoder().encode(text));
  return [bigEndian32(bytes, 0), bigEndian32(bytes, 4), bigEndian32(bytes, 8), bigEndian32(bytes, 12)];
}

/** 32 lower-case hex digits. */
export function hexOf(hash: ShapeHash): string {
  return hash.map((word) => word.toString(16).padStart(8, "0")).join("");
}

/** An order of hashes. */
export function compareHashes(left: ShapeHash, right: ShapeHash): number {
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2] || left[3] - right[3];
}

/**
 * Mixes words into 128 bits. SHA-256 would do as well, at some microseconds for each span; nobody gains by making two
 * shapes look alike, so it need not withstand anyone.
 *
 * Every word changes all four lanes, and every step can be undone, so that nothing mixed in gets lost.
 */
export class HashMixer {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor([a, b, c, d]: ShapeHash) {
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    this.#d = d | 0;
  }

  /** Mixes one word in. */
  add(word: number): void {
    // Odd factors with their bits spread: of the golden ratio, and of the square roots of 2, 3 and 5.
    const a = rotated(Math.imul(this.#a ^ word, 0x9e3779b1), 15);
    const b = rotated(Math.imul(this.#b ^ a, 0x6a09e667), 13);
    const c = rotated(Math.imul((this.#c + b) | 0, 0xbb67ae85), 17);
    const d = rotated(Math.imul(this.#d ^ c, 0x3c6ef373), 11);
    this.#a = (a + d) | 0;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }

  /** Mixes a hash in. */
  addHash(hash: ShapeHash): void {
    for (const word of hash) this.add(word);
  }

  /** The hash of all that was mixed in; nothing can be added after it. */
  hash(): ShapeHash {
    // What came last has to reach every bit of every lane.
    for (let round = 0; round < 4; round++) this.add(this.#d >>> 16);
    return [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#d >>> 0];
  }
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
