/** Dependency links by shape of trace, kept from seal to seal. */

import type { DependencyLink } from "../../analysis/dependency-links.ts";
import { WordMemo } from "../../base/word-memo.ts";

/** Words of all shapes kept: 16 MiB. */
const MAX_SHAPE_WORDS = 4 * 1024 * 1024;
/** Characters of the texts told apart. Beyond, everything is forgotten with the next seal. */
const MAX_TEXT_LENGTH = 8 * 1024 * 1024;

/** What seals of one thread know together: the links of each shape, and numbers that shapes are written in. */
export class LinkShapes {
  #links: WordMemo<readonly DependencyLink[]> = new WordMemo(MAX_SHAPE_WORDS);
  #numbers: Map<string, number> = new Map();
  #textLength = 0;

  /** The links, for one seal: numbers given in it hold until the next asks. */
  forSeal(): WordMemo<readonly DependencyLink[]> {
    if (this.#textLength > MAX_TEXT_LENGTH) {
      this.#numbers = new Map();
      this.#textLength = 0;
      this.#links = new WordMemo(MAX_SHAPE_WORDS);
    }
    return this.#links;
  }

  /** A number for a text: the same in every seal. */
  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(text, number);
    this.#textLength += text.length;
    return number;
  }
}
