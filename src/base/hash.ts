/** Hashing of ids that senders choose. */

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
