/** Attribute values as plain JSON. */

import { base64FromBytes } from "../base/base64.ts";
import type { AttributeMap, Attributes, AttributeValue } from "./attribute-value.ts";

/** What `JSON.stringify` takes. */
export type PlainJson =
  | string
  | number
  | boolean
  | null
  | readonly PlainJson[]
  | { readonly [key: string]: PlainJson };

/**
 * A value as plain JSON: 64-bit integers beyond 2^53 - 1 are decimal strings, NaN and the infinities their words, bytes
 * base64, the empty value null.
 */
export function plainJsonFromAttribute(value: AttributeValue): PlainJson {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return base64FromBytes(value);
  if (Array.isArray(value)) return value.map((item: AttributeValue) => plainJsonFromAttribute(item));
  return plainJsonFromAttributes(value as AttributeMap);
}

/** All attributes as one JSON object, keys in their order. */
export function plainJsonFromAttributes(attributes: Attributes): { readonly [key: string]: PlainJson } {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [key, plainJsonFromAttribute(value)]),
  );
}
