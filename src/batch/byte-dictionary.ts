/** A string dictionary looked up by UTF-8 bytes, so that a known word costs no string. */

import { ByteTable } from "../base/byte-table.ts";
import { textFromUtf8 } from "../base/utf8.ts";
import type { StringDictionary } from "./string-dictionary.ts";

/** Words after which a dictionary counts as full: real systems have some thousand span names. */
const MAX_WORDS = 65_536;
/** Bytes after which a dictionary counts as full: what 65,536 names of 128 bytes take. */
const MAX_BYTES = 8 * 1024 * 1024;

/** Sizes after which {@link ByteDictionary.isFull} is true. */
export interface ByteDictionaryOptions {
  /** Default 65,536. */
  readonly maxWords?: number;
  /** Default 8 MiB. */
  readonly maxBytes?: number;
}

/**
 * Numbers for words given as bytes. Nothing is ever taken out; whoever fills it starts a fresh one once
 * {@link ByteDictionary.isFull}, since batches keep pointing to the one they were made with.
 */
export class ByteDictionary implements StringDictionary {
  readonly #maxWords: number;
  readonly #maxBytes: number;
  readonly #texts: string[] = [""];
  /** A word's number is one less than its id: the empty word is not kept. */
  readonly #words = new ByteTable();

  constructor(options: ByteDictionaryOptions = {}) {
    this.#maxWords = options.maxWords ?? MAX_WORDS;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
  }

  get size(): number {
    return this.#texts.length;
  }

  /** True once a fresh dictionary should take over. */
  get isFull(): boolean {
    return this.size >= this.#maxWords || this.#words.byteCount >= this.#maxBytes;
  }

  text(id: number): string {
    return this.#texts[id] as string;
  }

  /** The id of the word `bytes[start, end)`; a word never seen gets the next one. */
  idOf(bytes: Uint8Array, start: number, end: number): number {
    if (start === end) return 0;
    const known = this.#words.find(bytes, start, end);
    if (known !== -1) return known + 1;
    this.#texts.push(textFromUtf8(bytes, start, end));
    return this.#words.add(bytes, start, end) + 1;
  }
}
