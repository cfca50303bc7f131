/**
 * A strict JSON reader (RFC 8259) over UTF-8 bytes that hands out numbers as their text, so that 64-bit integers stay
 * exact, and makes no object for what nobody keeps.
 */

import { textFromUtf8 } from "../../base/utf8.ts";
import { JsonFault } from "./json-fault.ts";

/**
 * Objects and arrays inside one another. 100 levels of attribute values, the most that is accepted, take 400 in JSON.
 */
const MAX_JSON_DEPTH = 512;
/** Longest excerpt of the input in a message. */
const MAX_SHOWN_BYTES = 40;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** What a value is, told by its first byte. */
export type JsonKind = "string" | "number" | "boolean" | "null" | "object" | "array";

/** Moves over one document; every method throws {@link JsonFault} when the bytes are not JSON. */
export class JsonCursor {
  readonly bytes: Uint8Array;
  position = 0;
  /** The string last passed by {@link string} without its quotes; {@link hasEscapes} says whether it is verbatim. */
  stringStart = 0;
  stringEnd = 0;
  hasEscapes = false;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.position = 3;
  }

  /** The kind of the value that comes next. */
  kind(): JsonKind {
    switch (this.#next()) {
      case QUOTE:
        return "string";
      case OPEN_BRACE:
        return "object";
      case OPEN_BRACKET:
        return "array";
      case 0x74:
      case 0x66:
        return "boolean";
      case 0x6e:
        return "null";
      default:
        return this.#isNumberStart() ? "number" : this.#unexpected("a value");
    }
  }

  /** Passes `{`; then call {@link nextKey} until it gives undefined. */
  beginObject(): void {
    this.#open(OPEN_BRACE, "an object");
  }

  /** The next key, its value being next to read; undefined once the object is closed. */
  nextKey(isFirst: boolean): string | undefined {
    if (!this.#nextItem(isFirst, CLOSE_BRACE, "}")) return undefined;
    if (this.#next() !== QUOTE) this.#unexpected("a key in quotes");
    const key = this.text();
    if (this.#next() !== COLON) this.#unexpected('":"');
    this.position++;
    return key;
  }

  /** Passes `[`; then call {@link nextElement} until it gives false. */
  beginArray(): void {
    this.#open(OPEN_BRACKET, "an array");
  }

  /** True when another element is next to read; false once the array is closed. */
  nextElement(isFirst: boolean): boolean {
    return this.#nextItem(isFirst, CLOSE_BRACKET, "]");
  }

  /** Passes a string and leaves its place in {@link stringStart} and {@link stringEnd}. */
  string(): void {
    if (this.#next() !== QUOTE) this.#unexpected("a string");
    const { bytes } = this;
    let position = this.position + 1;
    this.stringStart = position;
    this.hasEscapes = false;
    for (;;) {
      const byte = bytes[position];
      if (byte === QUOTE) break;
      if (byte === undefined || byte < 0x20) throw this.#badString(position);
      if (byte === BACKSLASH) {
        this.hasEscapes = true;
        position++;
      }
      position++;
    }
    this.stringEnd = position;
    this.position = position + 1;
  }

  /** Passes a string and decodes it. */
  text(): string {
    this.string();
    const { stringStart, stringEnd } = this;
    const raw = textFromUtf8(this.bytes, stringStart, stringEnd);
    if (!this.hasEscapes) return raw;
    try {
      return JSON.parse(`"${raw}"`) as string;
    } catch {
      throw new JsonFault(stringStart, "expected a string with valid escapes");
    }
  }

  /** Passes a number and returns it as it is written. */
  number(): string {
    this.#next();
    const start = this.position;
    while (isNumberByte(this.bytes[this.position])) this.position++;
    const text = textFromUtf8(this.bytes, start, this.position);
    if (NUMBER.test(text)) return text;
    this.position = start;
    return this.#unexpected("a number");
  }

  /** Passes `true` or `false`. */
  boolean(): boolean {
    const isTrue = this.#next() === 0x74;
    this.#word(isTrue ? "true" : "false");
    return isTrue;
  }

  /** Passes `null` when that comes next; says whether it did. */
  takeNull(): boolean {
    if (this.#next() !== 0x6e) return false;
    this.#word("null");
    return true;
  }

  /** Passes a value of any kind. */
  skipValue(): void {
    switch (this.kind()) {
      case "string":
        this.text();
        return;
      case "number":
        this.number();
        return;
      case "boolean":
        this.boolean();
        return;
      case "null":
        this.#word("null");
        return;
      case "array":
        this.beginArray();
        for (let isFirst = true; this.nextElement(isFirst); isFirst = false) this.skipValue();
        return;
      default:
        this.beginObject();
        for (let isFirst = true; this.nextKey(isFirst) !== undefined; isFirst = false) this.skipValue();
    }
  }

  /** @throws JsonFault unless only white space is left. */
  finish(): void {
    if (this.#next() !== undefined) this.#unexpected("the end of the request");
  }

  /** The fault of a value that is of another kind than it must be. */
  unexpected(expected: string): JsonFault {
    this.#next();
    return new JsonFault(this.position, `expected ${expected}, got ${this.#shown()}`);
  }

  #nextItem(isFirst: boolean, close: number, closeText: string): boolean {
    const byte = this.#next();
    if (byte === close) {
      this.position++;
      this.#depth--;
      return false;
    }
    if (isFirst) return true;
    if (byte !== COMMA) this.#unexpected(`"," or "${closeText}"`);
    this.position++;
    if (this.#next() === close) this.#unexpected(`a value after ","`);
    return true;
  }

  #open(byte: number, expected: string): void {
    if (this.#next() !== byte) this.#unexpected(expected);
    this.#depth++;
    if (this.#depth > MAX_JSON_DEPTH) {
      throw new JsonFault(
        this.position,
        `objects and arrays are nested deeper than ${MAX_JSON_DEPTH} levels`,
      );
    }
    this.position++;
  }

  /** The next byte that is not white space, not passed. */
  #next(): number | undefined {
    const { bytes } = this;
    let byte = bytes[this.position];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++this.position];
    return byte;
  }

  #word(word: string): void {
    const end = this.position + word.length;
    if (textFromUtf8(this.bytes, this.position, Math.min(end, this.bytes.length)) !== word) {
      this.#unexpected("a value");
    }
    this.position = end;
  }

  #isNumberStart(): boolean {
    const byte = this.bytes[this.position];
    return byte !== undefined && (byte === 0x2d || (byte >= 0x30 && byte <= 0x39));
  }

  #badString(position: number): JsonFault {
    return position >= this.bytes.length
      ? new JsonFault(this.position, "expected a closing quote, got the end of the request")
      : new JsonFault(position, "expected control characters in strings to be escaped");
  }

  #unexpected(expected: string): never {
    throw this.unexpected(expected);
  }

  #shown(): string {
    if (this.position >= this.bytes.length) return "the end of the request";
    const end = Math.min(this.position + MAX_SHOWN_BYTES, this.bytes.length);
    const dots = end < this.bytes.length ? "..." : "";
    return JSON.stringify(textFromUtf8(this.bytes, this.position, end) + dots);
  }
}

function isNumberByte(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  // Digits, "+", "-", ".", "e", "E".
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e ||
    (byte | 0x20) === 0x65
  );
}
