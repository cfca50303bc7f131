/** Many texts as bytes, for another thread: a list of strings would be copied one by one, and hold both up. */

import { textFromUtf8, writeUtf8 } from "../base/utf8.ts";

/** Texts one after another; text t is `bytes[ends[t - 1], ends[t])`. */
export interface PackedTexts {
  /** UTF-8. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly ends: Uint32Array<ArrayBuffer>;
}

/** Packs texts in the order they are added. */
export class TextPacker {
  #bytes = new Uint8Array(4_096);
  #ends = new Uint32Array(256);
  #count = 0;
  #length = 0;

  /** Adds a text and returns its number. */
  add(text: string): number {
    const most = this.#length + text.length * 3;
    if (most > this.#bytes.length) this.#bytes = grown(this.#bytes, new Uint8Array(most * 2));
    if (this.#count === this.#ends.length) this.#ends = grown(this.#ends, new Uint32Array(this.#count * 2));
    this.#length = writeUtf8(text, this.#bytes, this.#length);
    this.#ends[this.#count] = this.#length;
    return this.#count++;
  }

  /** What was added; nothing more may be added then. */
  packed(): PackedTexts {
    return { bytes: this.#bytes.subarray(0, this.#length), ends: this.#ends.subarray(0, this.#count) };
  }
}

/** The texts again. */
export function textsOf({ bytes, ends }: PackedTexts): string[] {
  let start = 0;
  return Array.from(ends, (end) => {
    const text = textFromUtf8(bytes, start, end);
    start = end;
    return text;
  });
}

function grown<T extends Uint8Array | Uint32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
