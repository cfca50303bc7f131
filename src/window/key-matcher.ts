/** Tells wanted attribute keys from others by their bytes, without making a text of any. */

import { utf8FromText } from "../base/utf8.ts";

interface WantedKey {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** A fixed set of keys, found by length first: most others differ there already. */
export class KeyMatcher {
  readonly #byLength: (readonly WantedKey[] | undefined)[] = [];

  constructor(keys: readonly string[]) {
    for (const text of keys) {
      const bytes = utf8FromText(text);
      this.#byLength[bytes.length] = [...(this.#byLength[bytes.length] ?? []), { bytes, text }];
    }
  }

  /** The wanted key that `bytes[start, start + length)` is, or undefined. */
  match(bytes: Uint8Array, start: number, length: number): string | undefined {
    const candidates = this.#byLength[length];
    if (candidates === undefined) return undefined;
    for (const candidate of candidates) if (isSame(candidate.bytes, bytes, start)) return candidate.text;
    return undefined;
  }
}

/** From the end: keys of one family begin alike. */
function isSame(key: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let at = key.length - 1; at >= 0; at--) if (key[at] !== bytes[start + at]) return false;
  return true;
}
