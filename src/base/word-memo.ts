/** Answers worked out once for everything that is described by the same words. */

import { hashOfWords } from "./hash.ts";

interface Known<Value> {
  readonly words: Uint32Array;
  readonly value: Value;
}

/**
 * Describe something word by word, then ask whether an answer is known for exactly these words, or say one. When the
 * words kept reach their bound all are forgotten: what is described changes over time.
 *
 * @example
 * memo.begin();
 * for (const word of description) memo.push(word);
 * const answer = memo.find() ?? memo.keep(workOut());
 */
export class WordMemo<Value extends object> {
  readonly #maxWords: number;
  readonly #known: Map<number, Known<Value>[]> = new Map();
  #words: Uint32Array = new Uint32Array(256);
  #length = 0;
  #keptWords = 0;

  /** @param maxWords - words of all descriptions kept, four bytes each */
  constructor(maxWords: number) {
    this.#maxWords = maxWords;
  }

  /** Starts a description. */
  begin(): void {
    this.#length = 0;
  }

  /** Adds a word to it: a whole number below 2^32. */
  push(word: number): void {
    if (this.#length === this.#words.length) {
      const grown = new Uint32Array(this.#words.length * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[this.#length++] = word;
  }

  /** The answer for what is described, if there is one. */
  find(): Value | undefined {
    return this.#known.get(this.#hash())?.find(({ words }) => this.#isSame(words))?.value;
  }

  /** Keeps an answer for what is described, and gives it back. */
  keep(value: Value): Value {
    if (this.#keptWords + this.#length > this.#maxWords) {
      this.#known.clear();
      this.#keptWords = 0;
    }
    this.#keptWords += this.#length;
    const fresh = { words: this.#words.slice(0, this.#length), value };
    const hash = this.#hash();
    const sameHash = this.#known.get(hash);
    if (sameHash === undefined) this.#known.set(hash, [fresh]);
    else sameHash.push(fresh);
    return value;
  }

  #hash(): number {
    return hashOfWords(this.#words, 0, this.#length, this.#length);
  }

  #isSame(words: Uint32Array): boolean {
    if (words.length !== this.#length) return false;
    for (let index = 0; index < words.length; index++) if (words[index] !== this.#words[index]) return false;
    return true;
  }
}
