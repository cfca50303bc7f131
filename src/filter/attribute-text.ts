/** What it means that an attribute value equals a text somebody typed. */

import { base64FromBytes } from "../base/base64.ts";
import type { AttributeValue } from "../model/attribute-value.ts";

const INTEGER = /^[+-]?\d{1,40}$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const SPECIAL_DOUBLES: Readonly<Record<string, number>> = Object.freeze({
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
});

/** A text as somebody typed it, with the numbers it reads as; made once per query. */
export interface TypedText {
  readonly text: string;
  /** The number as a 64-bit integer attribute would hold it; undefined when it is not a whole number. */
  readonly integer: bigint | undefined;
  /** The number as a double attribute would hold it; undefined when the text is no number. */
  readonly double: number | undefined;
}

/** Reads a text as the numbers it may stand for: `42`, `-1.5`, `1e3`, `NaN`, `Infinity`, `-Infinity`. */
export function typedText(text: string): TypedText {
  if (INTEGER.test(text)) {
    return { text, integer: BigInt(text.replace("+", "")), double: Number(text) };
  }
  if (Object.hasOwn(SPECIAL_DOUBLES, text)) {
    return { text, integer: undefined, double: SPECIAL_DOUBLES[text] };
  }
  if (!DECIMAL.test(text)) return { text, integer: undefined, double: undefined };
  const double = Number(text);
  return { text, integer: Number.isSafeInteger(double) ? BigInt(double) : undefined, double };
}

/**
 * True when an attribute value equals a text.
 *
 * | value | equal when |
 * |---|---|
 * | string | the same text (`"42.0"` does not equal `42`) |
 * | boolean | the text is `true` or `false` |
 * | integer | the text reads as the same whole number, exact over all 64 bits (`42`, `42.0`, `4.2e1`) |
 * | double | the text reads as the same double; `NaN`, `Infinity` and `-Infinity` too |
 * | bytes | the text is their base64 (RFC 4648 section 4, with padding) |
 * | array | any element equals the text |
 * | map, empty value | never |
 */
export function matchesAttributeText(value: AttributeValue, wanted: TypedText): boolean {
  switch (typeof value) {
    case "string":
      return value === wanted.text;
    case "boolean":
      return wanted.text === (value ? "true" : "false");
    case "bigint":
      return value === wanted.integer;
    case "number":
      return value === wanted.double || (Number.isNaN(value) && Number.isNaN(wanted.double));
    default:
      break;
  }
  if (value instanceof Uint8Array) return isBase64Of(wanted.text, value);
  return Array.isArray(value) && value.some((element) => matchesAttributeText(element, wanted));
}

function isBase64Of(text: string, bytes: Uint8Array): boolean {
  return text.length === Math.ceil(bytes.length / 3) * 4 && text === base64FromBytes(bytes);
}
