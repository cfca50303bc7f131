/** Tells wanted attribute keys from others by their bytes, without making a text of any. */

import { utf8FromText } from "../base/utf8.ts";

/** A fixed set of keys, found by length first: most others differ there already. */
export class KeyMatcher {
  readonly #byLength: (readonly Uint8Array[] | undefined)[] = new Array<undefined>(0x80).fill(undefined);

  /** @param keys - shorter than 128 bytes each */
  constructor(keys: readonly string[]) {
    for (const key of keys) {
      const bytes = utf8FromText(key);
      this.#byLength[bytes.length] = [...(this.#byLength[bytes.length] ?? []), bytes];
    }
  }

  /** True when `bytes[start, start + length)` is one of the keys. */
  has(bytes: Uint8Array, start: number, length: number): boolean {
    const candidates = this.#byLength[length];
    if (candidates === undefined) return false;
    for (const candidate of candidates) if (isSame(candidate, bytes, start)) return true;
    return false;
  }
}

/** From the end: keys of one family begin alike. */
function isSame(key: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let at = key.length - 1; at >= 0; at--) if (key[at] !== bytes[start + at]) return false;
  return true;
}
