/** Queries without their values, so that like ones are found to be alike. */

/** Longer texts differ early, or do not matter. */
const MAX_CHARACTERS = 2_048;

/**
 * The text of a query with every literal and placeholder as `?`, lists of them as one, without comments, white space
 * single. Names are left as they are, also numbers inside them. One step a character; what is beyond 2,048 characters
 * is left out.
 *
 * @example
 * queryShape("SELECT * FROM t1 WHERE id IN (1, 2, $3) AND name = 'O''Hara'"); // SELECT * FROM t1 WHERE id IN (?) AND name = ?
 */
export function queryShape(text: string): string {
  const scan = new QueryScan(text.slice(0, MAX_CHARACTERS));
  while (!scan.isOver) scan.step();
  return scan.shape;
}

const QUOTE = "'";

class QueryScan {
  readonly #text: string;
  #at = 0;
  #shape = "";
  #isSpaceDue = false;

  constructor(text: string) {
    this.#text = text;
  }

  get isOver(): boolean {
    return this.#at >= this.#text.length;
  }

  get shape(): string {
    return this.#shape;
  }

  /** Reads one word, value, comment, blank or sign. */
  step(): void {
    const character = this.#text[this.#at] as string;
    const pair = this.#text.slice(this.#at, this.#at + 2);
    if (isBlank(character)) this.#skipTo(this.#at + 1);
    else if (pair === "--") this.#skipTo(endOf(this.#text, "\n", this.#at + 2));
    else if (pair === "/*") this.#skipTo(endOf(this.#text, "*/", this.#at + 2));
    else if (character === QUOTE) this.#value(this.#endOfQuoted());
    else if (isWordStart(character)) this.#put(this.#endOfWord(this.#at + 1));
    else if (isDigit(character)) this.#value(this.#endOfNumber());
    else if (this.#isPlaceholder(character, pair)) this.#value(this.#endOfWord(this.#at + 1));
    // A cast, or a variable of the server: both signs belong to the word behind them.
    else if (pair === "::" || pair === "@@") this.#put(this.#at + 2);
    else this.#put(this.#at + 1);
  }

  #isPlaceholder(character: string, pair: string): boolean {
    if (character === "?") return true;
    if (pair === "%s" || pair === "%d") return true;
    const next = pair[1] ?? "";
    if (character === "$") return isDigit(next);
    return (character === ":" || character === "@") && isWordStart(next);
  }

  #skipTo(end: number): void {
    this.#at = end;
    this.#isSpaceDue = true;
  }

  #put(end: number): void {
    const piece = this.#text.slice(this.#at, end);
    // A comma stands where the list it continues ends, so that lists are met in one form.
    if (this.#isSpaceDue && this.#shape !== "" && piece !== ",") this.#shape += " ";
    this.#isSpaceDue = false;
    this.#shape += piece;
    this.#at = end;
  }

  /** A value behind a value and a comma is one more of a list. */
  #value(end: number): void {
    this.#at = end;
    const isListed = this.#shape.endsWith("?,");
    if (isListed) this.#shape = this.#shape.slice(0, -1);
    else this.#shape += this.#isSpaceDue && this.#shape !== "" ? " ?" : "?";
    this.#isSpaceDue = false;
  }

  #endOfQuoted(): number {
    let at = this.#at + 1;
    while (at < this.#text.length) {
      if (this.#text[at] === "\\") at += 2;
      else if (this.#text[at] !== QUOTE) at++;
      else if (this.#text[at + 1] === QUOTE) at += 2;
      else return at + 1;
    }
    return this.#text.length;
  }

  #endOfWord(from: number): number {
    let at = from;
    while (isWordPart(this.#text[at] ?? "")) at++;
    return at;
  }

  /** Digits, what may stand among them (`0xff`, `1.5e10`), and the sign of an exponent. */
  #endOfNumber(): number {
    let at = this.#at + 1;
    for (;;) {
      const character = this.#text[at] ?? "";
      const isExponentSign = (character === "-" || character === "+") && this.#isExponentAt(at - 1);
      if (!isWordPart(character) && character !== "." && !isExponentSign) return at;
      at++;
    }
  }

  #isExponentAt(at: number): boolean {
    const isLetter = this.#text[at] === "e" || this.#text[at] === "E";
    return isLetter && isDigit(this.#text[at + 2] ?? "") && this.#text[this.#at + 1]?.toLowerCase() !== "x";
  }
}

function endOf(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found === -1 ? text.length : found + mark.length;
}

function isBlank(character: string): boolean {
  return character === " " || character === "\n" || character === "\t" || character === "\r";
}

function isDigit(character: string): boolean {
  return character >= "0" && character <= "9";
}

/** Whatever is not ASCII counts as a letter. */
function isWordStart(character: string): boolean {
  const lower = character.toLowerCase();
  return (lower >= "a" && lower <= "z") || character === "_" || character > "\u007f";
}

function isWordPart(character: string): boolean {
  return isDigit(character) || isWordStart(character);
}
