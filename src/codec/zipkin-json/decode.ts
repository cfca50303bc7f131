/** Lists of Zipkin's JSON, v1 and v2, from bytes or parsed: what they hold, or why they are refused. */

import { TracAggError } from "../../base/errors.ts";
import { textFromUtf8 } from "../../base/utf8.ts";
import { makeSpan } from "../../model/make-span.ts";
import type { Span } from "../../model/span.ts";
import { listIn, readingFault } from "./read-fault.ts";
import { readingsFromV1Json } from "./read-v1.ts";
import { readingsFromV2 } from "./read-v2.ts";
import { ZipkinSpanMapping } from "./span-from-reading.ts";
import type { ZipkinReading } from "./zipkin-model.ts";

/** The two forms of Zipkin's JSON, as Zipkin calls them. */
export type ZipkinJsonForm = "JSON_V1" | "JSON_V2";

/** Names of members that only the other form has. */
const MARKS_OF_V1 = ['yAnnotations"'];
const MARKS_OF_V2 = ['Endpoint"', '"tags"'];

/**
 * Spans of a Zipkin v2 list, or of a list of such lists (a search answer).
 *
 * Ids may have 1 to 16 (32 for traces) lower-case hex digits and are padded on the left. A server span that shares its
 * client's id keeps it, and the attribute `zipkin.shared`: `spansForOtlp` tells the two apart where they leave as OTLP.
 *
 * @throws TracAggError `invalid_argument` with Zipkin's message; then no span is taken, as in Zipkin.
 */
export function spansFromZipkinJson(value: unknown): Span[] {
  const list = listIn(value, []);
  const items = list.every((item) => Array.isArray(item)) ? list.flat() : list;
  const mapping = new ZipkinSpanMapping();
  return readingsFromV2(items).map((reading) => makeSpan(mapping.partsOf(reading)));
}

/**
 * Spans of the body of a request. An empty body and an empty list hold none.
 *
 * @throws TracAggError `invalid_argument` with Zipkin's message
 */
export function readingsFromJsonBytes(bytes: Uint8Array, form: ZipkinJsonForm): ZipkinReading[] {
  if (bytes.length === 0) return [];
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes[0] !== "[".charCodeAt(0) && !/^\s*\[/.test(buffer.toString("latin1", 0, 64))) {
    throw new TracAggError("invalid_argument", `Expected a ${form} encoded list`);
  }
  assertForm(buffer, form);
  const list = listIn(parsed(bytes), []);
  return form === "JSON_V2" ? readingsFromV2(list) : readingsFromV1Json(list);
}

function assertForm(buffer: Buffer, form: ZipkinJsonForm): void {
  const other = form === "JSON_V2" ? "JSON_V1" : "JSON_V2";
  const marks = form === "JSON_V2" ? MARKS_OF_V1 : MARKS_OF_V2;
  if (!marks.some((mark) => buffer.includes(mark))) return;
  throw new TracAggError("invalid_argument", `Expected a ${form} encoded list, but received: ${other}`);
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textFromUtf8(bytes));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw readingFault("Malformed");
    throw cause;
  }
}
