/** JSON text laid out for people while it is written. */

const INDENT = "    ";

/** What `JSON.stringify(value, null, 4)` gives, of the pieces of `JSON.stringify(value)`. */
export function* indentedJson(chunks: Iterable<string>): Generator<string, void> {
  const layout = new JsonLayout();
  for (const chunk of chunks) yield layout.add(chunk);
}

/** Breaks lines; knows where it stands between pieces. */
class JsonLayout {
  #depth = 0;
  #isInText = false;
  #isEscaped = false;
  /** True right behind a bracket: whether its list is empty is told by what follows. */
  #isOpened = false;

  add(chunk: string): string {
    let text = "";
    for (const character of chunk)
      text += this.#isInText ? this.#inText(character) : this.#outside(character);
    return text;
  }

  #inText(character: string): string {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (character === "\\") this.#isEscaped = true;
    else if (character === '"') this.#isInText = false;
    return character;
  }

  #outside(character: string): string {
    if (character === "}" || character === "]") return this.#close(character);
    const start = this.#isOpened ? this.#line() : "";
    this.#isOpened = false;
    switch (character) {
      case "{":
      case "[":
        this.#depth++;
        this.#isOpened = true;
        return start + character;
      case ",":
        return character + this.#line();
      case ":":
        return ": ";
      case '"':
        this.#isInText = true;
        return start + character;
      default:
        return start + character;
    }
  }

  #close(bracket: string): string {
    this.#depth--;
    const isEmpty = this.#isOpened;
    this.#isOpened = false;
    return isEmpty ? bracket : this.#line() + bracket;
  }

  #line(): string {
    return `\n${INDENT.repeat(this.#depth)}`;
  }
}
