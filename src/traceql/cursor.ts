import { MAX_NESTING, MAX_OPERATORS } from "./limits.ts";
import { suggestionFor } from "./suggestions.ts";
import { TokenReader } from "./tokens.ts";

/** A {@link TokenReader} with what all parts of the parser ask of it, and the counters that bound them. */
export class Cursor extends TokenReader {
  #nesting = 0;
  #operators = 0;

  constructor(text: string) {
    super(text);
    this.next();
  }

  /** Whether the token in front is that word. */
  atWord(word: string): boolean {
    return this.kind === "word" && this.word === word;
  }

  /** Goes on when the token in front is of that kind. */
  take(kind: string): boolean {
    if (this.kind !== kind) return false;
    this.next();
    return true;
  }

  /** Goes on, or throws when the token in front is of another kind. */
  expect(kind: string, expected = `\`${kind}\``): void {
    if (!this.take(kind)) this.fail(expected);
  }

  /** Throws: the token in front is not what was expected; `candidates` are words that would have been. */
  fail(expected: string, candidates?: Iterable<string>, suggestion?: string): never {
    const token = this.kind === "word" ? this.word : this.text.slice(this.start, this.end);
    return this.refuse(this.start, this.end, expected, suggestion ?? suggestionFor(token, candidates));
  }

  /** Throws about a part that was read already. */
  failAt(range: { start: number; end: number }, expected: string, suggestion?: string): never {
    return this.refuse(range.start, range.end, expected, suggestion);
  }

  /** Counts the operator in front. */
  countOperator(): void {
    this.#operators++;
    if (this.#operators > MAX_OPERATORS) this.fail(`at most ${MAX_OPERATORS} operators in a query`);
  }

  /** Goes a level deeper; {@link leave} comes back. */
  enter(): void {
    this.#nesting++;
    if (this.#nesting > MAX_NESTING) this.fail(`at most ${MAX_NESTING} levels of nesting`);
  }

  /** Comes back from a level. */
  leave(): void {
    this.#nesting--;
  }
}
