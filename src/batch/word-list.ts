/** Numbers for texts, in the order they are first seen. */

/** Texts by number. */
export class WordList {
  readonly texts: string[] = [];
  readonly #ids = new Map<string, number>();

  /** The number of a text; a text never seen gets the next one. */
  idOf(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.texts.push(text) - 1;
      this.#ids.set(text, id);
    }
    return id;
  }
}
