/** A string dictionary looked up by UTF-8 bytes, so that a known word costs no string. */

import { hashOfBytes } from "../base/hash.ts";
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
  /** Other in each process, so that colliding names cannot be prepared. */
  readonly #seed = (Math.random() * 0x1_0000_0000) | 0;
  readonly #texts: string[] = [""];
  /** Open addressing: a word's id, 0 where free (the empty word needs no slot). Length is a power of two. */
  #slots: Int32Array = new Int32Array(512);
  #hashes: Int32Array = new Int32Array(256);
  /** Word w is `#words[#starts[w], #starts[w + 1])`. */
  #starts: Uint32Array = new Uint32Array(257);
  #words: Uint8Array = new Uint8Array(8_192);

  constructor(options: ByteDictionaryOptions = {}) {
    this.#maxWords = options.maxWords ?? MAX_WORDS;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
  }

  get size(): number {
    return this.#texts.length;
  }

  /** True once a fresh dictionary should take over. */
  get isFull(): boolean {
    return this.size >= this.#maxWords || (this.#starts[this.size] as number) >= this.#maxBytes;
  }

  text(id: number): string {
    return this.#texts[id] as string;
  }

  /** The id of the word `bytes[start, end)`; a word never seen gets the next one. */
  idOf(bytes: Uint8Array, start: number, end: number): number {
    if (start === end) return 0;
    const hash = hashOfBytes(bytes, start, end, this.#seed);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let id = this.#slots[slot] as number; id !== 0; id = this.#slots[slot] as number) {
      if (this.#hashes[id] === hash && this.#isWord(id, bytes, start, end)) return id;
      slot = (slot + 1) & mask;
    }
    return this.#add(hash, slot, bytes, start, end);
  }

  #isWord(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const wordStart = this.#starts[id] as number;
    if ((this.#starts[id + 1] as number) - wordStart !== end - start) return false;
    const words = this.#words;
    const shift = wordStart - start;
    for (let index = start; index < end; index++) if (bytes[index] !== words[index + shift]) return false;
    return true;
  }

  #add(hash: number, slot: number, bytes: Uint8Array, start: number, end: number): number {
    const id = this.#texts.length;
    this.#texts.push(textFromUtf8(bytes, start, end));
    if (id + 1 >= this.#starts.length) this.#growTables();
    const wordStart = this.#starts[id] as number;
    const wordEnd = wordStart + (end - start);
    if (wordEnd > this.#words.length) {
      const grown = new Uint8Array(Math.max(wordEnd, this.#words.length * 2));
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words.set(bytes.subarray(start, end), wordStart);
    this.#starts[id + 1] = wordEnd;
    this.#hashes[id] = hash;
    this.#slots[slot] = id;
    if (id * 2 >= this.#slots.length) this.#growSlots();
    return id;
  }

  #growTables(): void {
    const starts = new Uint32Array(this.#starts.length * 2);
    starts.set(this.#starts);
    this.#starts = starts;
    const hashes = new Int32Array(starts.length);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let id = 1; id < this.#texts.length; id++) {
      let slot = (this.#hashes[id] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = id;
    }
    this.#slots = slots;
  }
}
