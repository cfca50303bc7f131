/**
 * Attribute values as JSON and as text, for formats with fewer types than OTLP.
 * Rules: opentelemetry-specification, "Mapping to non-OTLP formats" and the common attribute text form.
 */

import { base64FromBytes } from "../base/base64.ts";
import type { AttributeMap, Attributes, AttributeValue } from "../model/attribute-value.ts";

/** What `JSON.stringify` takes. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/**
 * A value as plain JSON: 64-bit integers beyond 2^53 - 1 become decimal strings, NaN and the infinities their words,
 * bytes base64, the empty value null.
 */
export function jsonFromAttribute(value: AttributeValue): JsonValue {
  switch (typeof value) {
    case "bigint":
      return isSafeInteger(value) ? Number(value) : value.toString();
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "object":
      if (value === null) return null;
      if (value instanceof Uint8Array) return base64FromBytes(value);
      if (Array.isArray(value)) return value.map((item: AttributeValue) => jsonFromAttribute(item));
      return jsonFromAttributes(value as AttributeMap);
    default:
      return value;
  }
}

/** All attributes as one JSON object, keys in their order. */
export function jsonFromAttributes(attributes: Attributes): { readonly [key: string]: JsonValue } {
  const entries = Object.entries(attributes).map(([key, value]) => [key, jsonFromAttribute(value)] as const);
  return Object.fromEntries(entries);
}

/** A value as text: strings as they are, everything else as JSON without the outer quotes. */
export function textFromAttribute(value: AttributeValue): string {
  const json = jsonFromAttribute(value);
  if (json === null) return "";
  return typeof json === "string" ? json : JSON.stringify(json);
}

/** True when a 64-bit integer is exact as a JavaScript number. */
export function isSafeInteger(value: bigint): boolean {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
}
