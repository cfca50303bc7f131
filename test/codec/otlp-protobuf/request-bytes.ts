/** Hand-made requests, byte by byte, for what no encoder writes. */

import { bytesFromHex } from "../../../src/base/bytes.ts";
import { utf8FromText } from "../../../src/base/utf8.ts";

export const TRACE_ID = "0102030405060708090a0b0c0d0e0f10";
export const SPAN_ID = "1112131415161718";

/** Bytes put end to end; numbers are single bytes, texts are UTF-8. */
export function concat(...parts: readonly (number | string | Uint8Array)[]): Uint8Array {
  const bytes = parts.flatMap((part) => {
    if (typeof part === "number") return [part];
    return [...(typeof part === "string" ? utf8FromText(part) : part)];
  });
  return Uint8Array.from(bytes);
}

/** A varint. */
export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(rest)]);
}

/** A tag. */
export function tag(field: number, wireType: number): Uint8Array {
  return varint((BigInt(field) << 3n) | BigInt(wireType));
}

/** A length-delimited field. */
export function field(number: number, ...parts: readonly (number | string | Uint8Array)[]): Uint8Array {
  const body = concat(...parts);
  return concat(tag(number, 2), varint(body.length), body);
}

/** Bytes of hex. */
export function hex(text: string): Uint8Array {
  return bytesFromHex(text) as Uint8Array;
}

/** Trace id and span id of a span. */
export const IDS: Uint8Array = concat(field(1, hex(TRACE_ID)), field(2, hex(SPAN_ID)));

/** A request of one span with good ids and these further fields. */
export function requestOfSpan(...fields: readonly Uint8Array[]): Uint8Array {
  return field(1, field(2, field(2, IDS, ...fields)));
}

/** An attribute of a span. */
export function attribute(key: string, ...value: readonly (number | string | Uint8Array)[]): Uint8Array {
  return field(9, field(1, key), field(2, ...value));
}
