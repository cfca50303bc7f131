/** Counts the spans of a request that are refused, and says why for the first of them. */

import { hexFromBytes } from "../../base/bytes.ts";
import { textFromUtf8 } from "../../base/utf8.ts";
import { fieldPathAt } from "./field-path.ts";

/** Refusals told in full; the rest are only counted, so that the answer stays short. */
const MAX_TOLD = 3;
/** Bytes of a wrong id shown in a message. */
const MAX_SHOWN_BYTES = 40;
const PRINTABLE = /^[\x20-\x7e]+$/;

/** One reason to refuse a span: an id that is not what it must be. */
export interface SpanRefusal {
  /** Byte at which the message with the id begins (its tag): the span, or the link. */
  readonly messageAt: number;
  readonly field: "trace_id" | "span_id" | "parent_span_id";
  /** Bytes the id must have. */
  readonly expectedBytes: number;
  readonly idStart: number;
  readonly idLength: number;
}

/** The refusals of one request. */
export class SpanRefusals {
  readonly #payload: Uint8Array;
  readonly #told: string[] = [];
  #count = 0;

  constructor(payload: Uint8Array) {
    this.#payload = payload;
  }

  /** Spans refused so far. */
  get count(): number {
    return this.#count;
  }

  /** Counts a refused span. */
  add(refusal: SpanRefusal): void {
    this.#count++;
    if (this.#told.length < MAX_TOLD) this.#told.push(this.#tell(refusal));
  }

  /** The first refusals with the rest as a number; "" when there are none. */
  message(): string {
    if (this.#count === 0) return "";
    const more = this.#count - this.#told.length;
    return this.#told.join("; ") + (more > 0 ? `; and ${more} more` : "");
  }

  #tell({ messageAt, field, expectedBytes, idStart, idLength }: SpanRefusal): string {
    const path = `${fieldPathAt(this.#payload, messageAt)}.${field}`;
    const orRoot = field === "parent_span_id" ? " or none" : "";
    if (idLength === expectedBytes)
      return `${path}: expected ${expectedBytes} bytes that are not all zero, got zeros`;
    return `${path}: expected ${expectedBytes} bytes${orRoot}, got ${idLength}${this.#shown(idStart, idLength)}`;
  }

  #shown(start: number, length: number): string {
    if (length === 0) return "";
    const end = start + Math.min(length, MAX_SHOWN_BYTES);
    const dots = length > MAX_SHOWN_BYTES ? "..." : "";
    const text = textFromUtf8(this.#payload, start, end);
    if (!PRINTABLE.test(text)) return ` (hex ${hexFromBytes(this.#payload, start, end)}${dots})`;
    return ` ("${text}"${dots}; in OTLP/JSON an id is written in hex digits, two for each byte)`;
  }
}
