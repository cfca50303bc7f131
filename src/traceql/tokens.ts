import type { AttributeScope } from "../filter/query-model.ts";
import { durationNanos, unescapeText } from "./literal-text.ts";
import { isBlank, isDigit, isNameUnit, isWordStart, nameEnd, wordEnd } from "./scan.ts";
import { nearestScope } from "./suggestions.ts";
import { excerpt, TraceQlError } from "./traceql-error.ts";
import { MAX_INT, SCOPE_WORDS } from "./words.ts";

/** Operators and brackets, longest first; the last row are habits from other languages, read to be refused well. */
const SYMBOLS: readonly string[] = [
  ..."&>> &<< !>> !<<".split(" "),
  ..."&> &< &~ && || !> !< !~ != =~ >= <= >> <<".split(" "),
  ..."{ } ( ) | , + - * / % ^ = < > ! ~".split(" "),
  ..."=== == => =< &".split(" "),
].sort((left, right) => right.length - left.length);

const SYMBOLS_BY_FIRST: readonly (readonly string[])[] = Array.from({ length: 128 }, (_, code) =>
  SYMBOLS.filter((symbol) => symbol.charCodeAt(0) === code),
);

const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
/** What must not follow a number, unless it makes a duration of it. */
const NUMBER_TAIL = /[\p{L}\p{N}._]*/uy;

/** Resource attributes by how their keys begin, for advice only. */
const RESOURCE_KEY = /^(?:service|k8s|host|deployment|process|telemetry|cloud|container|os|device)\./;

/** A dotted word with the scope that it probably lacks or has misspelt. */
function withScope(head: string, dotted: string): string {
  if (RESOURCE_KEY.test(dotted)) return `resource.${dotted}`;
  const scope = nearestScope(head);
  return scope === undefined ? `span.${dotted}` : scope + dotted.slice(head.length);
}

/** What a token is: a symbol is its own kind. */
export type TokenKind =
  | "end"
  | "word"
  | "attribute"
  | "string"
  | "int"
  | "float"
  | "duration"
  | "other"
  | (string & Record<never, never>);

/**
 * Reads a query token by token. The fields describe the token in front, after a first `next`; nothing is made for each of them. Reading is
 * linear: every character is looked at a bounded number of times.
 */
export class TokenReader {
  readonly text: string;
  kind: TokenKind = "end";
  start = 0;
  end = 0;
  /** Where the token before this one ended. */
  previousEnd = 0;
  /** A word, the value of a string, or the key of an attribute. */
  word = "";
  /** Of an attribute. */
  scope: AttributeScope = "any";
  /** Of an integer, or the nanoseconds of a duration. */
  int = 0n;
  float = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Goes on to the next token. */
  next(): void {
    this.previousEnd = this.end;
    const { text } = this;
    const at = this.#skipBlanks(this.end);
    this.start = at;
    if (at >= text.length) {
      this.kind = "end";
      this.end = at;
      return;
    }
    const code = text.charCodeAt(at);
    if (isWordStart(code)) this.#readWord(at);
    else if (isDigit(code)) this.#readNumber(at);
    else this.#readMark(at, code);
  }

