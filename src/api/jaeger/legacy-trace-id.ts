/** Trace ids as clients of the legacy API write them. */

import { bytesFromBase64 } from "../../base/base64.ts";
import { hexFromBytes } from "../../base/bytes.ts";
import { badRequest } from "./go-values.ts";

const HEX_DIGITS = 32;
const ID_BYTES: ReadonlySet<number> = new Set([8, 16]);

/**
 * 32 lower-case hex digits of an id written as 1 to 32 hex digits, or as base64 of 8 or 16 bytes in either alphabet,
 * padded or not.
 *
 * @throws TracAggError `invalid_argument`.
 */
export function legacyTraceId(text: string): string {
  if (/^[0-9a-f]{1,32}$/i.test(text)) return text.toLowerCase().padStart(HEX_DIGITS, "0");
  // In a query a bare plus is a blank.
  const bytes = /^[\w+/ -]+={0,2}$/.test(text) ? bytesFromBase64(text.replaceAll(" ", "+")) : undefined;
  if (bytes !== undefined && ID_BYTES.has(bytes.length)) {
    return hexFromBytes(bytes, 0, bytes.length).padStart(HEX_DIGITS, "0");
  }
  if (text.length > HEX_DIGITS) throw badRequest(`TraceID cannot be longer than 32 hex characters: ${text}`);
  throw badRequest(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
}
