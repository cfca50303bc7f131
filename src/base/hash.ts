/** Hashing of what senders choose: ids, names, resources. */

import { wordAt } from "./protobuf-reader.ts";

/**
 * MurmurHash3 (32 bit) over `words[at, at + count)`. With a seed of the process's own, whoever chooses the words cannot
 * choose collisions.
 */
export function hashOfWords(words: Uint32Array, at: number, count: number, seed: number): number {
  let hash = seed;
  for (let word = 0; word < count; word++) {
    let mixed = Math.imul(words[at + word] as number, 0xcc9e2d51);
    mixed = (mixed << 15) | (mixed >>> 17);
    hash ^= Math.imul(mixed, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * FNV-1a over `bytes[start, end)`, four at a time: one byte at a time, each would wait for the product before it. A seed
 * of the process's own keeps colliding bytes from being prepared.
 */
export function hashOfBytes(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed ^ (end - start);
  let index = start;
  for (; index + 4 <= end; index += 4) {
    hash = Math.imul(hash ^ wordAt(bytes, index), 0x0100_0193);
    // A product carries upwards only: without this the low bits would know nothing of the high ones.
    hash ^= hash >>> 15;
  }
  for (; index < end; index++) hash = Math.imul(hash ^ (bytes[index] as number), 0x0100_0193);
  return hash ^ (hash >>> 15);
}