  #readMark(at: number, code: number): void {
    const { text } = this;
    switch (code) {
      case 0x2e: // .
        if (isDigit(text.charCodeAt(at + 1))) this.#readNumber(at);
        else this.#readAttribute("any", at + 1);
        return;
      case 0x22: // "
        this.#readText(at);
        return;
      case 0x60: // `
        this.#readRawText(at);
        return;
      case 0x27: // '
        this.#refuseSingleQuotes(at);
        return;
      default:
        this.#readSymbol(at, code);
    }
  }

  #readSymbol(at: number, code: number): void {
    const symbols = code < 128 ? (SYMBOLS_BY_FIRST[code] as readonly string[]) : [];
    for (const symbol of symbols) {
      if (symbol.length === 1 || this.text.startsWith(symbol, at)) {
        this.kind = symbol;
        this.end = at + symbol.length;
        return;
      }
    }
    this.kind = "other";
    this.end = at + ((this.text.codePointAt(at) as number) > 0xffff ? 2 : 1);
  }

  #skipBlanks(from: number): number {
    const { text } = this;
    let at = from;
    for (;;) {
      while (at < text.length && isBlank(text.charCodeAt(at))) at++;
      if (text.startsWith("//", at)) {
        const line = text.indexOf("\n", at);
        at = line < 0 ? text.length : line + 1;
      } else if (text.startsWith("/*", at)) {
        const close = text.indexOf("*/", at + 2);
        if (close < 0) this.refuse(at, text.length, "`*/` at the end of the comment", undefined, text.length);
        at = close + 2;
      } else return at;
    }
  }

  #readWord(at: number): void {
    const { text } = this;
    let end = wordEnd(text, at);
    const after = text.charCodeAt(end);
    if (after === 0x2e) {
      this.#readScoped(at, end);
      return;
    }
    if (after === 0x3a && isWordStart(text.charCodeAt(end + 1))) end = wordEnd(text, end + 1);
    this.kind = "word";
    this.word = text.slice(at, end);
    this.end = end;
  }

  #readScoped(at: number, dot: number): void {
    const head = this.text.slice(at, dot);
    const scope = SCOPE_WORDS.get(head);
    if (scope !== undefined) {
      this.#readAttribute(scope, dot + 1);
      return;
    }
    const end = nameEnd(this.text, at);
    const dotted = this.text.slice(at, end);
    if (head === "parent") {
      const own = dotted.slice("parent".length);
      this.refuse(
        at,
        end,
        "an attribute of the span itself",
        `attributes of the parent are not supported, write \`{ ${own.length > 1 ? own : ".key"} ... } > { ... }\``,
      );
    }
    this.refuse(at, end, "a scope before an attribute", `did you mean \`${withScope(head, dotted)}\`?`);
  }

  #readAttribute(scope: AttributeScope, from: number): void {
    const { text } = this;
    this.kind = "attribute";
    this.scope = scope;
    let end = from;
    let code = text.charCodeAt(end);
    while (end < text.length && code !== 0x22 && isNameUnit(code)) code = text.charCodeAt(++end);
    if (code === 0x22) this.#readQuotedName(from, end);
    else {
      this.word = text.slice(from, end);
      this.end = end;
    }
    if (this.word === "") {
      this.refuse(
        from,
        Math.max(from, this.end),
        "the key of an attribute",
        'a key with blanks needs quotes: `span."a b"`',
      );
    }
  }

  /** The rest of a key whose first quote stands at `firstQuote`: parts in quotes and parts without follow each other. */
  #readQuotedName(from: number, firstQuote: number): void {
    const { text } = this;
    let key = text.slice(from, firstQuote);
    let at = firstQuote;
    while (at < text.length && isNameUnit(text.charCodeAt(at))) {
      if (text.charCodeAt(at) === 0x22) {
        const close = this.#closingQuote(at, false);
        key += this.#unescapeName(at + 1, close);
        at = close + 1;
      } else {
        const start = at;
        while (at < text.length && text.charCodeAt(at) !== 0x22 && isNameUnit(text.charCodeAt(at))) at++;
        key += text.slice(start, at);
      }
    }
    this.word = key;
    this.end = at;
  }

  #unescapeName(start: number, end: number): string {
    const quoted = this.text.slice(start, end);
    if (!quoted.includes("\\")) return quoted;
    const wrong = /\\[^"\\]/.exec(quoted.replace(/\\["\\]/g, "__"));
    if (wrong !== null) {
      const at = start + wrong.index;
      this.refuse(at, at + 2, '`\\"` or `\\\\` in a quoted key', "write `\\\\` for a backslash");
    }
    return quoted.replace(/\\(["\\])/g, "$1");
  }

  /** Offset of the quote that closes the one at `open`. */
  #closingQuote(open: number, onOneLine: boolean): number {
    const { text } = this;
    let at = open + 1;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 0x22) return at;
      if (code === 0x5c) at++;
      else if (code === 0x0a && onOneLine) break;
    }
    const end = Math.min(at, text.length);
    return this.refuse(open, end, '`"` at the end of the text', 'a `"` is missing', end);
  }

  #readText(at: number): void {
    const close = this.#closingQuote(at, true);
    const quoted = this.text.slice(at + 1, close);
    this.kind = "string";
    this.end = close + 1;
    if (!quoted.includes("\\")) {
      this.word = quoted;
      return;
    }
    const value = unescapeText(quoted);
    if (typeof value === "number") {
      const start = at + 1 + value;
      this.refuse(
        start,
        start + 2,
        "an escape such as `\\n` or `\\\\`",
        "write `\\\\`, or the text in backticks",
      );
    }
    this.word = value;
  }

  #readRawText(at: number): void {
    const close = this.text.indexOf("`", at + 1);
    if (close < 0) {
      const { length } = this.text;
      this.refuse(at, length, "a backtick at the end of the text", "a backtick is missing", length);
    }
    this.kind = "string";
    this.end = close + 1;
    this.word = this.text.slice(at + 1, close).replaceAll("\r", "");
  }

  #refuseSingleQuotes(at: number): never {
    const line = this.text.indexOf("\n", at);
    const lineEnd = line < 0 ? this.text.length : line;
    const close = this.text.indexOf("'", at + 1);
    const end = close < 0 || close > lineEnd ? lineEnd : close + 1;
    const inner = this.text.slice(at + 1, close === end - 1 ? close : end);
    const better = inner.length < 40 ? `write \`"${inner}"\`` : 'write `"`';
    return this.refuse(at, end, "a text in double quotes", better);
  }

  #readNumber(at: number): void {
    const { text } = this;
    NUMBER.lastIndex = at;
    const number = (NUMBER.exec(text) as RegExpExecArray)[0];
    this.end = at + number.length;
    NUMBER_TAIL.lastIndex = this.end;
    const tail = (NUMBER_TAIL.exec(text) as RegExpExecArray)[0];
    if (tail !== "") this.#readDuration(at, this.end + tail.length);
    else if (/^\d+$/.test(number)) this.#readInt(at, number);
    else this.#readFloat(at, number);
  }

  #readInt(at: number, digits: string): void {
    this.kind = "int";
    this.int =
      digits.length < 16 ? BigInt(Number(digits)) : digits.length > 40 ? MAX_INT + 1n : BigInt(digits);
    if (this.int > MAX_INT)
      this.refuse(at, this.end, "a number of 64 bits", `the greatest is ${MAX_INT}, or write it with \`.0\``);
  }

  #readFloat(at: number, digits: string): void {
    this.kind = "float";
    this.float = Number(digits);
    if (!Number.isFinite(this.float)) this.refuse(at, this.end, "a number that a double holds");
  }

  #readDuration(at: number, end: number): void {
    const nanos = durationNanos(this.text.slice(at, end));
    if (nanos === undefined) {
      this.refuse(
        at,
        end,
        "a number or a duration",
        "durations are written `50ms`, `1.5s` or `1h30m`; a text needs quotes",
      );
    }
    this.kind = "duration";
    this.end = end;
    this.int = nanos;
    if (nanos > MAX_INT) this.refuse(at, end, "a duration under 292 years");
  }

  /** Throws: `expected` was not there. `foundAt` is where the missing thing was missed, when not at `start`. */
  refuse(start: number, end: number, expected: string, suggestion?: string, foundAt: number = start): never {
    throw new TraceQlError(this.text, {
      start,
      end,
      expected,
      found: excerpt(this.text, foundAt, end),
      suggestion,
    });
  }
}
